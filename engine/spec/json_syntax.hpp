// Tells the author of a text why it is not JSON. The parser only tells that it is not, and often not where.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace peelbox::spec {

struct json_mistake {
  std::size_t offset = 0;  ///< where the author has to look
  std::string text;        ///< what is wrong there, and what to write instead
};

/// The first place where `text` leaves RFC 8259, with the usual mistakes by name: a comma that is missing or too many,
/// single quotes, comments, words without quotes, strings that are not closed. std::nullopt when there is none; encoding
/// and the size of numbers are not checked. Pure, total, linear.
std::optional<json_mistake> find_json_mistake(std::string_view text);

}  // namespace peelbox::spec
