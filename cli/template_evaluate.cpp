#include "cli/template_evaluate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstddef>
#include <deque>
#include <iterator>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/closest.hpp"
#include "engine/data/indented.hpp"
#include "engine/data/json.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {
namespace {

namespace json = data::json;
using term_kind = template_term::kind;

/// Objects of others have thousands of names.
constexpr std::size_t most_listed = 24;

std::string_view text_in(json::string_view text) { return {text.data(), text.size()}; }

std::string listed(std::vector<std::string> names) {
  const bool more = names.size() > most_listed;
  if (more) names.resize(most_listed);
  return names.empty() ? "none" : fmt::format("{}{}", fmt::join(names, ", "), more ? ", …" : "");
}

std::vector<std::string> names_in(const json::object& from) {
  std::vector<std::string> names;
  for (const auto& one : from) names.emplace_back(text_in(one.key()));
  return names;
}

std::string there_are(std::string_view wanted, std::vector<std::string> names) {
  if (names.size() > most_listed * most_listed) names.resize(most_listed * most_listed);
  const std::string meant = did_you_mean(wanted, names);
  return fmt::format("there are: {}{}", listed(std::move(names)), meant);
}

/// "OSVersion" and "os.version", "DiffIDs" and "diff_ids" are the same.
std::string folded(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '_' && c != '.') plain.push_back(to_lower(c));
  return plain;
}

const json::value* find_field(const json::object& from, std::string_view name) {
  if (const json::value* exact = from.if_contains(json::string_view(name.data(), name.size()))) return exact;
  const std::string plain = folded(name);
  for (const auto& one : from)
    if (folded(text_in(one.key())) == plain) return &one.value();
  return nullptr;
}

std::string_view shape_of(const json::value& one) {
  switch (one.kind()) {
    case json::kind::null: return "not there";
    case json::kind::bool_: return "true or false";
    case json::kind::string: return "text";
    case json::kind::array: return "a list";
    case json::kind::object: return "an object";
    default: return "a number";
  }
}

/// A value, and how it is written in messages.
struct seen_value {
  const json::value* at = nullptr;
  std::string path;
  /// What it comes from, and whether it is all of that.
  const template_member* of = nullptr;
  bool is_member = false;
};

class template_evaluation {
 public:
  template_evaluation(const format_template& what, const template_data& data, std::size_t most) : what_(what), data_(data), most_(most) {}

  result<std::string> run() {
    std::string out;
    for (const template_piece& piece : what_.pieces) {
      out += piece.text;
      if (piece.printed) {
        const result<seen_value> one = value_of(*piece.printed);
        if (one.has_error()) return one.error();
        const result<std::string> text = printed(*one, piece.printed->at);
        if (text.has_error()) return text.error();
        out += *text;
      }
      if (out.size() > most_) return too_much();
    }
    return out;
  }

 private:
  failure fail(std::size_t at, std::string_view why) const { return wrong_template(what_.text, at, why); }
  failure too_much() const {
    return failure(errc::limit, fmt::format("--format: it prints more than {} bytes", most_), origin::user);
  }

  seen_value made(json::value value, std::string path) {
    made_.push_back(std::move(value));
    return {&made_.back(), std::move(path)};
  }

  result<seen_value> value_of(const template_term& term) {
    seen_value now;
    std::size_t next = 0;
    if (term.what == term_kind::call) {
      result<seen_value> called = call(term);
      if (called.has_error()) return called;
      now = std::move(*called);
    } else if (term.what == term_kind::text) {
      now = made(json::string(term.text), data::to_text(json::string(term.text)));
    } else if (term.what == term_kind::number) {
      now = made(term.number, std::to_string(term.number));
    } else if (term.fields.empty()) {
      return seen_value{&data_.whole, "."};
    } else {
      const template_field& first = term.fields[next++];
      const auto is_it = [&](const template_member& one) { return one.name == first.name; };
      const auto found = std::find_if(data_.members.begin(), data_.members.end(), is_it);
      if (found == data_.members.end()) return fail(first.at, fmt::format(".{} is not there", first.name));
      now = {&found->tree, "." + found->name, &*found, true};
    }
    for (; next < term.fields.size(); ++next) {
      result<seen_value> inner = field(now, term.fields[next]);
      if (inner.has_error()) return inner;
      now = std::move(*inner);
    }
    return now;
  }

