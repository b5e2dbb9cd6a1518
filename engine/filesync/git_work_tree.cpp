#include "engine/filesync/git_work_tree.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "engine/filesync/beneath.hpp"
#include "engine/filesync/git_config.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::size_t max_text = 1024 * 1024;
// About a million files.
constexpr std::size_t max_index = std::size_t{256} << 20;

constexpr std::string_view advice = "; mend it, or build with --no-gitignore";

/// All of a regular file; std::nullopt when there is none of that name.
result<std::optional<std::string>> read_if_there(const std::string& path, std::size_t limit, int flags = 0) {
  const auto failed = [&](int error) {
    failure why = errno_reason(error);
    why.text = fmt::format("cannot read {}: {}{}", in_quotes(path), why.text, advice);
    return why;
  };
  // O_NONBLOCK: a fifo of that name must not stop us.
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags));
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return std::optional<std::string>();
  if (!fd) return failed(errno);
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return failed(errno);
  if (!S_ISREG(st.st_mode)) return std::optional<std::string>();
  if (static_cast<std::uint64_t>(st.st_size) > limit)
    return failure(errc::limit, fmt::format("cannot read {}: it has {} bytes, and {} are the limit{}", in_quotes(path), st.st_size, limit, advice),
                   origin::user);
  std::string text(static_cast<std::size_t>(st.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::read(fd.get(), text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return std::optional<std::string>(std::move(text));
}

bool is_directory(const std::string& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

std::string resolved(const std::string& from, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : from + '/' + std::string(path);
}

std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// What a file of one line says; empty when it cannot be read.
std::string line_of(const std::string& path) {
  const auto text = read_if_there(path, max_text);
  return text && *text ? std::string(without_line_end(**text)) : std::string();
}

class disk_repositories final : public git_repositories {
 public:
  disk_repositories(std::string root, std::string home, std::string xdg_config_home)
      : root_(std::move(root)), home_(std::move(home)), xdg_(std::move(xdg_config_home)) {}

  result<git_ignore_scope::pointer> enter(std::string_view directory, git_ignore_scope::pointer outer) const override {
    const std::string path = directory.empty() ? root_ : root_ + '/' + std::string(directory);
    const auto tree = directory.empty() ? work_tree_around(path) : work_tree_at(path);
    if (!tree) return outer;
    auto index = read_git_index(*tree);
    if (!index) return index.error();
    std::shared_ptr<const git_tracked> tracked;
    if (*index) tracked = std::make_shared<const git_tracked>(std::move(**index));
    if (directory.empty()) return enter_root(*tree, std::move(tracked));
    auto exclude = ignore_file(tree->common_dir + "/info/exclude");
    if (!exclude) return exclude.error();
    auto scope = git_ignore_scope::repository(std::move(outer), directory, std::move(tracked));
    return git_ignore_scope::inner(std::move(scope), directory, std::move(*exclude), join_path(directory, ".git/info/exclude"));
  }

 private:
  using file_pointer = std::shared_ptr<const git_ignore_file>;

  static result<file_pointer> ignore_file(const std::string& path, int flags = 0) {
    auto text = read_if_there(path, max_text, flags);
    if (!text) return text.error();
    return *text ? std::make_shared<const git_ignore_file>(**text) : file_pointer();
  }

  /// The files of rules from the outermost in; what is above the context's root included.
  result<git_ignore_scope::pointer> enter_root(const git_work_tree& tree, std::shared_ptr<const git_tracked> tracked) const {
    const std::string_view inside = tree.root.size() < root_.size()
                                        ? std::string_view(root_).substr(tree.root == "/" ? 1 : tree.root.size() + 1)
                                        : std::string_view();
    const auto only_tracked = git_ignore_scope::repository_above(nullptr, inside, std::move(tracked));
    auto scope = only_tracked;
    // The same rules as git sees them from the root of its work tree.
    git_ignore_scope::pointer whole;
    const auto add = [&](std::string_view directory, const file_pointer& file, const std::string& name) {
      scope = git_ignore_scope::above(std::move(scope), inside, directory, file, name);
      whole = git_ignore_scope::above(std::move(whole), "", directory, file, name);
    };
    const auto global = excludes_file(tree);
    if (!global) return global.error();
    add("", global->first, global->second);
    std::string up;
    for (std::string_view left = inside; !left.empty(); left = parent_path(left)) up += "../";
    auto exclude = ignore_file(tree.common_dir + "/info/exclude");
    if (!exclude) return exclude.error();
    add("", *exclude, up + ".git/info/exclude");
    for (std::size_t end = 0; end < inside.size();) {
      const std::string_view directory = inside.substr(0, end);
      // git reads no .gitignore through a link.
      auto file = ignore_file(join_path(tree.root, join_path(directory, ".gitignore")), O_NOFOLLOW);
      if (!file) return file.error();
      add(directory, *file, up + ".gitignore");
      up.resize(up.size() - 3);
      end = std::min(inside.find('/', end + 1), inside.size());
      if (whole && whole->decide(inside.substr(0, end), true).ignored()) return only_tracked;
    }
    return scope;
  }

  /// core.excludesFile with the name that explanations use.
  result<std::pair<file_pointer, std::string>> excludes_file(const git_work_tree& tree) const {
    const std::string config_home = !xdg_.empty() ? xdg_ : home_.empty() ? std::string() : home_ + "/.config";
    std::string path = config_home.empty() ? std::string() : config_home + "/git/ignore";
    const std::array<std::string, 4> files{"/etc/gitconfig", config_home.empty() ? "" : config_home + "/git/config",
                                           home_.empty() ? "" : home_ + "/.gitconfig", tree.common_dir + "/config"};
    for (const std::string& file : files) {
      if (file.empty()) continue;
      auto text = read_if_there(file, max_text);
      // A home directory that is another user's, as in a container, is as good as none.
      if (!text && text.error().code == errc::permission && file != files.back()) continue;
      if (!text) return text.error();
      if (!*text) continue;
      if (const auto value = git_config_value(**text, "core", "excludesfile")) path = *value;
    }
    if (path.starts_with("~/")) path = home_ + path.substr(1);
    std::pair<file_pointer, std::string> found;
    if (path.empty()) return found;
    path = resolved(tree.root, path);
    auto file = ignore_file(path);
    if (!file && file.error().code != errc::permission) return file.error();
    if (file) found.first = std::move(*file);
    found.second = std::move(path);
    return found;
  }

  std::string root_;
  std::string home_;
  std::string xdg_;
};

}  // namespace

std::optional<git_work_tree> work_tree_at(const std::string& directory) {
  git_work_tree tree;
  tree.root = directory;
  tree.git_dir = directory + "/.git";
  if (!is_directory(tree.git_dir)) {
    constexpr std::string_view key = "gitdir: ";
    const std::string line = line_of(tree.git_dir);
    if (!line.starts_with(key)) return std::nullopt;
    tree.git_dir = resolved(directory, std::string_view(line).substr(key.size()));
  }
  const std::string common = line_of(tree.git_dir + "/commondir");
  tree.common_dir = common.empty() ? tree.git_dir : resolved(tree.git_dir, common);
  struct stat head;
  if (::lstat((tree.git_dir + "/HEAD").c_str(), &head) != 0 || !is_directory(tree.common_dir + "/objects") ||
      !is_directory(tree.common_dir + "/refs"))
    return std::nullopt;
  return tree;
}

std::optional<git_work_tree> work_tree_around(const std::string& directory) {
  struct stat first;
  if (!directory.starts_with('/') || ::stat(directory.c_str(), &first) != 0) return work_tree_at(directory);
  std::string at = directory;
  while (true) {
    if (auto tree = work_tree_at(at)) return tree;
    if (at == "/") return std::nullopt;
    at.resize(std::max<std::size_t>(at.rfind('/'), 1));
    struct stat st;
    if (::stat(at.c_str(), &st) != 0 || st.st_dev != first.st_dev) return std::nullopt;
  }
}

result<std::optional<git_index>> read_git_index(const git_work_tree& tree) {
  auto config = read_if_there(tree.common_dir + "/config", max_text);
  if (!config) return config.error();
  const auto format = git_config_value(config->value_or(""), "extensions", "objectformat");
  const std::size_t id_size = format == "sha256" ? sha256_id : sha1_id;
  const auto read = [&](const std::string& path) -> result<std::optional<git_index>> {
    auto bytes = read_if_there(path, max_index);
    if (!bytes) return bytes.error();
    if (!*bytes) return std::optional<git_index>();
    auto index = parse_git_index(as_bytes(**bytes), id_size);
    if (!index) return failure(index.error().code, fmt::format("cannot use {}: {}{}", in_quotes(path), index.error().text, advice), origin::user);
    return std::optional<git_index>(std::move(*index));
  };
  const std::string path = tree.git_dir + "/index";
  auto own = read(path);
  if (!own || !*own || !(*own)->shared) return own;
  const std::string shared_path = tree.git_dir + "/sharedindex." + (*own)->shared->id;
  auto shared = read(shared_path);
  if (!shared) return shared;
  const bool there = shared->has_value();
  auto both = there ? merge_shared_index(std::move(**shared), std::move(**own))
                    : result<git_index>(failure(errc::context, "its shared part " + in_quotes(shared_path) + " is missing", origin::user));
  if (!both) return failure(both.error().code, fmt::format("cannot use {}: {}{}", in_quotes(path), both.error().text, advice), origin::user);
  return std::optional<git_index>(std::move(*both));
}

std::shared_ptr<const git_repositories> repositories_on_disk(std::string root, std::string home, std::string xdg_config_home) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(root.c_str(), nullptr), &std::free);
  if (!real) return nullptr;
  root = real.get();
  return std::make_shared<const disk_repositories>(std::move(root), std::move(home), std::move(xdg_config_home));
}

}  // namespace peelbox::filesync
