// JSON for files that people read too.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace peelbox::data {

/// Two blanks for each level, names sorted, as Go's json.MarshalIndent writes a map; no line end at the end.
std::string indented(const boost::json::value& tree);

}  // namespace peelbox::data
