// What a template of --format prints of JSON that others wrote. [p]
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/template_parse.hpp"

namespace peelbox::cli {

/// The most bytes that a template prints.
inline constexpr std::size_t most_template_output = 256 << 20;

/// What a template asks for, so that nothing else is fetched.
struct template_needs {
  bool whole = false;  ///< {{json .}}
  /// Fields of the dot; where `index` alone takes something from them, with its keys, else std::nullopt.
  std::map<std::string, std::optional<std::set<std::string>>, std::less<>> fields;

  bool has(std::string_view field) const { return fields.contains(field); }
  bool has(std::string_view field, std::string_view key) const;
};

/// errc::usage for a field of the dot that is not among `known`.
result<template_needs> needs_of(const format_template& what, const std::vector<std::string>& known);

/// A field of the dot.
struct template_member {
  std::string name;
  boost::json::value tree;
  /// Fields that may be absent anywhere in it; they are null then.
  std::span<const std::string_view> optional;
  /// What `index` may ask it for; then it has no fields.
  std::vector<std::string> keys;
  /// What a key of these is that is not in the tree.
  boost::json::value absent = nullptr;
};

struct template_data {
  boost::json::value whole;  ///< the dot itself; its fields are `members`
  std::vector<template_member> members;
};

/// Fields are found by the names of JSON and of Go's structs: .OSVersion is "os.version". An unknown one is errc::usage and says
/// which there are. Null prints nothing; objects and arrays print as JSON only. A string that is printed without json is made
/// harmless for terminals. errc::limit: it prints more than `most` bytes.
result<std::string> evaluate_template(const format_template& what, const template_data& data, std::size_t most = most_template_output);

}  // namespace peelbox::cli
