// What a registry wants to know before it answers: WWW-Authenticate. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::registry {

struct challenge {
  std::string scheme;  ///< lower case: "bearer", "basic"
  /// By lower-case name: realm, service, scope, error.
  std::map<std::string, std::string> parameters;

  /// Empty when there is none.
  std::string_view parameter(std::string_view name) const noexcept;
};

/// The challenges of one header field, in its order (RFC 9110, 11.6.1): a field may hold several, and parameters are
/// tokens or quoted strings. What cannot be read ends the list; of more than 16 challenges or parameters the rest is left
/// out. Total: any bytes give a list.
std::vector<challenge> parse_challenges(std::string_view field);

/// The one that we answer: the first Bearer with a realm, else the first Basic; nullptr: there is none. As containerd's
/// authorizer, because a registry that offers both gives tokens with fewer rights than a password has.
const challenge* choose(const std::vector<challenge>& among) noexcept;

}  // namespace peelbox::registry
