// A build graph in the form that Control.Solve takes: operations in order, their digests and names.
#pragma once

#include <string>
#include <vector>

#include "engine/llb/state.hpp"
#include "proto/ops.pb.h"

namespace peelbox::llb {

struct marshal_options {
  /// Sets ignore_cache on every operation (metadata only: digests stay).
  bool no_cache = false;
};

/// One operation, for people and for tests: what the daemon's progress events call `digest` and `name`.
struct vertex {
  std::string digest;
  std::string name;
};

struct definition {
  pb::Definition message;
  /// In the order of message.def(), without the terminal operation.
  std::vector<vertex> vertices;
};

/// Inputs come before their users, equal operations once, the terminal operation last (PROTOCOL of BuildKit:
/// solver/pb/ops.proto, client/llb/marshal.go). The same graph gives the same bytes. Pure.
/// errc::usage when `result` is scratch: BuildKit has no definition for an empty tree.
result<definition> marshal(const state& result, const marshal_options& options = {});

/// Does to a finished definition what marshal() does for `no_cache`.
void ignore_cache(pb::Definition& definition);

/// An entry of metadata for every operation that has none. A finished definition may come without; the daemon solves such a
/// one by itself, but refuses it when an SBOM is made from its result (client/llb/definition.go).
void complete_metadata(pb::Definition& definition);

/// One line per operation, for tests and for readers of `--dump-llb`. It refers to inputs by line number, so it has
/// no digests.
std::string describe(const definition& d);

}  // namespace peelbox::llb
