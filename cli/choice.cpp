#include "cli/choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "engine/async/closest.hpp"

namespace peelbox::cli {

namespace {

constexpr const char* closed_name = "one of";
constexpr const char* open_name = "begins like";

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(' ', at), list.size());
    all.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

std::vector<std::string> named(CLI::Option& option, const char* name) {
  try {
    return split(option.get_validator(std::string(name))->get_description());
  } catch (const CLI::OptionNotFound&) {
    return {};
  }
}

}  // namespace

CLI::Validator one_of(std::vector<std::string> values) {
  std::string list = fmt::format("{}", fmt::join(values, " "));
  return CLI::Validator(
      [values](std::string& value) {
        if (std::find(values.begin(), values.end(), value) != values.end()) return std::string();
        return fmt::format("\"{}\" is none of {}{}", value, fmt::join(values, ", "), did_you_mean(value, values));
      },
      std::move(list), closed_name);
}

CLI::Validator number_from(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [least, most](std::string& value) {
        std::uint64_t number = 0;
        const char* const end = value.data() + value.size();
        const auto [rest, error] = std::from_chars(value.data(), end, number);
        if (error == std::errc() && rest == end && number >= least && number <= most) return std::string();
        return fmt::format("\"{}\" is not a whole number from {} to {}", value, least, most);
      },
      "", "number");
}

CLI::Validator begins_like(std::vector<std::string> values) {
  return CLI::Validator([](std::string&) { return std::string(); }, fmt::format("{}", fmt::join(values, " ")), open_name);
}

known_values values_of(CLI::Option& option) {
  if (std::vector<std::string> closed = named(option, closed_name); !closed.empty()) return {std::move(closed), true};
  return {named(option, open_name), false};
}

}  // namespace peelbox::cli
