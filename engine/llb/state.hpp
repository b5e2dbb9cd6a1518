// Immutable handles to a file tree that a build graph will produce.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/oci/platform.hpp"

namespace peelbox::llb {

struct node;

/// One output of one operation, or scratch: an empty tree. Copying is cheap; the graph behind it is shared
/// and never changes, so several threads may use it. Building a graph does no I/O and cannot fail: what is wrong with paths,
/// names and images is found by the daemon. Memory is the operations and nothing more.
///
/// `name` in what follows is what progress calls the step; empty: the daemon makes one of the operation.
class state {
 public:
  /// Scratch.
  state() = default;
  state(std::shared_ptr<const node> n, std::int64_t output) : node_(std::move(n)), output_(output) {}

  bool is_scratch() const noexcept { return node_ == nullptr; }
  const std::shared_ptr<const node>& operation() const noexcept { return node_; }
  std::int64_t output() const noexcept { return output_; }

 private:
  std::shared_ptr<const node> node_;
  std::int64_t output_ = 0;
};

/// `reference` has to be normalised: oci::image_reference::text().
state image(std::string reference, const oci::platform& platform, std::string name = {});

/// A directory of a client: `source_name` is the key in client::build_options::contexts. Patterns as in filesync/pattern.hpp.
struct local_options {
  std::string session_id;       ///< local.session
  std::string unique;           ///< local.unique: needed when there is no session id
  std::string shared_key_hint;  ///< local.sharedkeyhint
  std::vector<std::string> include_patterns;
  std::vector<std::string> exclude_patterns;
  std::vector<std::string> follow_paths;
  bool always_transfer = false;  ///< local.differ = none
};
state local(const std::string& source_name, const local_options& options, std::string name = {});

/// A file tree that a command sees at `target`.
struct mount {
  enum class kind { bind, secret, ssh, cache, tmpfs };
  enum class cache_sharing { shared, private_, locked };
  /// What happens to changes in a writable bind mount.
  enum class changes { kept, dropped };
  enum class content_key { automatic, on, off };

  kind type = kind::bind;
  std::string target;
  state source;          ///< bind and cache; scratch otherwise
  std::string selector;  ///< a path inside `source`
  bool read_only = false;
  changes writes = changes::kept;
  /// Whether the content of `source` is part of the command's cache key (Mount.contentCache). Only BuildKit >= 0.13
  /// reads it; older daemons behave as with `automatic`.
  content_key content = content_key::automatic;
  std::string id;  ///< cache, secret, ssh
  cache_sharing sharing = cache_sharing::shared;
  std::int64_t size = 0;   ///< tmpfs, in bytes; 0 is no limit
  bool optional = false;   ///< secret, ssh
  std::uint32_t mode = 0;  ///< secret, ssh; 0 is 0400 and 0600
};

mount bind(std::string target, state source);
mount bind_read_only(std::string target, state source, std::string selector = {});
mount cache(std::string target, std::string id, mount::cache_sharing sharing = mount::cache_sharing::shared);
mount tmpfs(std::string target, std::int64_t size = 0);
mount secret(std::string target, std::string id, bool optional = false);
mount ssh(std::string target, std::string id = {}, bool optional = false);

/// The content of a secret as a variable of the environment.
struct secret_variable {
  std::string id;
  std::string name;
  bool optional = false;
};

/// A command. It sees the root, the mounts and nothing else; its standard input is empty.
struct run_options {
  std::vector<std::string> args;  ///< the program and its arguments; no shell reads them
  std::vector<std::string> env;  ///< "NAME=value", in this order
  std::string cwd = "/";
  std::string user;
  std::vector<mount> mounts;  ///< besides the root
  std::vector<secret_variable> secrets;
  bool root_read_only = false;
  mount::changes root_writes = mount::changes::kept;
  oci::platform platform;
};

/// The results of a command: the root (scratch when its writes are not kept) and each mount whose writes are
/// kept.
struct run_result {
  state root;
  /// The result of the mount at `target`; scratch when its writes are not kept.
  state at(const std::string& target) const;

  std::vector<std::pair<std::string, state>> mounts;
};
run_result run(const state& root, run_options options, std::string name = {});

/// Paths are absolute. A copy keeps modes, owners and times of what it copies.
struct copy_step {
  state from;
  std::string source;
  std::string target;     ///< a trailing slash means: into this directory
  bool contents = false;  ///< of a directory, instead of the directory itself
  bool wildcard = false;
  bool allow_no_match = false;
  bool follow_links = false;
  bool replace = false;  ///< alwaysReplaceExistingDestPaths
  std::vector<std::string> include_patterns;
  std::vector<std::string> exclude_patterns;
};

struct mkdir_step {
  std::string path;
  std::uint32_t mode = 0755;
  bool parents = true;
};
struct mkfile_step {
  std::string path;
  std::string data;
  std::uint32_t mode = 0644;
};
using file_step = std::variant<copy_step, mkdir_step, mkfile_step>;

/// The steps are applied to `base` in order and make one layer.
state file(const state& base, std::vector<file_step> steps, std::string name = {});
/// The trees on top of each other, the last one uppermost, without copying their files (MergeOp, v0.10).
state merge(const std::vector<state>& layers, std::string name = {});
/// What `upper` changed in `lower`, as a tree that merge() can put on another one (DiffOp, v0.10).
state diff(const state& lower, const state& upper, std::string name = {});

}  // namespace peelbox::llb
