// The JSON of a source policy (sourcepolicy/pb/policy.proto), as --source-policy-file takes it.
#pragma once

#include <memory>
#include <string_view>

#include "engine/async/failure.hpp"

namespace moby::buildkit::v1::sourcepolicy {
class Policy;
}

namespace peelbox::client {

/// {"version": 1, "rules": [{"action": "DENY"|"ALLOW"|"CONVERT", "selector": {"identifier", "match_type": "WILDCARD"|"EXACT"|"REGEX",
/// "constraints": [{"key", "value", "condition": "EQUAL"|"NOTEQUAL"|"MATCHES"}]}, "updates": {"identifier", "attrs"}}]}. Numbers are
/// taken for names, as Go's decoder does it. A rule that is misread would let through what it is to deny, so a key that is not
/// known is errc::usage here. `name` begins the messages. Pure.
result<std::shared_ptr<const moby::buildkit::v1::sourcepolicy::Policy>> parse_source_policy(std::string_view text, std::string_view name);

}  // namespace peelbox::client
