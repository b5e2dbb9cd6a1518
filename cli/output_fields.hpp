// The further fields of --output: which exporter knows them, so that none is without effect.
#pragma once

#include <string>
#include <string_view>

#include "cli/output_option.hpp"

namespace peelbox::cli {

/// Of BuildKit v0.32 (exporter/containerimage/exptypes/keys.go, exporter/local/fs.go, exporter/oci/export.go). An exporter
/// takes a field that it does not know as metadata and says nothing, so failure{usage} for what has no effect in a build
/// of `type`, with what does have one. Values are checked as far as the daemon would find fault only later.
result<void> check_field(output_option::kind type, std::string_view key, const std::string& value);

/// As Go's ParseBool, which reads the fields of exporters and caches, takes them.
bool is_false(std::string_view value);
bool is_true(std::string_view value);

/// SOURCE_DATE_EPOCH: whole seconds since 1970, as exporters read it (exporter/util/epoch/parse.go). `what` names the
/// variable or field in the error.
result<void> check_epoch(std::string_view what, std::string_view value);

}  // namespace peelbox::cli
