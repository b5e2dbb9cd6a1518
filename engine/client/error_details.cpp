#include "engine/client/error_details.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

#include "engine/async/base64.hpp"

namespace peelbox::client {
namespace {

namespace json = boost::json;

constexpr std::size_t most_details = 64;
constexpr std::size_t most_detail_bytes = 4 * 1024 * 1024;
constexpr std::size_t most_sources = 3;
constexpr std::size_t most_ranges = 16;
constexpr std::size_t most_denials = 8;

const json::value* member(const json::value& of, std::string_view key) {
  const json::object* const object = of.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string text_of(const json::value& of, std::string_view key) {
  const json::value* const found = member(of, key);
  const json::string* const text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::optional<std::int64_t> number_of(const json::value& of, std::string_view key) {
  const json::value* const found = member(of, key);
  if (found == nullptr) return std::nullopt;
  if (found->is_int64()) return found->get_int64();
  if (found->is_uint64()) return static_cast<std::int64_t>(std::min<std::uint64_t>(found->get_uint64(), INT64_MAX));
  return std::nullopt;
}

const json::array* list_of(const json::value& of, std::string_view key) {
  const json::value* const found = member(of, key);
  return found == nullptr ? nullptr : found->if_array();
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::int64_t line_of(const json::value& range, std::string_view end) {
  const json::value* const position = member(range, end);
  return position == nullptr ? 0 : number_of(*position, "line").value_or(0);
}

void read_source(const json::value& detail, error_details& into) {
  const json::value* const info = member(detail, "info");
  if (info == nullptr || into.sources.size() == most_sources) return;
  error_source source;
  source.filename = text_of(*info, "filename");
  source.lines = split_lines(decode_base64(text_of(*info, "data")).value_or(""));
  if (const json::array* const ranges = list_of(detail, "ranges")) {
    for (const json::value& range : *ranges) {
      if (source.ranges.size() == most_ranges) break;
      const std::int64_t first = line_of(range, "start");
      const std::int64_t last = std::max(first, line_of(range, "end"));
      if (first >= 1) source.ranges.push_back({first, last});
    }
  }
  if (!source.ranges.empty()) into.sources.push_back(std::move(source));
}

void read_denials(const json::value& detail, error_details& into) {
  const json::array* list = list_of(detail, "denyMessages");
  if (list == nullptr) list = list_of(detail, "deny_messages");
  if (list == nullptr) return;
  for (const json::value& entry : *list) {
    std::string message = text_of(entry, "message");
    if (!message.empty() && into.denials.size() < most_denials) into.denials.push_back(std::move(message));
  }
}

}  // namespace

error_details read_error_details(const grpc_status& status) {
  error_details out;
  std::size_t seen = 0;
  for (const status_detail& detail : status.details) {
    if (++seen > most_details) break;
    if (detail.value.size() > most_detail_bytes) continue;
    const std::string_view name = std::string_view(detail.type_url).substr(detail.type_url.rfind('/') + 1);
    const bool wanted = name == "errdefs.Vertex+json" || name == "errdefs.Source+json" || name == "errdefs.Solve+json" ||
                        name == "gatewayapi.ExitMessage+json" || name == "policysession.DecisionResponse+json";
    if (!wanted) continue;
    boost::system::error_code bad;
    const json::value value = json::parse(json::string_view(detail.value.data(), detail.value.size()), bad);
    if (bad) continue;
    if (name == "errdefs.Vertex+json") {
      std::string digest = text_of(value, "digest");
      if (!digest.empty()) out.vertices.push_back(std::move(digest));
    } else if (name == "errdefs.Source+json") {
      read_source(value, out);
    } else if (name == "errdefs.Solve+json") {
      if (out.description.empty()) out.description = text_of(value, "description");
    } else if (name == "gatewayapi.ExitMessage+json") {
      if (!out.exit_code) out.exit_code = number_of(value, "Code");
    } else {
      read_denials(value, out);
    }
  }
  return out;
}

}  // namespace peelbox::client
