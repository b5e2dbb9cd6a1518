// What BuildKit attaches to the status of a failed build.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::client {

struct line_range {
  std::int64_t first = 0;  ///< counted from 1
  std::int64_t last = 0;
};

/// A place in a file that a frontend or we described with the build graph (errdefs.Source).
struct error_source {
  std::string filename;
  std::vector<std::string> lines;
  std::vector<line_range> ranges;
};

/// Untrusted text throughout.
struct error_details {
  std::vector<std::string> vertices;   ///< digests, as attached: outermost hop first
  std::vector<error_source> sources;   ///< innermost first
  std::optional<std::int64_t> exit_code;
  std::string description;             ///< of the failed operation (errdefs.Solve)
  std::vector<std::string> denials;    ///< messages of a source policy
};

/// Reads the details with type URL github.com/moby/buildkit/NAME, whose values are JSON (util/grpcerrors/grpcerrors.go,
/// solver/errdefs/*). Unknown, malformed and oversized ones are left out; total over any input.
error_details read_error_details(const grpc_status& status);

}  // namespace peelbox::client
