// JSON as a tree and as text: Boost.JSON with our bounds and failures. For text that is shown with its line, spec/json_tree
// knows positions; for the progress of a build, progress/json_text writes without a tree.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::data {

namespace json = boost::json;

/// Bounds for text that somebody else wrote.
struct json_limits {
  std::size_t bytes = 16 << 20;
  std::size_t depth = 32;
};

/// One document (RFC 8259). Failures: errc::protocol, "what: not valid JSON: …" with the line, and errc::limit for
/// more than `most`; both of the peer. Of members with equal names the last one counts.
result<json::value> parse_json(std::string_view text, std::string_view what, json_limits most = {});

/// The member, or nullptr when it is absent or null, or `from` is no object.
const json::value* member(const json::value& from, std::string_view name) noexcept;
/// The text of a member; empty when it is absent or no string. Lives as long as `from`.
std::string_view text_of(const json::value& from, std::string_view name) noexcept;

/// Compact text. What is not UTF-8 stays as it is; names keep the order in which they were added.
std::string to_text(const json::value& tree);
/// The string with its quotes.
std::string in_quotes(std::string_view text);

}  // namespace peelbox::data
