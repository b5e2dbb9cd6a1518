// "type=oci,dest=image.tar": the field lists that buildctl and buildx take.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// Comma-separated fields; a field in double quotes may hold commas, and "" is a quote in it (as Go's encoding/csv).
result<std::vector<std::string>> split_csv(std::string_view text);

/// key=value fields with lower-cased keys. A field without "=" or a repeated key is failure{usage}, as is an empty key.
result<std::map<std::string, std::string>> parse_fields(std::string_view text);

}  // namespace peelbox::cli
