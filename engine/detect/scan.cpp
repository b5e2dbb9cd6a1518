#include "engine/detect/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/detect/text.hpp"
#include "engine/filesync/walk_directory.hpp"

namespace peelbox::detect {
namespace {

constexpr std::array<std::string_view, 48> never_entered{
    ".bundle", ".cache", ".cargo", ".dart_tool", ".eggs", ".git", ".gradle", ".hg", ".idea", ".m2", ".mypy_cache",
    ".next", ".nuget", ".nuxt", ".output", ".pnpm-store", ".pytest_cache", ".ruff_cache", ".stack-work",
    ".svelte-kit", ".svn", ".terraform", ".tox", ".venv", ".vscode", ".yarn", ".zig-cache", "__pycache__",
    "_build", "bower_components", "build", "builddir", "cmake-build-debug", "cmake-build-release", "coverage",
    "dist", "dist-newstyle", "elm-stuff", "node_modules", "obj", "out", "site-packages", "target", "third_party",
    "vendor", "venv", "zig-cache", "zig-out"};

using filesync::entry_kind;

struct job {
  filesync::walk_directory dir;
  std::size_t depth = 0;
};

/// A stack of directories that some threads empty and fill.
class scanner {
 public:
  scanner(const filesync::walk_context& context, const scan_options& options) : context_(context), options_(options) {}

  result<void> run(filesync::walk_directory root) {
    if (auto opened = filesync::open_and_list(context_, root); opened.has_error()) return opened.error();
    visit({std::move(root), 0}, found);
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < options_.threads; ++i) threads.emplace_back([this] { work(); });
    work();
    threads.clear();
    if (too_many_)
      return failure(errc::limit, fmt::format("more than {} files; exclude some in .gitignore", options_.max_entries),
                     origin::user);
    return {};
  }

  std::vector<directory> found;
  std::vector<std::string> hidden;
  std::vector<note> notes;

 private:
  void work() {
    std::vector<directory> mine;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !waiting_.empty() || busy_ == 0 || too_many_; });
      if (waiting_.empty() || too_many_) break;
      job next = std::move(waiting_.back());
      waiting_.pop_back();
      ++busy_;
      lock.unlock();
      if (auto opened = filesync::open_and_list(context_, next.dir); opened.has_value()) {
        visit(std::move(next), mine);
      } else {
        const std::lock_guard guard(mutex_);
        notes.push_back({next.dir.path, opened.error().text});
      }
      lock.lock();
      if (--busy_ == 0) changed_.notify_all();
    }
    found.insert(found.end(), std::move_iterator(mine.begin()), std::move_iterator(mine.end()));
  }

  void visit(job here, std::vector<directory>& visited) {
    directory out;
    out.path = here.dir.path;
    std::vector<job> children;
    std::vector<note> remarks;
    std::vector<std::string> evidence;
    std::string path = out.path.empty() ? "" : out.path + '/';
    const std::size_t name_begins = path.size();
    filesync::filter::scope scope;
    for (std::size_t i = 0; i < here.dir.names.size(); ++i) {
      const std::string_view name = here.dir.names.name(i);
      entry_kind kind = here.dir.names.kind(i);
      if (kind == entry_kind::unknown) kind = look(here.dir, name);
      if (kind != entry_kind::regular && kind != entry_kind::directory) continue;
      path.resize(name_begins);
      path += name;
      const auto verdict = context_.rules->judge(path, kind == entry_kind::directory, here.dir.scope, scope);
      if (verdict == filesync::filter::verdict::skip) {
        if (kind == entry_kind::regular && is_evidence(name)) evidence.push_back(path);
        continue;
      }
      if (kind == entry_kind::regular) {
        out.files.add(name);
        continue;
      }
      out.directories.add(name);
      if (is_never_entered(name)) continue;
      if (here.depth + 1 > options_.max_depth) {
        remarks.push_back({path, fmt::format("not entered: more than {} directories deep", options_.max_depth)});
        continue;
      }
      job& inner = children.emplace_back();
      inner.depth = here.depth + 1;
      inner.dir.path = path;
      inner.dir.scope = std::exchange(scope, {});
      inner.dir.withheld = verdict == filesync::filter::verdict::look_inside;
    }
    out.files.finish();
    out.directories.finish();
    visited.push_back(std::move(out));
    const std::lock_guard lock(mutex_);
    entries_ += here.dir.names.size();
    if (entries_ > options_.max_entries) too_many_ = true;
    for (note& n : remarks) notes.push_back(std::move(n));
    for (std::string& e : evidence) hidden.push_back(std::move(e));
    for (job& child : children) waiting_.push_back(std::move(child));
    // The caller takes one of them itself.
    if (children.size() > 1 || too_many_) changed_.notify_all();
  }

  /// For file systems whose listings have no types.
  static entry_kind look(filesync::walk_directory& dir, std::string_view name) {
    const auto details = dir.handle->details(name);
    if (details.has_error()) return entry_kind::other;
    constexpr std::uint32_t type_mask = 0170000;
    constexpr std::uint32_t regular = 0100000;
    constexpr std::uint32_t folder = 0040000;
    const std::uint32_t type = details->posix_mode & type_mask;
    return type == regular ? entry_kind::regular : type == folder ? entry_kind::directory : entry_kind::other;
  }

  const filesync::walk_context& context_;
  const scan_options& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<job> waiting_;
  std::size_t busy_ = 0;
  std::size_t entries_ = 0;
  bool too_many_ = false;
};

}  // namespace

bool is_never_entered(std::string_view name) {
  return std::binary_search(never_entered.begin(), never_entered.end(), name) || name.ends_with(".egg-info");
}

result<repository> scan(std::shared_ptr<const filesync::file_tree> tree, std::shared_ptr<const filesync::filter> rules,
                        const scan_options& options) {
  const filesync::walk_context context{tree, std::move(rules), {}};
  scanner work(context, options);
  if (auto done = work.run({}); done.has_error()) return done.error();
  repository out(std::move(tree), std::move(work.found), std::move(work.hidden));
  for (note& n : work.notes) out.add_note(n.path, std::move(n.text));
  return out;
}

}  // namespace peelbox::detect
