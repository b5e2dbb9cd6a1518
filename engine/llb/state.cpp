#include "engine/llb/state.hpp"

#include <algorithm>

#include "engine/data/json.hpp"
#include "engine/llb/node.hpp"
#include "engine/llb/op.hpp"

namespace peelbox::llb {
namespace {

// Values of the enumerations in solver/pb/ops.proto.
constexpr std::int64_t none = -1;
constexpr int content_cache_on = 1;
constexpr int content_cache_off = 2;
constexpr int secret_mode = 0400;
constexpr int ssh_mode = 0600;

int wire_type(mount::kind kind) {
  switch (kind) {
    case mount::kind::bind:
      return 0;
    case mount::kind::secret:
      return 1;
    case mount::kind::ssh:
      return 2;
    case mount::kind::cache:
      return 3;
    case mount::kind::tmpfs:
      return 4;
  }
  return 0;
}

int wire_sharing(mount::cache_sharing sharing) {
  switch (sharing) {
    case mount::cache_sharing::shared:
      return 0;
    case mount::cache_sharing::private_:
      return 1;
    case mount::cache_sharing::locked:
      return 2;
  }
  return 0;
}

std::shared_ptr<node> make_node(std::string name) {
  auto n = std::make_shared<node>();
  n->name = std::move(name);
  n->op.mutable_constraints();
  return n;
}

/// The index of `input` in `n`, to which it is added when it is new; -1 for scratch.
std::int64_t input_index(node& n, const state& input) {
  if (input.is_scratch()) return none;
  for (std::size_t i = 0; i < n.inputs.size(); ++i)
    if (n.inputs[i].operation() == input.operation() && n.inputs[i].output() == input.output())
      return static_cast<std::int64_t>(i);
  n.inputs.push_back(input);
  return static_cast<std::int64_t>(n.inputs.size()) - 1;
}

void set_platform(node& n, const oci::platform& p) {
  const oci::platform normal = oci::normalise(p);
  n.op.mutable_platform()->set_architecture(normal.arch);
  n.op.mutable_platform()->set_os(normal.os);
  n.op.mutable_platform()->set_variant(normal.variant);
}

/// A copy target keeps the slash that says "into this directory".
std::string target_path(const std::string& path) {
  std::string out = absolute_path(path);
  if (path.ends_with('/') && out != "/") out += '/';
  return out;
}

bool keeps_output(const mount& m) {
  return m.type == mount::kind::bind && !m.read_only && m.writes == mount::changes::kept;
}

void write_mount(node& n, const mount& m, std::int64_t output) {
  pb::Mount& out = *n.op.mutable_exec()->add_mounts();
  const bool has_source = m.type == mount::kind::bind || m.type == mount::kind::cache;
  out.set_input(has_source ? input_index(n, m.source) : none);
  if (!m.selector.empty()) out.set_selector(absolute_path(m.selector));
  out.set_dest(m.target);
  out.set_output(output);
  out.set_readonly(m.read_only);
  out.set_mounttype(wire_type(m.type));
  if (m.content == mount::content_key::on) out.set_contentcache(content_cache_on);
  if (m.content == mount::content_key::off) out.set_contentcache(content_cache_off);
  switch (m.type) {
    case mount::kind::bind:
      break;
    case mount::kind::tmpfs:
      out.mutable_tmpfsopt()->set_size(m.size);
      break;
    case mount::kind::cache:
      out.mutable_cacheopt()->set_id(m.id);
      out.mutable_cacheopt()->set_sharing(wire_sharing(m.sharing));
      break;
    case mount::kind::secret:
      out.mutable_secretopt()->set_id(m.id);
      out.mutable_secretopt()->set_mode(m.mode != 0 ? m.mode : secret_mode);
      out.mutable_secretopt()->set_optional(m.optional);
      break;
    case mount::kind::ssh:
      out.mutable_sshopt()->set_id(m.id.empty() ? "default" : m.id);
      out.mutable_sshopt()->set_mode(m.mode != 0 ? m.mode : ssh_mode);
      out.mutable_sshopt()->set_optional(m.optional);
      break;
  }
}

}  // namespace

std::string json_array(const std::vector<std::string>& items) {
  return data::to_text(data::json::array(items.begin(), items.end()));
}

state image(std::string reference, const oci::platform& platform, std::string name) {
  auto n = make_node(std::move(name));
  set_platform(*n, platform);
  n->op.mutable_source()->set_identifier("docker-image://" + std::move(reference));
  return {std::move(n), 0};
}

state local(const std::string& source_name, const local_options& options, std::string name) {
  auto n = make_node(std::move(name));
  pb::SourceOp& source = *n->op.mutable_source();
  source.set_identifier("local://" + source_name);
  auto& attrs = *source.mutable_attrs();
  if (!options.session_id.empty()) attrs["local.session"] = options.session_id;
  if (!options.unique.empty()) attrs["local.unique"] = options.unique;
  if (!options.shared_key_hint.empty()) attrs["local.sharedkeyhint"] = options.shared_key_hint;
  if (!options.include_patterns.empty()) attrs["local.includepattern"] = json_array(options.include_patterns);
  if (!options.exclude_patterns.empty())
    attrs["local.excludepatterns"] = json_array(options.exclude_patterns);
  if (!options.follow_paths.empty()) attrs["local.followpaths"] = json_array(options.follow_paths);
  if (options.always_transfer) attrs["local.differ"] = "none";
  return {std::move(n), 0};
}

mount bind(std::string target, state source) {
  mount m;
  m.target = std::move(target);
  m.source = std::move(source);
  return m;
}

mount bind_read_only(std::string target, state source, std::string selector) {
  mount m = bind(std::move(target), std::move(source));
  m.selector = std::move(selector);
  m.read_only = true;
  return m;
}

mount cache(std::string target, std::string id, mount::cache_sharing sharing) {
  mount m;
  m.type = mount::kind::cache;
  m.target = std::move(target);
  m.id = std::move(id);
  m.sharing = sharing;
  return m;
}

mount tmpfs(std::string target, std::int64_t size) {
  mount m;
  m.type = mount::kind::tmpfs;
  m.target = std::move(target);
  m.size = size;
  return m;
}

mount secret(std::string target, std::string id, bool optional) {
  mount m;
  m.type = mount::kind::secret;
  m.target = std::move(target);
  m.id = std::move(id);
  m.optional = optional;
  return m;
}

mount ssh(std::string target, std::string id, bool optional) {
  mount m;
  m.type = mount::kind::ssh;
  m.target = std::move(target);
  m.id = std::move(id);
  m.optional = optional;
  return m;
}

state run_result::at(const std::string& target) const {
  const auto found =
      std::find_if(mounts.begin(), mounts.end(), [&](const auto& m) { return m.first == target; });
  return found == mounts.end() ? state() : found->second;
}

run_result run(const state& root, run_options options, std::string name) {
  auto n = make_node(std::move(name));
  set_platform(*n, options.platform);
  pb::Meta& meta = *n->op.mutable_exec()->mutable_meta();
  for (std::string& arg : options.args) meta.add_args(std::move(arg));
  for (std::string& variable : options.env) meta.add_env(std::move(variable));
  meta.set_cwd(options.cwd);
  meta.set_user(options.user);
  // Removes the empty directories that mounts at "/a/b/c" leave behind in the root (daemons that know the
  // field).
  meta.set_removemountstubsrecursive(true);

  for (secret_variable& secret : options.secrets) {
    pb::SecretEnv& variable = *n->op.mutable_exec()->add_secretenv();
    variable.set_id(std::move(secret.id));
    variable.set_name(std::move(secret.name));
    variable.set_optional(secret.optional);
  }

  mount root_mount = bind("/", root);
  root_mount.read_only = options.root_read_only;
  root_mount.writes = options.root_writes;
  options.mounts.push_back(std::move(root_mount));
  // The order of client/llb/exec.go: by target, then secrets, then ssh.
  const auto rank = [](const mount& m) {
    return m.type == mount::kind::secret ? 1 : m.type == mount::kind::ssh ? 2 : 0;
  };
  std::stable_sort(options.mounts.begin(), options.mounts.end(), [&](const mount& a, const mount& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.target < b.target;
  });

  run_result out;
  std::int64_t next_output = 0;
  std::vector<std::pair<std::string, std::int64_t>> outputs;
  for (const mount& m : options.mounts) {
    const bool kept = keeps_output(m);
    if (kept) outputs.emplace_back(m.target, next_output);
    write_mount(*n, m, kept ? next_output++ : none);
  }
  const std::shared_ptr<const node> finished = std::move(n);
  for (auto& [target, output] : outputs) {
    if (target == "/") out.root = state(finished, output);
    out.mounts.emplace_back(target, state(finished, output));
  }
  return out;
}

state file(const state& base, std::vector<file_step> steps, std::string name) {
  if (steps.empty()) return base;
  auto n = make_node(std::move(name));
  const std::int64_t first_input = input_index(*n, base);
  // All inputs first, because the results of actions are numbered after them.
  std::vector<std::int64_t> sources;
  for (const file_step& step : steps) {
    const auto* copy = std::get_if<copy_step>(&step);
    sources.push_back(copy ? input_index(*n, copy->from) : none);
  }
  const auto inputs = static_cast<std::int64_t>(n->inputs.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    pb::FileAction& action = *n->op.mutable_file()->add_actions();
    action.set_input(i == 0 ? first_input : inputs + static_cast<std::int64_t>(i) - 1);
    action.set_secondaryinput(sources[i]);
    action.set_output(i + 1 == steps.size() ? 0 : none);
    if (auto* copy = std::get_if<copy_step>(&steps[i])) {
      pb::FileActionCopy& out = *action.mutable_copy();
      out.set_src(absolute_path(copy->source));
      out.set_dest(target_path(copy->target));
      out.set_mode(-1);
      out.set_followsymlink(copy->follow_links);
      out.set_dircopycontents(copy->contents);
      out.set_createdestpath(true);
      out.set_allowwildcard(copy->wildcard);
      out.set_allowemptywildcard(copy->allow_no_match);
      out.set_timestamp(-1);
      for (std::string& pattern : copy->include_patterns) out.add_include_patterns(std::move(pattern));
      for (std::string& pattern : copy->exclude_patterns) out.add_exclude_patterns(std::move(pattern));
      out.set_alwaysreplaceexistingdestpaths(copy->replace);
    } else if (auto* mkdir = std::get_if<mkdir_step>(&steps[i])) {
      pb::FileActionMkDir& out = *action.mutable_mkdir();
      out.set_path(absolute_path(mkdir->path));
      out.set_mode(static_cast<std::int32_t>(mkdir->mode & 0777));
      out.set_makeparents(mkdir->parents);
      out.set_timestamp(-1);
    } else if (auto* mkfile = std::get_if<mkfile_step>(&steps[i])) {
      pb::FileActionMkFile& out = *action.mutable_mkfile();
      out.set_path(absolute_path(mkfile->path));
      out.set_mode(static_cast<std::int32_t>(mkfile->mode & 0777));
      out.set_data(std::move(mkfile->data));
      out.set_timestamp(-1);
    }
  }
  return {std::move(n), 0};
}

state merge(const std::vector<state>& layers, std::string name) {
  std::vector<state> real;
  std::copy_if(layers.begin(), layers.end(), std::back_inserter(real),
               [](const state& s) { return !s.is_scratch(); });
  if (real.empty()) return {};
  if (real.size() == 1) return real.front();
  auto n = make_node(std::move(name));
  for (const state& layer : real) {
    // Not input_index(): the daemon wants a number of its own for every layer, even for equal ones.
    n->op.mutable_merge()->add_inputs()->set_input(static_cast<std::int64_t>(n->inputs.size()));
    n->inputs.push_back(layer);
  }
  return {std::move(n), 0};
}

state diff(const state& lower, const state& upper, std::string name) {
  auto n = make_node(std::move(name));
  n->op.mutable_diff()->mutable_lower()->set_input(input_index(*n, lower));
  n->op.mutable_diff()->mutable_upper()->set_input(input_index(*n, upper));
  return {std::move(n), 0};
}

}  // namespace peelbox::llb
