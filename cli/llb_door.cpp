#include "cli/llb_door.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "cli/local_option.hpp"
#include "cli/wrong.hpp"
#include "engine/llb/definition.hpp"
#include "engine/llb/local_sources.hpp"
#include "engine/llb/narrow.hpp"
#include "engine/llb/platform_of.hpp"
#include "engine/session/identity.hpp"
#include "engine/spec/image_config.hpp"

namespace peelbox::cli {

namespace {

result<std::string> read_llb(const build_args& args) {
  const std::string& path = args.llb;
  if (path == "-") return args.piped;
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong(fmt::format("--llb {}: {}", path, std::generic_category().message(errno)));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

bool has(const llb_door& door, const std::string& name) {
  return std::any_of(door.locals.begin(), door.locals.end(), [&](const auto& local) { return local.first == name; });
}

/// Checked here because the daemon would only say "no access allowed to dir", and only after all other steps.
result<void> has_all_locals(const llb_door& door, const std::vector<std::string>& read) {
  std::string names;
  std::string flags;
  for (const std::string& name : read) {
    if (has(door, name)) continue;
    names += (names.empty() ? "\"" : ", \"") + name + '"';
    flags += " --local " + name + "=DIR";
  }
  if (names.empty()) return {};
  return wrong(fmt::format("--llb {}: the definition reads {}, a directory of this machine that no --local gives: add{}", door.file, names, flags));
}

}  // namespace

result<llb_door> open_llb_door(const build_args& args, const session::user_secret& user) {
  llb_door door;
  door.file = args.llb;
  door.no_cache = args.no_cache;
  result<std::string> bytes = read_llb(args);
  if (bytes.has_error()) return bytes.error();
  door.definition = std::make_shared<pb::Definition>();
  if (bytes->empty() || !door.definition->ParseFromString(*bytes) || door.definition->def_size() == 0)
    return wrong("--llb " + args.llb + ": not an LLB definition (as `peelbox build --dump-llb -` writes one)");
  auto locals = parse_locals(args.locals);
  if (locals.has_error()) return locals.error();
  door.locals = std::move(*locals);
  std::string roots;
  for (const auto& [name, root] : door.locals) roots += root + '\0';
  // A definition is solved unchanged. So for --paranoid a new key keeps the daemon from comparing with what it has.
  door.shared_key = args.paranoid ? "peelbox-" + session::random_id() : session::shared_key_for(user, roots, "none");
  return door;
}

result<door_plan> plan_build(llb_door door, const door_setting& with) {
  pb::Definition& definition = *door.definition;
  const std::vector<llb::narrowed_local> narrowed = llb::narrow_locals(definition);
  if (door.no_cache) llb::ignore_cache(definition);
  llb::complete_metadata(definition);
  const std::vector<std::string> read = llb::local_sources(definition);
  result<void> complete = has_all_locals(door, read);
  if (complete.has_error()) return complete.error();
  door_plan plan;
  plan.shared_key = door.shared_key;
  plan.reads = llb::local_requests(definition, with.session_id);
  for (const auto& [name, root] : door.locals) {
    auto source = std::make_shared<filesync::context_source>();
    source->root = root;
    for (const llb::narrowed_local& one : narrowed)
      if (one.name == name) source->copied.insert(one.paths);
    plan.contexts[name] = std::move(source);
    // An operation may build a definition that is made later and reads more, so this is no error.
    if (std::find(read.begin(), read.end(), name) == read.end())
      plan.warnings.push_back(fmt::format("--local {} has no effect: the definition of --llb reads {}", name,
                                          read.empty() ? "no directory" : fmt::format("{}", fmt::join(read, ", "))));
  }
  client::solve_request request;
  client::platform_build part;
  if (const std::optional<oci::platform> own = llb::platform_of(definition)) {
    request.platforms = {*own};
    part.platform = *own;
    // Without it the daemon calls the image one for itself.
    if (with.targets.front().makes_image()) part.image_config = spec::plain_image_config_json(*own);
  }
  part.definition = door.definition;
  request.source = client::definitions{{std::move(part)}};
  plan.requests.push_back(std::move(request));
  return plan;
}

}  // namespace peelbox::cli
