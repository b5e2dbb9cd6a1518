#include "cli/build_modes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "cli/wrong.hpp"

namespace peelbox::cli {

namespace {

constexpr auto uses = std::to_array<flag_use>({
    // name                 spec   llb    dockerfile  frontend  dump
    {"--spec",            true,  false, false,      false,    true},
    {"--llb",             false, true,  false,      false,    false},
    {"--frontend",        false, false, false,      true,     false},
    {"--dump-llb",        false, false, false,      false,    true},
    // what is built
    {"DIR",               true,  false, true,       false,    true},
    {"--context",         true,  false, true,       false,    true},
    {"--local",           false, true,  false,      true,     false},
    {"--opt",             false, false, false,      true,     false},
    {"--service",         true,  false, false,      false,    true},
    {"--all",             true,  false, false,      false,    true},
    {"--platform",        true,  false, true,       false,    true},
    {"--entrypoint",      true,  false, false,      false,    false},
    {"--build-image",     true,  false, false,      false,    true},
    {"--runtime-image",   true,  false, false,      false,    true},
    {"--package-manager", true,  false, false,      false,    true},
    {"--cache-key",       true,  false, false,      false,    true},
    {"--no-gitignore",    true,  false, false,      false,    false},
    {"--no-cache",        true,  true,  true,       true,     true},
    {"--file",            false, false, true,       false,    false},
    {"--target",          false, false, true,       false,    false},
    {"--build-arg",       false, false, true,       false,    false},
    {"--build-context",   false, false, true,       false,    false},
    {"--label",           false, false, true,       false,    false},
    {"--pull",            false, false, true,       false,    false},
    {"--no-cache-filter", false, false, true,       false,    false},
    {"--network",         false, false, true,       false,    false},
    {"--add-host",        false, false, true,       false,    false},
    {"--shm-size",        false, false, true,       false,    false},
    {"--ulimit",          false, false, true,       false,    false},
    {"--cgroup-parent",   false, false, true,       false,    false},
    {"--call",            false, false, true,       false,    false},
    {"--check",           false, false, true,       false,    false},
    {"--paranoid",        true,  true,  true,       true,     true},
    {"--context-times",   true,  true,  true,       true,     false},
    {"--context-id",      true,  true,  true,       true,     false},
    // where it goes
    {"--tag",             true,  true,  true,       true,     false},
    {"--output",          true,  true,  true,       true,     false},
    {"--push",            true,  true,  true,       true,     false},
    {"--load",            true,  true,  true,       true,     false},
    {"--annotation",      true,  true,  true,       true,     false},
    {"--sbom",            true,  true,  true,       true,     false},
    {"--no-sbom",         true,  true,  true,       true,     false},
    {"--provenance",      true,  true,  true,       true,     false},
    {"--no-provenance",   true,  true,  true,       true,     false},
    // what the daemon may ask for
    {"--secret",          true,  true,  true,       true,     false},
    {"--ssh",             true,  true,  true,       true,     false},
    {"--oci-layout",      false, true,  false,      true,     false},
    {"--allow",           true,  true,  true,       true,     false},
    {"--source-policy-file",true,  true,  true,       true,     false},
    {"--cache-from",      true,  true,  true,       true,     false},
    {"--cache-to",        true,  true,  true,       true,     false},
    {"--import-cache",    true,  true,  true,       true,     false},
    {"--export-cache",    true,  true,  true,       true,     false},
    // the daemon
    {"--buildkit",        true,  true,  true,       true,     false},
    {"--tlscacert",       true,  true,  true,       true,     false},
    {"--tlscert",         true,  true,  true,       true,     false},
    {"--tlskey",          true,  true,  true,       true,     false},
    {"--tlsservername",   true,  true,  true,       true,     false},
    {"--tlsdir",          true,  true,  true,       true,     false},
    {"--silence-limit",   true,  true,  true,       true,     false},
    {"--retry",           true,  true,  true,       true,     false},
    {"--detach",          true,  true,  true,       true,     false},
    // what is told
    {"--progress",        true,  true,  true,       true,     false},
    {"--quiet",           true,  true,  true,       true,     false},
    {"--verbose",         true,  true,  true,       true,     true},
    {"--timeline",        true,  true,  true,       true,     false},
    {"--trace",           true,  true,  true,       true,     false},
    {"--log-file",        true,  true,  true,       true,     false},
    {"--metadata-file",   true,  true,  true,       true,     false},
    {"--iidfile",         true,  true,  true,       true,     false},
    {"--ref-file",        true,  true,  true,       true,     false},
    {"--stats",           true,  true,  true,       true,     false},
});

bool counts(const flag_use& use, build_mode mode) noexcept {
  switch (mode) {
    case build_mode::spec: return use.spec;
    case build_mode::llb: return use.llb;
    case build_mode::dockerfile: return use.dockerfile;
    case build_mode::frontend: return use.frontend;
    case build_mode::dump: return use.dump;
  }
  return false;
}

std::string_view reason(build_mode mode) noexcept {
  switch (mode) {
    case build_mode::spec: return "with --spec";
    case build_mode::llb: return "with --llb: a definition is solved as it is. Its directories are named with --local NAME=DIR";
    case build_mode::dockerfile: return "with a Dockerfile";
    case build_mode::frontend: return "with --frontend, whose options are --opt KEY=VALUE and whose directories are --local NAME=DIR";
    case build_mode::dump: return "with --dump-llb, which only writes the definition of a --spec";
  }
  return {};
}

/// The ways of building that one of these flags is for.
std::string meant_for(std::span<const flag_use> idle) {
  std::vector<std::string_view> ways;
  const auto any = [idle](bool flag_use::*way) { return std::any_of(idle.begin(), idle.end(), [way](const flag_use& use) { return use.*way; }); };
  if (any(&flag_use::spec)) ways.emplace_back("--spec FILE");
  if (any(&flag_use::llb)) ways.emplace_back("--llb FILE");
  if (any(&flag_use::dockerfile)) ways.emplace_back("a Dockerfile");
  if (any(&flag_use::frontend)) ways.emplace_back("--frontend NAME");
  return fmt::format("{} for {}", idle.size() == 1 ? "it is" : "they are", fmt::join(ways, " or "));
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
    {"--spec", "--frontend"},
    {"--llb", "--frontend"},
    {"--spec", "--file"},
    {"--llb", "--file"},
    {"--no-cache", "--no-cache-filter"},
    {"--call", "--check"},
    {"--sbom", "--no-sbom"},
    {"--provenance", "--no-provenance"},
});

}  // namespace

