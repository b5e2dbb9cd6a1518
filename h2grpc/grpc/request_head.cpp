#include "h2grpc/grpc/request_head.hpp"

#include <charconv>

#include "h2grpc/grpc/deadline.hpp"
#include "h2grpc/grpc/status.hpp"

namespace peelbox::h2grpc {

namespace {

rejected_request reject(std::string_view http_status, code c, std::string reason) {
  rejected_request r;
  r.response.push_back({":status", std::string(http_status)});
  r.response.push_back({"content-type", "application/grpc"});
  append_status(make_status(c, reason), r.response);
  r.reason = std::move(reason);
  return r;
}

}  // namespace

bool is_grpc_content_type(std::string_view value) noexcept {
  static constexpr std::string_view base = "application/grpc";
  if (!value.starts_with(base)) return false;
  value.remove_prefix(base.size());
  return value.empty() || value.front() == '+' || value.front() == ';';
}

h2::header_list make_request(const request_head& head) {
  h2::header_list headers;
  headers.reserve(8 + head.custom.entries().size());
  headers.push_back({":method", "POST"});
  headers.push_back({":scheme", head.scheme});
  headers.push_back({":path", head.path});
  headers.push_back({":authority", head.authority});
  headers.push_back({"content-type", "application/grpc"});
  headers.push_back({"user-agent", "peelbox"});
  headers.push_back({"te", "trailers"});
  if (head.timeout) headers.push_back({"grpc-timeout", encode_timeout(*head.timeout)});
  append_metadata(head.custom, headers);
  return headers;
}

std::variant<request_head, rejected_request> parse_request(const h2::header_list& headers) {
  request_head head;
  std::string_view method, content_type;
  std::optional<std::string_view> timeout;
  for (const auto& [name, value] : headers) {
    if (name == ":method") method = value;
    else if (name == ":path") head.path = value;
    else if (name == ":authority") head.authority = value;
    else if (name == ":scheme") head.scheme = value;
    else if (name == "content-type") content_type = value;
    else if (name == "grpc-timeout") timeout = value;
  }
  if (method != "POST") return reject("405", code::internal, "the method is " + std::string(method) + ", not POST");
  if (!is_grpc_content_type(content_type))
    return reject("415", code::internal, "the content-type \"" + std::string(content_type) + "\" is not application/grpc");
  if (head.path.size() < 4 || head.path.front() != '/' || head.path.find('/', 1) == std::string::npos)
    return reject("200", code::unimplemented, "malformed method name: \"" + head.path + "\"");
  if (timeout) {
    head.timeout = decode_timeout(*timeout);
    if (!head.timeout)
      return reject("200", code::internal, "malformed grpc-timeout: \"" + std::string(*timeout) + "\"");
  }
  head.custom = parse_metadata(headers);
  return head;
}

h2::header_list make_response(const metadata& custom) {
  h2::header_list headers{{":status", "200"}, {"content-type", "application/grpc"}};
  append_metadata(custom, headers);
  return headers;
}

h2::header_list make_trailers_only(const grpc_status& status, const metadata& custom) {
  h2::header_list headers{{":status", "200"}, {"content-type", "application/grpc"}};
  append_status(status, headers);
  append_metadata(custom, headers);
  return headers;
}

h2::header_list make_trailers(const grpc_status& status, const metadata& custom) {
  h2::header_list headers;
  append_status(status, headers);
  append_metadata(custom, headers);
  return headers;
}

std::optional<grpc_status> check_response(const h2::header_list& headers) {
  const std::string* status = h2::find(headers, ":status");
  int number = 0;
  if (status) std::from_chars(status->data(), status->data() + status->size(), number);
  const std::string* type = h2::find(headers, "content-type");
  if (number == 200 && type && is_grpc_content_type(*type)) return std::nullopt;
  if (number != 200)
    return make_status(code_of_http_status(number),
                       "the peer answered with HTTP status " + std::to_string(number) + " instead of a gRPC response");
  return make_status(code::unknown, type ? "the peer's content-type \"" + *type + "\" is not gRPC: is it a BuildKit daemon?"
                                         : "the peer's response has no content-type: is it a BuildKit daemon?");
}

}  // namespace peelbox::h2grpc
