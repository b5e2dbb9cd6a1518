// --tag and --output for one or several services.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output_option.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::cli {

inline constexpr std::string_view service_placeholder = "{service}";
/// `text` with the service's name for each placeholder, as a part of a file name or (`lower`) of a reference.
std::string fill_service(std::string_view text, std::string_view service, bool lower);

struct service_target {
  /// Normalised; at least one for an image that needs a name.
  std::vector<std::string> image_names;
  std::vector<output_option> outputs;

  bool makes_image() const noexcept;
};

/// Which images need a name.
enum class naming {
  every_image,
  /// Those that go into Docker or to a registry.
  stored_image,
  /// None: the outputs say it themselves.
  none,
};

/// One for each service, in order. A tag is REF (for the only service), NAME=REF, or a template; "{service}" stands for
/// the service's name in tags, there in lower case, and in `dest`; what cannot be part of a file name becomes '-'. A
/// service with tags of its own has none of the others. name= in `outputs` is another way to write tags.
/// failure{usage} when the image of a service has no tag, when a tag names nobody, and when two services would get the
/// same image name or the same output.
result<std::vector<service_target>> service_targets(const std::vector<std::string>& tags, const std::vector<output_option>& outputs,
                                                    const std::vector<std::string>& services, naming rule = naming::every_image);

}  // namespace peelbox::cli
