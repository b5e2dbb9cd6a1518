// What a state points to. Only state.cpp and definition.cpp look inside.
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

}  // namespace peelbox::llb
