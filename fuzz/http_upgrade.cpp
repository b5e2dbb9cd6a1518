// Any bytes as an engine's answer to an upgrade, in two pieces: no crash; the cut does not change the result, and
// everything after a 101 is kept.
#include "transport/http_upgrade.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::transport;

namespace {

struct outcome {
  bool upgraded = false;
  errc code = errc::internal;
  std::string leftover;
  bool operator==(const outcome&) const = default;
};

outcome run(std::string_view first, std::string_view second) {
  upgrade_request request;
  request.target = "/session";
  http_upgrade machine(request);
  outcome o;
  for (const std::string_view part : {first, second}) {
    if (o.upgraded) {
      o.leftover += part;
      continue;
    }
    const auto done = machine.feed(as_bytes(part));
    if (done.has_error()) {
      require(!done.error().text.empty() && done.error().text.size() < 3000);
      o.code = done.error().code;
      return o;
    }
    if (*done) {
      o.upgraded = true;
      o.leftover = machine.take_leftover();
    }
  }
  if (!o.upgraded) o.code = machine.end().code;
  return o;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  const outcome whole = run(text, "");
  const outcome parts = run(std::string_view(text).substr(0, cut), std::string_view(text).substr(cut));
  require(whole.upgraded == parts.upgraded);
  require(whole.leftover == parts.leftover);
  if (whole.upgraded) require(text.ends_with(whole.leftover));
  return 0;
}
