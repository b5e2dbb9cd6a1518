// What the API server says when it does not do what it was asked. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/kubernetes/api_path.hpp"

namespace peelbox::kubernetes {

/// metav1.Status. Untrusted text.
struct api_status {
  bool success = false;
  std::string message;
  std::string reason;  ///< "Conflict", "Expired", …
  int code = 0;
  std::optional<int> exit_code;  ///< of a command that ran to its end
};
/// std::nullopt: it is something else, such as a page of a proxy.
std::optional<api_status> parse_status(std::string_view body);

struct asked {
  std::string verb;  ///< as rights name it: "get", "list", "patch", …
  object_path what;
  std::string who;
  std::string server;
};

/// A refusal as text: what was asked of which server, as whom, its own words, and the rule that is missing after 403. Codes:
/// permission (401, 403), not_found (404), lost (409, 410: read again), limit (413, 429), else connection.
failure refusal(const asked& question, int http_status, std::string_view body);

}  // namespace peelbox::kubernetes
