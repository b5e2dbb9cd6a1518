#include "engine/detect/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

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
    visit({std::move(root), 0});
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
  std::vector<note> notes;

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !waiting_.empty() || busy_ == 0 || too_many_; });
      if (waiting_.empty() || too_many_) return;
      job next = std::move(waiting_.back());
      waiting_.pop_back();
      ++busy_;
      lock.unlock();
      if (auto opened = filesync::open_and_list(context_, next.dir); opened.has_value()) {
        visit(std::move(next));
      } else {
        const std::lock_guard guard(mutex_);
        notes.push_back({next.dir.path, opened.error().text});
      }
      lock.lock();
      if (--busy_ == 0) changed_.notify_all();
    }
  }

  void visit(job here) {
    directory out;
    out.path = here.dir.path;
    std::vector<job> children;
    std::vector<note> remarks;
    for (std::size_t i = 0; i < here.dir.names.size(); ++i) {
      const std::string_view name = here.dir.names.name(i);
      entry_kind kind = here.dir.names.kind(i);
      if (kind == entry_kind::unknown) kind = look(here.dir, name);
      if (kind != entry_kind::regular && kind != entry_kind::directory) continue;
      job inner;
      inner.dir.path = join(out.path, name);
      inner.depth = here.depth + 1;
      const auto verdict =
          context_.rules->judge(inner.dir.path, kind == entry_kind::directory, here.dir.scope, inner.dir.scope);
      if (verdict == filesync::filter::verdict::skip) continue;
      if (kind == entry_kind::regular) {
        out.files.emplace_back(name);
        continue;
      }
      out.directories.emplace_back(name);
      if (is_never_entered(name)) continue;
      if (inner.depth > options_.max_depth) {
        remarks.push_back({inner.dir.path, fmt::format("not entered: more than {} directories deep", options_.max_depth)});
        continue;
      }
      inner.dir.withheld = verdict == filesync::filter::verdict::look_inside;
      children.push_back(std::move(inner));
    }
    out.files.shrink_to_fit();
    const std::lock_guard lock(mutex_);
    entries_ += here.dir.names.size();
    if (entries_ > options_.max_entries) too_many_ = true;
    found.push_back(std::move(out));
    for (note& n : remarks) notes.push_back(std::move(n));
    for (job& child : children) waiting_.push_back(std::move(child));
    changed_.notify_all();
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
  repository out(std::move(tree), std::move(work.found));
  for (note& n : work.notes) out.add_note(n.path, std::move(n.text));
  return out;
}

}  // namespace peelbox::detect
