// A finished definition as `buildctl debug dump-llb` writes it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::llb {

/// One JSON object for each operation and line, in order: Op, Digest, OpMetadata, with the names of BuildKit's JSON
/// (solver/pb/json.go); what is empty is left out. `bytes` is a marshalled pb::Definition: errc::usage, with `what` before the text,
/// when it is none.
result<std::string> dump_json(std::string_view bytes, std::string_view what);

/// The operations as a graph in the language of Graphviz.
result<std::string> dump_dot(std::string_view bytes, std::string_view what);

}  // namespace peelbox::llb
