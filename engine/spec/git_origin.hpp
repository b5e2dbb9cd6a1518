// Which repository a checkout is of, from the text of git's configuration.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::spec {

/// The first URL of the remote "origin" in a git configuration file (git-config(1), "Syntax"); empty when there is none.
/// Files that it includes, and `insteadOf`, are not looked at.
std::string origin_url(std::string_view config);

/// One spelling for every URL of a repository: "host/path" without user, password, query, the port of ssh and the
/// usual one of others, ".git" and slashes at the end; the host in lower case. So git@host:a/b.git, ssh://git@host:2222/a/b
/// and https://token@host/a/b/ are all "host/a/b". Empty for what is no other host's: a path, file://, a remote helper.
std::string normalised_origin(std::string_view url);

}  // namespace peelbox::spec
