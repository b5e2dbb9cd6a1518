// The values of options for the parser, the help, the completions and the suggestions: written once, where the option
// is defined.
#pragma once

#include <CLI/App.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace peelbox::cli {

/// The only values that an option takes. Others are refused, with the list and the nearest one.
CLI::Validator one_of(std::vector<std::string> values);
/// Whole numbers only, both ends included.
CLI::Validator number_from(std::uint64_t least, std::uint64_t most);
/// Beginnings of values, for completions only. One that ends with '=', '/' or ',' needs a continuation.
CLI::Validator begins_like(std::vector<std::string> values);

struct known_values {
  std::vector<std::string> values;
  bool closed = false;  ///< no others are taken
};
/// What one_of() or begins_like() set for an option.
known_values values_of(CLI::Option& option);

}  // namespace peelbox::cli