std::span<const flag_use> flag_uses() noexcept { return uses; }

build_mode mode_of(const build_args& args) noexcept {
  if (!args.dump_llb.empty()) return build_mode::dump;
  if (!args.llb.empty()) return build_mode::llb;
  if (!args.frontend.empty()) return build_mode::frontend;
  return args.spec.empty() ? build_mode::dockerfile : build_mode::spec;
}

result<void> check_flags(const build_args& args) {
  for (const rivals& pair : exclusive)
    if (given(args, pair.one) && given(args, pair.other))
      return wrong(fmt::format("{} and {} exclude each other", pair.one, pair.other));
  if (args.quiet && given(args, "--progress") && args.progress != "quiet" && args.progress != "auto")
    return wrong(fmt::format("--quiet and --progress {} exclude each other", args.progress));
  const build_mode mode = mode_of(args);
  std::vector<flag_use> idle;
  for (const flag_use& use : uses)
    if (!counts(use, mode) && given(args, use.name)) idle.push_back(use);
  if (idle.empty()) return {};
  std::vector<std::string_view> names;
  for (const flag_use& use : idle) names.push_back(use.name);
  std::string text = fmt::format("{} {} no effect {}", fmt::join(names, ", "), idle.size() == 1 ? "has" : "have", reason(mode));
  if (mode == build_mode::spec || mode == build_mode::dockerfile) text += "; " + meant_for(idle);
  return wrong(std::move(text));
}

}  // namespace peelbox::cli
