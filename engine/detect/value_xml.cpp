#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

std::string decoded(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto entity = std::find_if(entities.begin(), entities.end(),
                                     [&](const auto& e) { return text.substr(i).starts_with(e.first); });
    if (text[i] == '&' && entity != entities.end()) {
      out += entity->second;
      i += entity->first.size() - 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// A subset of XML 1.0 that covers project files: elements, attributes, text, CDATA. Declarations, comments and
/// document types are passed over.
class xml_parser {
 public:
  explicit xml_parser(std::string_view text) : text_(text) {}

  result<value> document() {
    value out;
    out.type = value::kind::object;
    if (!misc() || at_ >= text_.size() || !element(out, 1)) return wrong();
    return out;
  }

 private:
  failure wrong() const {
    const auto lines = std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n');
    return failure(errc::usage, fmt::format("XML:{}: not well-formed, or nested too deep", lines + 1), origin::user);
  }
  bool skip_past(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) return false;
    at_ = found + end.size();
    return true;
  }
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  /// What may stand before the root element.
  bool misc() {
    while (true) {
      blanks();
      if (starts("<?")) {
        if (!skip_past("?>")) return false;
      } else if (starts("<!--")) {
        if (!skip_past("-->")) return false;
      } else if (starts("<!")) {
        if (!skip_past(">")) return false;
      } else {
        return true;
      }
    }
  }

  std::string_view name() {
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n/>=<\"'", at_), text_.size());
    const std::string_view out = text_.substr(at_, end - at_);
    at_ = end;
    return out;
  }

  bool attributes(value& out) {
    while (true) {
      blanks();
      if (at_ >= text_.size()) return false;
      if (text_[at_] == '/' || text_[at_] == '>') return true;
      const std::string_view key = name();
      blanks();
      if (key.empty() || at_ >= text_.size() || text_[at_] != '=') return false;
      ++at_;
      blanks();
      if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
      const std::size_t close = text_.find(text_[at_], at_ + 1);
      if (close == std::string_view::npos) return false;
      value attribute;
      attribute.type = value::kind::string;
      attribute.text = decoded(text_.substr(at_ + 1, close - at_ - 1));
      out.members.push_back({"@" + std::string(key), std::move(attribute)});
      at_ = close + 1;
    }
  }

  bool element(value& parent, std::size_t depth) {
    if (depth > max_value_depth || ++count_ > max_values || !starts("<")) return false;
    ++at_;
    const std::string key(name());
    value out;
    out.type = value::kind::object;
    if (key.empty() || !attributes(out)) return false;
    if (text_[at_] == '/') {
      ++at_;
      if (!starts(">")) return false;
      ++at_;
    } else {
      ++at_;
      std::string content;
      if (!children(out, content, key, depth)) return false;
      value text;
      text.type = value::kind::string;
      text.text = std::string(trim(content));
      out.members.push_back({"#text", std::move(text)});
    }
    parent.members.push_back({key, std::move(out)});
    return true;
  }

  bool children(value& out, std::string& content, std::string_view key, std::size_t depth) {
    while (at_ < text_.size()) {
      if (starts("</")) {
        at_ += 2;
        if (name() != key) return false;
        blanks();
        if (!starts(">")) return false;
        ++at_;
        return true;
      }
      if (starts("<!--")) {
        if (!skip_past("-->")) return false;
      } else if (starts("<![CDATA[")) {
        const std::size_t begin = at_ + 9;
        if (!skip_past("]]>")) return false;
        content += text_.substr(begin, at_ - 3 - begin);
      } else if (starts("<?")) {
        if (!skip_past("?>")) return false;
      } else if (text_[at_] == '<') {
        if (!element(out, depth + 1)) return false;
      } else {
        const std::size_t end = std::min(text_.find('<', at_), text_.size());
        content += decoded(text_.substr(at_, end - at_));
        at_ = end;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

result<value> parse_xml(std::string_view text) { return xml_parser(text).document(); }

}  // namespace peelbox::detect
