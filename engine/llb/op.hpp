// One operation as bytes. The daemon names an operation by the digest of its canonical bytes.
#pragma once

#include <string>

#include "proto/ops.pb.h"

namespace peelbox::llb {

/// The bytes that Go's deterministic encoder gives: other fields in ascending order, the member of the oneof
/// last, maps sorted by key (BuildKit re-marshals what it receives and names vertices by the result:
/// solver/llbsolver/vertex.go; order of oneofs: google.golang.org/protobuf internal/order).
std::string canonical_bytes(const pb::Op& op);

/// Makes a path absolute below `directory`. Resolves "." and "..", which cannot leave "/", and drops a trailing
/// slash.
std::string absolute_path(const std::string& path, const std::string& directory = "/");

}  // namespace peelbox::llb
