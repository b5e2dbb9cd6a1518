// Which repository a checkout is of.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::spec {

/// One spelling for every URL of a repository: "host/path" without user, password, query, the port of ssh and the
/// usual one of others, ".git" and slashes at the end; the host in lower case. So git@host:a/b.git, ssh://git@host:2222/a/b
/// and https://token@host/a/b/ are all "host/a/b". Empty for what is no other host's: a path, file://, a remote helper.
std::string normalised_origin(std::string_view url);

}  // namespace peelbox::spec
