// .gitignore files with git's rules.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/filesync/git_index.hpp"

namespace peelbox::filesync {

/// One pattern of git's wildmatch.c with WM_PATHNAME: '*' and '?' stop at '/', "**" between slashes does not,
/// '[class]' with '!' or '^', ranges and [:names:], backslash escapes. Works on bytes. Linear in text times
/// pattern.
class git_glob {
 public:
  /// std::nullopt for a pattern that git never matches (an open class, a final backslash).
  static std::optional<git_glob> compile(std::string_view pattern);
  bool matches(std::string_view text) const;

 private:
  enum class kind : std::uint8_t { byte, not_slash, set, any, dirs };
  struct element {
    kind type = kind::byte;  // dirs: the next two are "**/" and may be absent together
    bool star = false;
    char byte = 0;
    std::uint32_t set = 0;
  };
  bool parse_class(std::string_view pattern, std::size_t& at);
  bool consumes(const element& e, char c) const noexcept;

  std::vector<element> elements_;
  std::vector<std::bitset<256>> sets_;
};

/// The rules of one .gitignore. Immutable after construction, so any number of threads may match.
class git_ignore_file {
 public:
  struct rule {
    bool negated = false;
    bool directory_only = false;
    std::size_t line = 0;  ///< 1-based
    std::string text;      ///< as written, for explanations
  };

  explicit git_ignore_file(std::string_view content);
  bool empty() const noexcept { return rules_.empty(); }

  /// The last rule that matches `path`, which is relative to the directory of the file.
  const rule* find(std::string_view path, bool is_directory) const;

 private:
  struct matcher {
    bool by_name = false;          // no slash in the pattern: the last name of the path decides
    std::string literal;           // compared first; all of the pattern when there is no glob
    std::optional<git_glob> glob;  // for what follows the literal
    bool ends_with = false;        // "*literal"
  };
  void add(std::string_view line, std::size_t number);
  bool matches(const matcher& m, std::string_view path, std::string_view name) const;

  std::vector<rule> rules_;
  std::vector<matcher> matchers_;
  // Candidates, each list ascending; see pattern_set for the idea.
  using index_list = std::vector<std::uint32_t>;
  std::unordered_map<std::string, index_list> by_name_;
  std::unordered_map<std::string, index_list> by_path_;
  std::array<index_list, 256> name_by_last_byte_;
  std::array<index_list, 256> name_by_first_byte_;
  std::array<index_list, 256> path_by_first_byte_;
  index_list always_;
};

/// What git has to say in one directory: the files of rules that apply, the nearest first, and what its repository tracks.
/// Paths are relative to the root of the tree that is walked, which may itself lie below the root of a work tree.
class git_ignore_scope {
 public:
  using pointer = std::shared_ptr<const git_ignore_scope>;

  /// Adds the rules of `directory` ("" for the root of the tree); `file` may be null (no rules here). `name` is for
  /// explanations; empty: the .gitignore of that directory. Returns `outer` itself when there are no rules.
  static pointer inner(pointer outer, std::string_view directory, std::shared_ptr<const git_ignore_file> file,
                       std::string name = {});

  /// The same for what a tree below a work tree's root inherits: `tree` is the tree's path in that work tree, and
  /// `directory` is relative to the work tree as well.
  static pointer above(pointer outer, std::string_view tree, std::string_view directory,
                       std::shared_ptr<const git_ignore_file> file, std::string name);

  /// `directory` of the tree is the root of a repository of its own. The rules around it still apply; what is tracked is
  /// from here on what `tracked` says, which may be null.
  static pointer repository(pointer outer, std::string_view directory, std::shared_ptr<const git_tracked> tracked);
  /// The tree is directory `tree` of the work tree.
  static pointer repository_above(pointer outer, std::string_view tree, std::shared_ptr<const git_tracked> tracked);

  struct decision {
    const git_ignore_file::rule* rule = nullptr;  ///< null: no rule applies
    std::string_view file;                        ///< where it stands
    bool ignored() const noexcept { return rule != nullptr && !rule->negated; }
  };
  /// For an entry of this directory, or of one below it that has no rules. Ask for the directories above first: what is
  /// in an ignored directory is ignored, and no rule can bring it back.
  decision decide(std::string_view path, bool is_directory) const;
  /// What the repository tracks; rules that ignore it do not count for that.
  git_tracked::answer tracked(std::string_view path) const;

 private:
  static std::shared_ptr<git_ignore_scope> next(pointer outer);

  pointer outer_;
  std::string prefix_;    // before paths of the tree, to make them paths of the work tree
  std::size_t skip_ = 0;  // of such a path, to make it relative to the directory of the rules
  std::string name_;
  std::shared_ptr<const git_ignore_file> file_;  // null: only begins a repository
  std::size_t skip_to_repository_ = 0;
  std::shared_ptr<const git_tracked> tracked_;  // of the nearest repository
};

}  // namespace peelbox::filesync
