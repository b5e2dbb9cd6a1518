// Removing what stands in the way.
#pragma once

#include <string>

namespace peelbox::filesync {

/// Removes the entry `name` of a directory with everything below it, following no link. 0 or an errno; an
/// entry that is not there is fine.
int remove_tree(int directory, const std::string& name);

/// Names in an open directory, without "." and "..". 0 or an errno.
int list_names(int directory, std::string& zero_separated);

}  // namespace peelbox::filesync
