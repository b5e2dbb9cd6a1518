// What detection knows of the files: every name, and on demand the text of small files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/detect/named_task.hpp"
#include "engine/detect/names.hpp"
#include "engine/detect/value.hpp"
#include "engine/filesync/file_tree.hpp"

namespace peelbox::detect {

/// Larger files are data, not manifests or entry points.
inline constexpr std::size_t max_file_bytes = 1 << 20;
/// All that one detection keeps.
inline constexpr std::size_t max_kept_bytes = 64 << 20;
/// All source texts of one detection, of which those of one service are kept at a time.
inline constexpr std::size_t max_manifests = 200;  ///< of clusters
inline constexpr std::size_t max_source_bytes = 256 << 20;
inline constexpr std::size_t max_source_bytes_of_service = 32 << 20;

struct directory {
  std::string path;   ///< relative to the root, "" is the root
  names files;        ///< regular files
  names directories;  ///< also those that were not entered
};

/// A remark about one file, for people.
struct note {
  std::string path;
  std::string text;
};

/// Whether files of this name say how a service is put into operation. They count whatever ignore files say, because
/// people leave them out of images.
bool is_evidence(std::string_view name);
bool is_dockerfile(std::string_view name);
/// The texts between lines of "---".
std::vector<std::string_view> documents_of_yaml(std::string_view text);

/// Used by one thread. Text stays where it is until the repository is destroyed, except that of sources.
class repository {
 public:
  /// `directories` in any order; `hidden`: paths of evidence (is_evidence) that the rules leave out of a build.
  repository(std::shared_ptr<const filesync::file_tree> tree, std::vector<directory> directories, std::vector<std::string> hidden = {});
  repository(repository&&) = default;
  repository& operator=(repository&&) = default;

  const std::vector<directory>& directories() const noexcept { return directories_; }
  const directory* find(std::string_view path) const;
  bool has_file(std::string_view path) const;
  bool has_directory(std::string_view path) const;
  /// A file that a build sends, or evidence that it does not.
  bool has_evidence(std::string_view path) const;
  std::size_t file_count() const noexcept { return files_; }
  /// All paths of Dockerfiles (is_dockerfile), hidden or not; ascending.
  const std::vector<std::string>& dockerfiles() const noexcept { return dockerfiles_; }
  /// YAML files in folders for clusters (k8s, kubernetes, helm, …), up to max_manifests of them; ascending.
  const std::vector<std::string>& cluster_manifests() const noexcept { return cluster_manifests_; }
  /// The documents of one of them, parsed once. One that is no YAML, such as a template, is left out without a note.
  const std::vector<value>& yaml_documents(const std::string& path);

  /// The text of a file (or evidence), or null: it does not exist, is too large, cannot be read or is not UTF-8. All but the first
  /// leave a note. Carriage returns before line feeds and a byte order mark are taken off.
  const std::string* read(std::string_view path);

  /// Like read(), for the many files in which a service is looked for evidence: the text stays until the next
  /// begin_service(). Null, without a note, when the service has had its share of max_source_bytes.
  const std::string* read_source(std::string_view path);
  /// One of `services` is looked at from now on.
  void begin_service(std::size_t services);

  /// The tree of a file that many services share, parsed once; null when it does not exist or is broken, which is a
  /// note.
  const value* shared_tree(const std::string& path, result<value> (*parse)(std::string_view));

  /// What `reader` finds in a file that many services share, read once.
  const std::vector<named_task>& named_tasks_in(const std::string& path, std::vector<named_task> (*reader)(repository&, const std::string& path));

  void add_note(std::string_view path, std::string text);
  /// Ascending, without repetitions.
  std::vector<note> notes() const;

 private:
  using texts = std::map<std::string, std::optional<std::string>, std::less<>>;
  static const std::string* text_of(const texts::value_type& known) { return known.second ? &*known.second : nullptr; }
  std::optional<std::string> load(std::string_view path, std::size_t& sum);

  std::shared_ptr<const filesync::file_tree> tree_;
  std::vector<directory> directories_;
  std::unordered_map<std::string_view, const directory*> by_path_;
  std::vector<std::string> hidden_;  ///< ascending
  std::vector<std::string> dockerfiles_;
  std::vector<std::string> cluster_manifests_;
  std::map<std::string, std::vector<value>> documents_;
  std::map<std::string, std::vector<named_task>> named_tasks_;
  texts texts_;
  texts sources_;
  std::map<std::string, std::optional<value>> trees_;
  std::vector<note> notes_;
  std::size_t files_ = 0;
  std::size_t kept_bytes_ = 0;
  std::size_t source_bytes_ = 0;
  std::size_t source_share_ = max_source_bytes_of_service;
};

}  // namespace peelbox::detect
