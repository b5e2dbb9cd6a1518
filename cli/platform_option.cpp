#include "cli/platform_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace peelbox::cli {

result<std::vector<oci::platform>> parse_platforms(const std::string& text) {
  std::vector<oci::platform> all;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find(',');
    result<oci::platform> one = oci::parse_platform(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    if (one.has_error()) return one.error().in("--platform");
    if (std::find(all.begin(), all.end(), *one) != all.end())
      return failure(errc::usage, fmt::format("--platform {}: {} is there twice", text, oci::to_string(*one)), origin::user);
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace peelbox::cli
