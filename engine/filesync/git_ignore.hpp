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

/// The .gitignore files that apply in one directory: its own and those of the directories above it up to the
/// root of the tree. What is above the root, the global file and .git/info/exclude do not count.
class git_ignore_scope {
 public:
  /// `directory` is "" for the root; `file` may be null (no rules here). Returns `outer` itself in that case.
  static std::shared_ptr<const git_ignore_scope> inner(std::shared_ptr<const git_ignore_scope> outer,
                                                       std::string_view directory,
                                                       std::shared_ptr<const git_ignore_file> file);

  struct decision {
    const git_ignore_file::rule* rule = nullptr;  ///< null: no rule applies
    std::string_view directory;                   ///< where its .gitignore is
    bool ignored() const noexcept { return rule != nullptr && !rule->negated; }
  };
  /// For an entry of this directory or of one below it without rules of its own. The directories above must
  /// have been asked first: what is in an ignored directory is ignored, no rule can bring it back.
  decision decide(std::string_view path, bool is_directory) const;

 private:
  std::shared_ptr<const git_ignore_scope> outer_;
  std::string directory_;
  std::shared_ptr<const git_ignore_file> file_;
};

}  // namespace peelbox::filesync
