// The warnings of frontends, for --metadata-file.
#pragma once

#include <string>

#include "engine/progress/listener.hpp"

namespace peelbox::cli {

/// Whether BUILDX_METADATA_WARNINGS asks for warnings in --metadata-file: true in the words of Go's strconv.ParseBool, as
/// buildx reads it (buildx, util/confutil).
bool wants_metadata_warnings(const std::string& variable);

/// Collects warnings, at most 1,000, as the JSON objects that buildctl's rawjson and buildx have (client/graph.go VertexWarning).
class warning_list final : public progress::listener {
 public:
  void update(const progress::batch& events, const progress::trace&, progress::wall_time) override;
  void finish(const progress::trace&, progress::wall_time) override {}
  bool wants_lines() const noexcept override { return false; }

  /// A JSON array; empty when there was none.
  std::string json() const { return count_ == 0 ? std::string() : "[" + objects_ + "]"; }

 private:
  std::string objects_;
  std::size_t count_ = 0;
};

}  // namespace peelbox::cli
