#include "cli/csv_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/async/ascii.hpp"

namespace peelbox::cli {

result<std::vector<std::string>> split_csv(std::string_view text) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  for (;;) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      ++at;
      for (;; ++at) {
        if (at == text.size())
          return failure(errc::usage, fmt::format("'{}': a quote is not closed", text), origin::user);
        if (text[at] != '"') {
          field += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field += '"';
          ++at;
        } else {
          ++at;
          break;
        }
      }
      if (at < text.size() && text[at] != ',')
        return failure(errc::usage, fmt::format("'{}': text after a closing quote", text), origin::user);
    } else {
      const std::size_t end = std::min(text.find(',', at), text.size());
      field = text.substr(at, end - at);
      if (field.find('"') != std::string::npos)
        return failure(errc::usage, fmt::format("'{}': put quotes around the whole field, as in \"dest=a,b\"", text),
                       origin::user);
      at = end;
    }
    fields.push_back(std::move(field));
    if (at == text.size()) return fields;
    ++at;
  }
}

result<std::map<std::string, std::string>> parse_fields(std::string_view text) {
  result<std::vector<std::string>> fields = split_csv(text);
  if (fields.has_error()) return fields.error();
  std::map<std::string, std::string> pairs;
  for (const std::string& field : *fields) {
    const auto equals = field.find('=');
    if (equals == std::string::npos || equals == 0)
      return failure(errc::usage, fmt::format("'{}': expected key=value, found '{}'", text, field), origin::user);
    // As in buildx, spaces around a key do not count.
    const std::size_t first = std::min(field.find_first_not_of(' '), equals);
    std::string key = field.substr(first, equals - first);
    key.resize(key.find_last_not_of(' ') + 1);
    if (key.empty()) return failure(errc::usage, fmt::format("'{}': expected key=value, found '{}'", text, field), origin::user);
    std::transform(key.begin(), key.end(), key.begin(), to_lower);
    if (!pairs.emplace(key, field.substr(equals + 1)).second)
      return failure(errc::usage, fmt::format("'{}': {} is given twice", text, key), origin::user);
  }
  return pairs;
}

}  // namespace peelbox::cli