  result<seen_value> field(const seen_value& from, const template_field& wanted) {
    if (from.is_member && !from.of->keys.empty())
      return fail(wanted.at, fmt::format("{0} is by key: write (index {0} \"{1}\").{2}", from.path, from.of->keys.front(), wanted.name));
    seen_value inner{&nothing_, from.path + "." + wanted.name, from.of};
    const json::object* object = from.at->if_object();
    const json::value* found = object == nullptr ? nullptr : find_field(*object, wanted.name);
    if (found != nullptr) {
      inner.at = found;
      return inner;
    }
    const auto is_it = [&](std::string_view one) { return folded(one) == folded(wanted.name); };
    const bool may_be_absent = from.of != nullptr && std::any_of(from.of->optional.begin(), from.of->optional.end(), is_it);
    if (may_be_absent && (object != nullptr || from.at->is_null())) return inner;
    if (object == nullptr) return fail(wanted.at, fmt::format("{} has no field {}: it is {}", from.path, wanted.name, shape_of(*from.at)));
    return fail(wanted.at, fmt::format("{} has no field {}; {}", from.path, wanted.name, there_are(wanted.name, names_in(*object))));
  }

  result<seen_value> call(const template_term& term) {
    std::vector<seen_value> values;
    for (const template_term& one : term.arguments) {
      result<seen_value> value = value_of(one);
      if (value.has_error()) return value;
      values.push_back(std::move(*value));
    }
    if (term.text == "index") {
      seen_value now = std::move(values.front());
      for (std::size_t i = 1; i < values.size(); ++i) {
        result<seen_value> inner = element(now, values[i], term.arguments[i].at);
        if (inner.has_error()) return inner;
        now = std::move(*inner);
      }
      return now;
    }
    if (term.text == "len") return length(values.front(), term.at);
    std::string text;
    if (term.text == "json") {
      text = data::indented(*values.front().at);
    } else {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const result<std::string> one = printed(values[i], term.arguments[i].at);
        if (one.has_error()) return one.error();
        text += (i == 0 ? "" : " ") + *one;
        if (text.size() > most_) return too_much();
      }
      text += "\n";
    }
    if (text.size() > most_) return too_much();
    return made(json::string(text), "(" + term.text + " …)");
  }

  result<seen_value> element(const seen_value& from, const seen_value& key, std::size_t at) {
    seen_value inner{&nothing_, fmt::format("(index {} {})", from.path, key.path), from.of};
    const json::object* object = from.at->if_object();
    const json::array* array = from.at->if_array();
    const json::string* name = key.at->if_string();
    if (array != nullptr) {
      const std::uint64_t* number = key.at->if_uint64();
      if (number == nullptr) return fail(at, fmt::format("{} is a list: it is indexed with a number from 0", from.path));
      if (*number >= array->size()) return fail(at, fmt::format("{} has {} elements; the first one is 0", from.path, array->size()));
      inner.at = &(*array)[static_cast<std::size_t>(*number)];
      return inner;
    }
    if (object == nullptr && !from.at->is_null())
      return fail(at, fmt::format("{} cannot be indexed: it is {}", from.path, shape_of(*from.at)));
    if (name == nullptr) return fail(at, fmt::format("{} is indexed with a text, such as \"key\"", from.path));
    const std::string_view wanted = text_in(*name);
    if (from.is_member) {
      const std::vector<std::string>& keys = from.of->keys;
      if (keys.empty())
        return fail(at, fmt::format("{} is not by key here; its fields are: {}", from.path,
                                    object == nullptr ? "none" : listed(names_in(*object))));
      if (std::find(keys.begin(), keys.end(), wanted) == keys.end())
        return fail(at, fmt::format("{} has no {}; {}", from.path, key.path, there_are(wanted, keys)));
      inner.at = &from.of->absent;
    }
    if (object != nullptr)
      if (const json::value* found = object->if_contains(*name)) inner.at = found;
    return inner;
  }

  result<seen_value> length(const seen_value& of, std::size_t at) {
    std::uint64_t many = 0;
    if (const auto* array = of.at->if_array()) many = array->size();
    else if (const auto* object = of.at->if_object()) many = object->size();
    else if (const auto* text = of.at->if_string()) many = text->size();
    else if (!of.at->is_null()) return fail(at, fmt::format("{} has no length: it is {}", of.path, shape_of(*of.at)));
    return made(many, "(len …)");
  }

  result<std::string> printed(const seen_value& one, std::size_t at) const {
    if (const auto* text = one.at->if_string()) {
      // What this program wrote itself, such as JSON, is for programs.
      return one.of == nullptr ? std::string(text_in(*text)) : progress::sanitize(text_in(*text));
    }
    if (one.at->is_null()) return std::string();
    if (const auto* number = one.at->if_double()) return fmt::format("{}", *number);
    if (one.at->is_object() || one.at->is_array())
      return fail(at, fmt::format("{} is {}: write {{{{json {}}}}}", one.path, shape_of(*one.at), one.path));
    return data::to_text(*one.at);
  }

  const format_template& what_;
  const template_data& data_;
  std::size_t most_;
  const json::value nothing_;
  /// Values that are not in the data. Their addresses stay.
  std::deque<json::value> made_;
};

