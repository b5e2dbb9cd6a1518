// --cache-from and --cache-to as buildx spells them, --import-cache and --export-cache as buildctl does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/environment.hpp"
#include "engine/async/failure.hpp"
#include "engine/client/request.hpp"

namespace peelbox::cli {

enum class cache_way {
  from,
  to,
};
/// The two differ in what they take for a reference of a registry, in the default mode of an export, and in what is missing for
/// the cache of GitHub's actions.
enum class cache_spelling {
  buildx,    ///< without "=" each comma-separated word is a reference; there is no default mode; without a token the cache is left out
  buildctl,  ///< without "type=" all of it is one reference; an export has mode=min; without a token it is an error
};

struct parsed_caches {
  std::vector<client::cache_place> places;
  std::vector<std::string> warnings;
};

/// One option (cmd/buildctl/build/{importcache,exportcache,util}.go; util/buildflags/cache.go of buildx). Fills in url, url_v2 and
/// token of type=gha from ACTIONS_*, and the keys of type=s3 from AWS_*, where they are not given. errc::usage for a type that
/// BuildKit does not have, and for what is missing. `flag` is named in the messages.
result<parsed_caches> parse_cache(std::string_view flag, std::string_view text, cache_way way, cache_spelling spelling,
                                  const environment& variables);

/// Whether its attributes hold a token or a key.
bool has_credentials(const client::cache_place& place);

}  // namespace peelbox::cli
