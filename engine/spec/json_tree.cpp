#include "engine/spec/json_tree.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "engine/spec/json_syntax.hpp"

namespace peelbox::spec {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

constexpr std::string_view utf8_mark = "\xef\xbb\xbf";

/// What the parser calls the problem, in words for the author of the file.
std::string_view explain(simdjson::error_code code) {
  switch (code) {
    case simdjson::EMPTY:
      return "the file is empty";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed, or has a line break or control character in it";
    case simdjson::STRING_ERROR:
      return "a string has an escape sequence that JSON does not know";
    case simdjson::UNESCAPED_CHARS:
      return "a string has a control character in it; write it as \\u00XX";
    case simdjson::NUMBER_ERROR:
      return "not a number, or one that is too large";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "expected true, false or null";
    case simdjson::TRAILING_CONTENT:
      return "there is more text after the end of the JSON value";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "an array or object is not closed";
    default:
      return "not valid JSON: a comma, colon, quote or bracket is missing or misplaced";
  }
}

/// Builds the tree with simdjson's On-Demand front end, which knows positions. It does not check what it skips, so
/// the strict DOM parser decides whether the text is JSON.
class tree_builder {
 public:
  tree_builder(const char* base, const json_limits& limits) : base_(base), limits_(limits) {}

  simdjson::error_code build(ondemand::value from, std::size_t depth, json_value& out) {
    if (depth > limits_.depth) return simdjson::DEPTH_ERROR;
    if (++count_ > limits_.values) return simdjson::CAPACITY;
    std::string_view token = from.raw_json_token();
    out.offset = where_ = static_cast<std::size_t>(token.data() - base_);
    ondemand::json_type type;
    if (const auto error = from.type().get(type)) return error;
    switch (type) {
      case ondemand::json_type::object:
        return object(from, depth, out);
      case ondemand::json_type::array:
        return array(from, depth, out);
      case ondemand::json_type::string: {
        out.type = json_value::kind::string;
        std::string_view text;
        const auto error = from.get_string().get(text);
        if (!error) out.text = text;
        return error;
      }
      case ondemand::json_type::number: {
        out.type = json_value::kind::number;
        ondemand::number number;
        const auto error = from.get_number().get(number);
        while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
        if (!error) out.text = token;
        return error;
      }
      case ondemand::json_type::boolean: {
        out.type = json_value::kind::boolean;
        bool value = false;
        const auto error = from.get_bool().get(value);
        if (!error) out.text = value ? "true" : "false";
        return error;
      }
      case ondemand::json_type::null: {
        bool value = false;
        if (const auto error = from.is_null().get(value)) return error;
        return value ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
      }
    }
    return simdjson::TAPE_ERROR;
  }

  std::size_t where() const { return where_; }

 private:
  simdjson::error_code object(ondemand::value from, std::size_t depth, json_value& out) {
    out.type = json_value::kind::object;
    ondemand::object members;
    if (const auto error = from.get_object().get(members)) return error;
    for (auto item : members) {
      ondemand::field field;
      if (const auto error = std::move(item).get(field)) return error;
      json_member& member = out.members.emplace_back();
      member.offset = where_ = static_cast<std::size_t>(field.key().raw() - base_) - 1;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      member.key = key;
      if (const auto error = build(field.value(), depth + 1, member.value)) return error;
    }
    return simdjson::SUCCESS;
  }

  simdjson::error_code array(ondemand::value from, std::size_t depth, json_value& out) {
    out.type = json_value::kind::array;
    ondemand::array items;
    if (const auto error = from.get_array().get(items)) return error;
    for (auto item : items) {
      ondemand::value value;
      if (const auto error = std::move(item).get(value)) return error;
      if (const auto error = build(value, depth + 1, out.items.emplace_back())) return error;
    }
    return simdjson::SUCCESS;
  }

  const char* base_;
  const json_limits& limits_;
  std::size_t count_ = 0;
  std::size_t where_ = 0;
};

unsigned first_line_without_utf8(std::string_view text) {
  unsigned line = 1;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (!simdjson::validate_utf8(text.data() + start, end - start)) return line;
    start = end + 1;
    ++line;
  }
  return line;
}

}  // namespace

unsigned line_of(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  return 1 + static_cast<unsigned>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

result<json_value> parse_json(std::string_view text, std::string_view name, const json_limits& limits) {
  const auto refuse = [&](unsigned line, std::string_view why) {
    return failure(errc::usage, fmt::format("{}:{}: {}", name, line, why), origin::user);
  };
  const auto refuse_syntax = [&](std::string_view body, unsigned line, simdjson::error_code error) {
    if (const std::optional<json_mistake> found = find_json_mistake(body)) return refuse(line_of(body, found->offset), found->text);
    return refuse(line, explain(error));
  };
  if (text.size() > limits.bytes)
    return failure(errc::limit, fmt::format("{}: {} bytes, the limit is {}", name, text.size(), limits.bytes),
                   origin::user);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    return refuse(1, "the text is UTF-16; save it as UTF-8");
  const std::size_t mark = text.starts_with(utf8_mark) ? utf8_mark.size() : 0;
  const std::string_view body = text.substr(mark);
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return refuse(1, explain(simdjson::EMPTY));
  if (!simdjson::validate_utf8(body.data(), body.size()))
    return refuse(first_line_without_utf8(body), "the text is not UTF-8");

  dom::parser strict;
  dom::element ignored;
  auto verdict = strict.allocate(body.size(), limits.depth + 2);
  if (!verdict) verdict = strict.parse(body.data(), body.size()).get(ignored);

  const simdjson::padded_string padded(body);
  ondemand::parser parser;
  ondemand::document document;
  json_value root;
  tree_builder builder(padded.data(), limits);
  simdjson::error_code error = parser.allocate(body.size(), limits.depth + 2);
  if (!error) error = parser.iterate(padded).get(document);
  std::size_t where = 0;
  if (!error) {
    ondemand::value value;
    error = document.get_value().get(value);
    if (error == simdjson::SCALAR_DOCUMENT_AS_VALUE)
      return verdict ? refuse_syntax(body, 1, verdict)
                     : refuse(line_of(body, body.find_first_not_of(" \t\r\n")),
                              "expected an object or an array of objects");
    if (!error) error = builder.build(value, 1, root);
    where = builder.where();
    const char* at = nullptr;
    if ((error || verdict) && !document.current_location().get(at) && at != nullptr)
      where = std::max(where, static_cast<std::size_t>(at - padded.data()));
  }
  if (!error) error = verdict;
  if (!error) {
    return root;
  }
  const unsigned line = line_of(body, where);
  if (error == simdjson::DEPTH_ERROR || verdict == simdjson::DEPTH_ERROR)
    return failure(errc::limit,
                   fmt::format("{}:{}: nested more than {} levels deep", name, line, limits.depth),
                   origin::user);
  if (error == simdjson::CAPACITY)
    return failure(errc::limit, fmt::format("{}:{}: more than {} values", name, line, limits.values),
                   origin::user);
  return refuse_syntax(body, line, error);
}

}  // namespace peelbox::spec
