#include "engine/llb/local_sources.hpp"

#include <set>
#include <string_view>

#include "proto/ops.pb.h"

namespace peelbox::llb {

std::vector<std::string> local_sources(const pb::Definition& definition) {
  constexpr std::string_view scheme = "local://";
  std::set<std::string> names;
  for (const std::string& bytes : definition.def()) {
    // Most operations are not sources; those need not be parsed.
    pb::Op op;
    if (bytes.find(scheme) == bytes.npos || !op.ParseFromString(bytes)) continue;
    if (op.has_source() && op.source().identifier().starts_with(scheme))
      names.insert(op.source().identifier().substr(scheme.size()));
  }
  return {names.begin(), names.end()};
}

}  // namespace peelbox::llb
