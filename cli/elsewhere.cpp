#include "cli/elsewhere.hpp"

#include <algorithm>
#include <array>

namespace peelbox::cli {

namespace {

constexpr std::string_view push =
    "nothing is pushed yet. Write a file with -o type=oci,dest=app.tar and push it, as with `skopeo copy "
    "oci-archive:app.tar docker://REF`; or build into Docker and run `docker push REF`";
constexpr std::string_view load = "without --output the image goes into Docker anyway";
constexpr std::string_view dockerfile =
    "Dockerfiles are not read yet. `peelbox detect . > universalbuild.json` writes a spec for --spec; a Dockerfile is built "
    "by `docker buildx build -f FILE .` or `buildctl build --frontend dockerfile.v0 --local context=. --local dockerfile=.`";
constexpr std::string_view arguments =
    "a spec has no arguments; write build.env or runtime.env into it. For a Dockerfile: `docker buildx build` or `buildctl "
    "build --frontend dockerfile.v0 --opt build-arg:NAME=VALUE`";
constexpr std::string_view entitlements =
    "the commands of a spec have the daemon's network and limits";
constexpr std::string_view frontend = "no frontend is run; `buildctl build --frontend NAME --opt …` does it";
constexpr std::string_view annotation = "write it into --output: type=oci,dest=FILE,annotation.KEY=VALUE";
constexpr std::string_view usage = "`buildctl --addr ADDR du` or `docker buildx du` tells what a daemon's cache holds";
constexpr std::string_view prune = "`buildctl --addr ADDR prune` or `docker buildx prune` empties a daemon's cache";

constexpr auto options = std::to_array<foreign_word>({
    {"--push", push},
    {"--load", load},
    {"-f", dockerfile},
    {"--file", dockerfile},
    {"--target", "a spec has services; choose with --service NAME"},
    {"--build-arg", arguments},
    {"--network", entitlements},
    {"--add-host", entitlements},
    {"--ulimit", entitlements},
    {"--shm-size", entitlements},
    {"--frontend", frontend},
    {"--opt", frontend},
    {"--call", frontend},
    {"--check", frontend},
    {"--build-context", "a spec has one directory of sources; name it as in `peelbox build --spec FILE DIR`"},
    {"--annotation", annotation},
    {"--label", "an image has the labels of its runtime image. For annotations: -o type=oci,dest=FILE,annotation.KEY=VALUE"},
    {"--attest", "use --sbom and --provenance"},
    {"--builder", "name the daemon with --buildkit ADDR, as in docker-container://buildx_buildkit_NAME0"},
    {"--timeout", "a daemon that hangs is given up after --silence-limit SECONDS"},
});

constexpr auto commands = std::to_array<foreign_word>({
    {"du", usage},
    {"prune", prune},
    {"push", push},
    {"load", load},
    {"bake", "all services of a spec are built by `peelbox build --spec FILE --all`"},
    {"debug", "`peelbox info`, `peelbox workers` and `peelbox history` tell what a daemon is and did"},
    {"ls", "`peelbox workers` lists workers, `peelbox history ls` builds"},
    {"inspect", "`peelbox info` tells about a daemon, `peelbox history inspect REF` about a build"},
    {"logs", "`peelbox history logs REF` prints what a build printed"},
    {"login", "the logins of Docker's configuration are used; `docker login` writes them"},
    {"imagetools", "`docker buildx imagetools` and skopeo work on images of a registry"},
});

}  // namespace

std::span<const foreign_word> foreign_options() noexcept { return options; }
std::span<const foreign_word> foreign_commands() noexcept { return commands; }

std::string_view way_of(std::span<const foreign_word> words, std::string_view word) noexcept {
  const auto found = std::find_if(words.begin(), words.end(), [word](const foreign_word& one) { return one.word == word; });
  return found == words.end() ? std::string_view() : found->way;
}

}  // namespace peelbox::cli
