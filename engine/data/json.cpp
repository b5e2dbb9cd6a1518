#include "engine/data/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/stream_parser.hpp>
#include <boost/json/serialize.hpp>

namespace peelbox::data {

result<json::value> parse_json(std::string_view text, std::string_view what, json_limits most) {
  if (text.size() > most.bytes)
    return failure(errc::limit, fmt::format("{}: {} bytes, the limit is {}", what, text.size(), most.bytes), origin::peer);
  json::parse_options options;
  options.max_depth = most.depth;
  json::stream_parser parser({}, options);
  json::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && text.find_first_not_of(" \t\r\n", read) != text.npos) error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
    return failure(errc::protocol, fmt::format("{}: not valid JSON: {} (line {})", what, error.message(), line),
                   origin::peer);
  }
  return parser.release();
}

const json::value* member(const json::value& from, std::string_view name) noexcept {
  const json::object* object = from.if_object();
  if (object == nullptr) return nullptr;
  const json::value* found = object->if_contains(json::string_view(name.data(), name.size()));
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string_view text_of(const json::value& from, std::string_view name) noexcept {
  const json::value* found = member(from, name);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::string to_text(const json::value& tree) { return json::serialize(tree); }

std::string in_quotes(std::string_view text) { return json::serialize(json::string_view(text.data(), text.size())); }

}  // namespace peelbox::data
