// The texts in a peer's headers: no crash, and we can read what we write.
#include "engine/async/percent.hpp"
#include "h2grpc/grpc/status.hpp"

#include "fuzz/h2_input.hpp"
#include "engine/async/base64.hpp"
#include "h2grpc/grpc/deadline.hpp"
#include "h2grpc/grpc/request_head.hpp"

using namespace peelbox;
using namespace peelbox::h2grpc;

namespace {

bool same(const grpc_status& a, const grpc_status& b) {
  if (a.code != b.code || a.message != b.message || a.details.size() != b.details.size()) return false;
  for (std::size_t i = 0; i < a.details.size(); ++i)
    if (a.details[i].type_url != b.details[i].type_url || a.details[i].value != b.details[i].value) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  require(percent_decoded(percent_encode(text)) == text);
  require(percent_decoded(text).size() <= text.size());
  require(decode_base64(base64_without_padding(text)) == text);
  (void)decode_base64(text);
  if (const auto timeout = decode_timeout(text)) require(decode_timeout(encode_timeout(*timeout)) >= *timeout);

  if (const auto status = decode_status_proto(text)) {
    const auto again = decode_status_proto(encode_status_proto(*status));
    require(again && same(*status, *again));
  }
  for (const char* name : {"grpc-status", "grpc-message", "grpc-status-details-bin", ":path", "content-type", ":status",
                           "grpc-timeout", "x-bin"}) {
    h2::header_list headers{{":method", "POST"}, {"grpc-status", "5"}, {name, text}};
    if (std::string_view(name) == "grpc-status") headers.erase(headers.begin() + 1);
    (void)parse_status(headers);
    (void)parse_request(headers);
    (void)check_response(headers);
    const metadata custom = parse_metadata(headers);
    h2::header_list wire;
    append_metadata(custom, wire);
    for (const auto& h : wire)
      for (const char c : h.value) require(c >= 0x20 && c <= 0x7e);
  }
  return 0;
}
