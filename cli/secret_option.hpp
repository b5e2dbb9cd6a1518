// --secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/environment.hpp"
#include "engine/async/failure.hpp"
#include "engine/session/secrets_service.hpp"

namespace peelbox::cli {

struct secret_option {
  enum class place {
    file,      ///< `name` is a path
    variable,  ///< `name` is a variable of the environment
    either,    ///< `name` is the id: a variable of that name, else a file
  };
  std::string id;
  place where = place::either;
  std::string name;
};

/// "id=ID[,src=FILE|,source=FILE][,env=VARIABLE][,type=file|env]" (cmd/buildctl/build/secret.go, util/buildflags/secrets.go of
/// buildx). With type=env and no env, src names the variable; a variable counts more than a file. Pure.
result<secret_option> parse_secret(std::string_view text);

/// Looks at what the options name, so that a missing variable or file is known before anybody connects. A variable is read here;
/// so is what is no regular file, such as a pipe, because it can be read once only. errc::usage, not_found, permission, io, limit.
result<session::secret_book> find_secrets(const std::vector<std::string>& options, const environment& variables);

}  // namespace peelbox::cli
