// What an exec plugin is told and what it answers (client.authentication.k8s.io). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/kubernetes/access.hpp"

namespace peelbox::kubernetes {

struct exec_credential {
  std::string token;
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// The value of KUBERNETES_EXEC_INFO. `ca` is the PEM of the cluster's authority, empty for none.
std::string exec_info(const exec_plugin& plugin, const access& to, std::string_view ca);

/// The plugin's standard output. Failures are errc::protocol and never quote it.
result<exec_credential> parse_exec_credential(const exec_plugin& plugin, std::string_view text);

/// "2026-11-30T06:00:00Z", with fractions and offsets (RFC 3339); the first or last time that the clock knows for
/// those before and after.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

}  // namespace peelbox::kubernetes
