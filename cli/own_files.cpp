#include "cli/own_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "cli/service_targets.hpp"
#include "engine/async/output_place.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

/// The file that a descriptor leads to, as long as it has that name.
std::string name_of(int fd) {
  std::error_code error;
  const std::string name = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error).string();
  struct stat open {};
  struct stat named {};
  if (error || fstat(fd, &open) != 0 || !S_ISREG(open.st_mode)) return {};
  return stat(name.c_str(), &named) == 0 && named.st_dev == open.st_dev && named.st_ino == open.st_ino ? name : std::string();
}

std::string as_pattern(std::string_view text) {
  std::string pattern;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with(service_placeholder)) {
      pattern += '*';
      i += service_placeholder.size() - 1;
      continue;
    }
    if (std::string_view("*?[]\\!").find(text[i]) != std::string_view::npos) pattern += '\\';
    pattern += text[i];
  }
  return pattern;
}

class patterns_below {
 public:
  explicit patterns_below(const std::string& root) : root_(root) {}

  void add_file(const std::string& name) {
    const std::optional<std::string> inside = relative(name);
    if (!inside || *inside == ".") return;
    found_.push_back(as_pattern(*inside));
    // The name that it has while it is written, on file systems without unnamed files (engine/session/output_file.cpp).
    const fs::path path(*inside);
    const std::string hidden = "." + path.filename().string().substr(0, 200);
    found_.push_back(as_pattern((path.parent_path() / hidden).generic_string()) + ".????????.tmp");
  }

  /// engine/progress/log_files.hpp
  void add_log(const std::string& name) {
    std::error_code error;
    if (!name.ends_with('/') && !fs::is_directory(name, error)) return add_file(name);
    const std::optional<std::string> inside = relative(name);
    if (!inside) return;
    const std::string directory = *inside == "." ? "" : as_pattern(*inside) + "/";
    found_.push_back(directory + "build.log");
    found_.push_back(directory + "[0-9][0-9][0-9]*-*.log");
  }

  void add_descriptor(int fd) { add_file(name_of(fd)); }

  std::vector<std::string> all() && { return std::move(found_); }

 private:
  /// Nothing when it lies elsewhere.
  std::optional<std::string> relative(const std::string& name) const {
    if (name.empty()) return std::nullopt;
    std::error_code error;
    const result<std::optional<int>> given = given_descriptor(name);
    const std::string named = given.has_value() && *given ? name_of(**given) : follow_last_link(name);
    if (named.empty()) return std::nullopt;
    fs::path file = fs::weakly_canonical(fs::absolute(named, error), error);
    if (error) return std::nullopt;
    if (!file.has_filename()) file = file.parent_path();  // "logs/"
    const std::string inside = file.lexically_relative(root_).generic_string();
    if (inside.empty() || inside == ".." || inside.starts_with("../")) return std::nullopt;
    return inside;
  }

  const fs::path root_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> own_files_below(const std::string& root, const std::vector<std::string>& outputs, const build_args& args) {
  patterns_below found(root);
  for (const std::string& output : outputs) found.add_file(output);
  for (const std::string* name : {&args.metadata_file, &args.iid_file, &args.ref_file, &args.timeline, &args.trace}) found.add_file(*name);
  if (!args.log_file.empty()) found.add_log(args.log_file);
  found.add_descriptor(STDOUT_FILENO);
  found.add_descriptor(STDERR_FILENO);
  return std::move(found).all();
}

}  // namespace peelbox::cli
