// Templates of --format: a part of Go's text/template. [p]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// The most bytes of a template.
inline constexpr std::size_t most_template_bytes = 16 << 10;
/// How deep parentheses go, and how many pipes follow each other.
inline constexpr std::size_t most_template_depth = 16;

/// ".Name" behind a value.
struct template_field {
  std::string name;
  std::size_t at = 0;  ///< its first byte in the template
};

/// What a template takes values from, a value of its own, or a function of values.
struct template_term {
  enum class kind { dot, text, number, call };
  kind what = kind::dot;
  std::size_t at = 0;
  std::string text;  ///< of a literal, or the function's name
  std::uint64_t number = 0;
  std::vector<template_term> arguments;
  /// Taken from the value, one after the other. Of a dot the first one is what the template is about.
  std::vector<template_field> fields;
};

/// Text, then what is printed behind it, if there is anything.
struct template_piece {
  std::string text;
  std::optional<template_term> printed;
};

struct format_template {
  std::string text;
  std::vector<template_piece> pieces;
};

/// Possible are text, fields, strings, whole numbers, the functions json, index, len and println, parentheses, pipes, and
/// {{- -}} around blanks that are not wanted. errc::usage, with the column, for the rest of Go's language.
result<format_template> parse_template(std::string_view text);

/// What somebody got wrong at a byte of the template.
failure wrong_template(std::string_view text, std::size_t at, std::string_view why);

}  // namespace peelbox::cli
