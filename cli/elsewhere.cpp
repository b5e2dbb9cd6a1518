#include "cli/elsewhere.hpp"

#include <algorithm>
#include <array>

namespace peelbox::cli {

namespace {

constexpr auto options = std::to_array<foreign_word>({
    {"--attest", "use --sbom and --provenance"},
    {"--builder", "name the daemon with --buildkit ADDR, as in docker-container://buildx_buildkit_NAME0"},
    {"--timeout", "a daemon that hangs is given up after --silence-limit SECONDS"},
});

constexpr auto commands = std::to_array<foreign_word>({
    {"push", "`peelbox build --push` pushes what it builds"},
    {"load", "`peelbox build --load` puts what it builds into Docker"},
    {"bake", "all services of a spec are built by `peelbox build --spec FILE --all`"},
    {"debug", "`peelbox info`, `peelbox workers` and `peelbox history` tell what a daemon is and did"},
    {"ls", "`peelbox workers` lists workers, `peelbox history ls` builds"},
    {"inspect", "`peelbox info` tells about a daemon, `peelbox history inspect REF` about a build"},
    {"logs", "`peelbox history logs REF` prints what a build printed"},
    {"login", "the logins of Docker's configuration are used; `docker login` writes them"},
});

}  // namespace

std::span<const foreign_word> foreign_options() noexcept { return options; }
std::span<const foreign_word> foreign_commands() noexcept { return commands; }

std::string_view way_of(std::span<const foreign_word> words, std::string_view word) noexcept {
  const auto found = std::find_if(words.begin(), words.end(), [word](const foreign_word& one) { return one.word == word; });
  return found == words.end() ? std::string_view() : found->way;
}

}  // namespace peelbox::cli
