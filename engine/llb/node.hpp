// What a state points to. For the files of this folder only.
#pragma once

#include <string>
#include <vector>

#include "engine/llb/state.hpp"
#include "proto/ops.pb.h"

namespace peelbox::llb {

struct node {
  /// Complete except for `inputs`; indices in its body refer to `inputs` below, and results of file actions
  /// are numbered from inputs.size().
  pb::Op op;
  std::vector<state> inputs;
  std::string name;
};

/// The daemon reads list attributes of local sources as JSON arrays (source/local/source.go).
std::string json_array(const std::vector<std::string>& items);

}  // namespace peelbox::llb
