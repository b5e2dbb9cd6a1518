// Values of flags as the attributes that BuildKit's Dockerfile frontend reads (frontend/dockerui/config.go, attr.go), and as
// those of exporters. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/async/environment.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// "NAME=VALUE" of --build-arg and --label. NAME alone is for `missing`: an argument takes the variable's value and does not
/// count when there is none, a label is empty.
result<std::map<std::string, std::string>> named_values(std::string_view flag, std::span<const std::string> texts,
                                                        const environment& missing);

/// "host:ip", "host=ip", "host:[ip6]" -> "host=ip,host=ip".
result<std::string> host_entries(std::span<const std::string> texts);

/// "nofile=1024:2048" -> "nofile=1024:2048,…"; without the second part both are equal.
result<std::string> ulimit_entries(std::span<const std::string> texts);

/// "128m" -> "134217728". Units as Docker has them: b, k, m, g, t, powers of 1024, with or without a following b or ib.
result<std::string> size_in_bytes(std::string_view flag, std::string_view text);

/// "[TYPE[PLATFORM],…:]KEY=VALUE" of --annotation -> exporter attributes, such as "annotation-index[linux/amd64].KEY".
/// TYPE is manifest, index, manifest-descriptor or index-descriptor (buildx, util/buildflags/export.go).
result<std::vector<std::pair<std::string, std::string>>> annotation_attributes(std::string_view text);

/// Whether a context is fetched by the daemon: a URL of http, git or ssh, "git@host:path", or "github.com/…".
bool is_remote_context(std::string_view text);

}  // namespace peelbox::cli