void add_needs(const template_term& term, template_needs& to) {
  const auto is_field = [](const template_term& one) { return one.what == term_kind::dot && one.fields.size() == 1; };
  const bool is_index = term.what == term_kind::call && term.text == "index";
  if (is_index && is_field(term.arguments[0]) && term.arguments[1].what == term_kind::text) {
    auto& keys = to.fields.try_emplace(term.arguments[0].fields[0].name, std::set<std::string>()).first->second;
    if (keys) keys->insert(term.arguments[1].text);
    for (std::size_t i = 2; i < term.arguments.size(); ++i) add_needs(term.arguments[i], to);
    return;
  }
  if (term.what == term_kind::dot && term.fields.empty()) to.whole = true;
  if (term.what == term_kind::dot && !term.fields.empty()) to.fields[term.fields[0].name] = std::nullopt;
  for (const template_term& one : term.arguments) add_needs(one, to);
}

result<void> check_members(std::string_view text, const template_term& term, const std::vector<std::string>& known) {
  if (term.what == term_kind::dot && !term.fields.empty() && std::find(known.begin(), known.end(), term.fields[0].name) == known.end())
    return wrong_template(text, term.fields[0].at, fmt::format("there is no .{}; {}", term.fields[0].name, there_are(term.fields[0].name, known)));
  for (const template_term& one : term.arguments)
    if (auto fine = check_members(text, one, known); fine.has_error()) return fine;
  return {};
}

}  // namespace

bool template_needs::has(std::string_view field, std::string_view key) const {
  const auto found = fields.find(field);
  return found != fields.end() && (!found->second || found->second->contains(std::string(key)));
}

result<template_needs> needs_of(const format_template& what, const std::vector<std::string>& known) {
  template_needs needs;
  for (const template_piece& piece : what.pieces) {
    if (!piece.printed) continue;
    if (auto fine = check_members(what.text, *piece.printed, known); fine.has_error()) return fine.error();
    add_needs(*piece.printed, needs);
  }
  return needs;
}

result<std::string> evaluate_template(const format_template& what, const template_data& data, std::size_t most) {
  return template_evaluation(what, data, most).run();
}

}  // namespace peelbox::cli
