// --tag and --output for one or several services.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output_option.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::cli {

inline constexpr std::string_view service_placeholder = "{service}";

struct service_target {
  std::string image_name;  ///< normalised
  output_option output;
};

/// One for each service, in order. A tag is REF (for the only service), NAME=REF, or a template; "{service}" stands for
/// the service's name in tags, there in lower case, and in `dest`; what cannot be part of a file name becomes '-'.
/// failure{usage} when a service has no tag or two, when a tag names nobody, and when two services would get the same
/// image name or the same output.
result<std::vector<service_target>> service_targets(const std::vector<std::string>& tags, std::string_view output,
                                                    const std::vector<std::string>& services);

}  // namespace peelbox::cli
