// What a repository without services is, as far as its files tell.
#pragma once

#include <vector>

#include "engine/detect/model.hpp"
#include "engine/detect/repository.hpp"

namespace peelbox::detect {

/// Files that only tools have which no build system here knows ("shard.yml: Crystal is not supported"), those nearest to
/// the root first; bounded.
std::vector<rejected> find_unsupported(const repository& files);

}  // namespace peelbox::detect
