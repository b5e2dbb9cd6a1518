// Operations of a finished graph, read to be changed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "proto/ops.pb.h"

namespace peelbox::llb {

struct editable_graph {
  std::vector<pb::Op> ops;
  std::vector<std::string> digests;
  std::unordered_map<std::string, std::size_t> by_digest;
};

/// std::nullopt when an operation would not be written back as it was read, or refers to one that does not come before it.
std::optional<editable_graph> read_graph(const pb::Definition& definition);

/// Calls `change` for each operation in order; where it returns true, the operation is written to the definition. Those
/// behind it refer to its new digest.
void write_changes(editable_graph graph, pb::Definition& definition,
                   const std::function<bool(std::size_t index, pb::Op& op)>& change);

}  // namespace peelbox::llb
