#include "cli/build_modes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace peelbox::cli {

namespace {

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

constexpr auto uses = std::to_array<flag_use>({
    // name              spec   llb    dump
    {"--spec",           true,  false, true},
    {"--llb",            false, true,  false},
    {"--dump-llb",       false, false, true},
    // what is built
    {"DIR",              true,  false, true},
    {"--context",        true,  false, true},
    {"--local",          false, true,  false},
    {"--service",        true,  false, true},
    {"--all",            true,  false, true},
    {"--platform",       true,  false, true},
    {"--entrypoint",     true,  false, false},
    {"--build-image",    true,  false, true},
    {"--runtime-image",  true,  false, true},
    {"--package-manager",true,  false, true},
    {"--cache-key",      true,  false, true},
    {"--no-gitignore",   true,  false, false},
    {"--no-cache",       true,  true,  true},
    {"--paranoid",       true,  true,  true},
    // where it goes
    {"--tag",            true,  true,  false},
    {"--output",         true,  true,  false},
    {"--sbom",           true,  true,  false},
    {"--no-sbom",        true,  true,  false},
    {"--provenance",     true,  true,  false},
    {"--no-provenance",  true,  true,  false},
    // what the daemon may ask for
    {"--secret",         true,  true,  false},
    {"--ssh",            true,  true,  false},
    {"--oci-layout",     false, true,  false},
    {"--allow",          true,  true,  false},
    {"--source-policy-file", true, true, false},
    {"--cache-from",     true,  true,  false},
    {"--cache-to",       true,  true,  false},
    {"--import-cache",   true,  true,  false},
    {"--export-cache",   true,  true,  false},
    // the daemon
    {"--buildkit",       true,  true,  false},
    {"--tlscacert",      true,  true,  false},
    {"--tlscert",        true,  true,  false},
    {"--tlskey",         true,  true,  false},
    {"--tlsservername",  true,  true,  false},
    {"--tlsdir",         true,  true,  false},
    {"--silence-limit",  true,  true,  false},
    {"--detach",         true,  true,  false},
    // what is told
    {"--progress",       true,  true,  false},
    {"--quiet",          true,  true,  false},
    {"--verbose",        true,  true,  true},
    {"--timeline",       true,  true,  false},
    {"--trace",          true,  true,  false},
    {"--log-file",       true,  true,  false},
    {"--metadata-file",  true,  true,  false},
    {"--iidfile",        true,  true,  false},
    {"--ref-file",       true,  true,  false},
    {"--stats",          true,  true,  false},
});

bool counts(const flag_use& use, build_mode mode) noexcept {
  switch (mode) {
    case build_mode::spec: return use.spec;
    case build_mode::llb: return use.llb;
    case build_mode::dump: return use.dump;
  }
  return false;
}

std::string_view reason(build_mode mode) noexcept {
  switch (mode) {
    case build_mode::spec: return "without --llb: the sources of a spec are one directory, --context DIR";
    case build_mode::llb: return "with --llb: a definition is solved as it is. Its directories are named with --local NAME=DIR";
    case build_mode::dump: return "with --dump-llb, which only writes the definition of a --spec";
  }
  return {};
}

bool given(const build_args& args, std::string_view name) {
  return std::find(args.given.begin(), args.given.end(), name) != args.given.end();
}

/// Only one of a pair can have an effect.
struct rivals {
  std::string_view one;
  std::string_view other;
};
constexpr auto exclusive = std::to_array<rivals>({
    {"--spec", "--llb"},
    {"DIR", "--context"},
    {"--all", "--service"},
    {"--sbom", "--no-sbom"},
    {"--provenance", "--no-provenance"},
});

}  // namespace

std::span<const flag_use> flag_uses() noexcept { return uses; }

build_mode mode_of(const build_args& args) noexcept {
  return !args.dump_llb.empty() ? build_mode::dump : !args.llb.empty() ? build_mode::llb : build_mode::spec;
}

result<void> check_flags(const build_args& args) {
  for (const rivals& pair : exclusive)
    if (given(args, pair.one) && given(args, pair.other))
      return wrong(fmt::format("{} and {} exclude each other", pair.one, pair.other));
  if (args.quiet && given(args, "--progress") && args.progress != "quiet" && args.progress != "auto")
    return wrong(fmt::format("--quiet and --progress {} exclude each other", args.progress));
  const build_mode mode = mode_of(args);
  std::vector<std::string_view> idle;
  for (const flag_use& use : uses)
    if (!counts(use, mode) && given(args, use.name)) idle.push_back(use.name);
  if (!idle.empty())
    return wrong(fmt::format("{} {} no effect {}", fmt::join(idle, ", "), idle.size() == 1 ? "has" : "have", reason(mode)));
  return {};
}

}  // namespace peelbox::cli
