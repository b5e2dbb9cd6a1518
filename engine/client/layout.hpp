// An image that an exporter has written into a directory: type=oci or type=docker with tar=false.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/client/request.hpp"
#include "engine/oci/layout_index.hpp"

namespace peelbox::client {

/// Where the solve writes a directory; nullptr when it does not.
const session::served_layout* layout_of(const solve_request& request);

/// What the image will be called in the layout (client/solve.go): each name that the exporter says, else the tag "latest". Pure.
std::vector<oci::layout_name> layout_names(const std::map<std::string, std::string>& exporter_response);

/// Gives the image that has arrived its names in index.json; everything else there stays. When several exporters of a solve made
/// images, the daemon's answer may be about another one: what was written last counts then. Blocks. errc::protocol when nothing has
/// arrived, and those of content_store::name().
result<void> name_layout(const session::served_layout& layout, const std::map<std::string, std::string>& exporter_response);

}  // namespace peelbox::client
