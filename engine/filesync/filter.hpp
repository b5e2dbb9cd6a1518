// Which entries of a tree are sent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/filesync/git_ignore.hpp"
#include "engine/filesync/ignore_file.hpp"
#include "engine/filesync/pattern.hpp"

namespace peelbox::filesync {

/// The rule that decided about an entry.
struct deciding_rule {
  enum class kind {
    none,          ///< no rule applies, so it is sent
    gitignore,     ///< a rule of git: of a .gitignore, of .git/info/exclude or of core.excludesFile
    tracked,       ///< git tracks it, so that rule of git does not count
    dockerignore,
    pattern,       ///< one of context_source::exclude
    include,       ///< one of the request; without text: none of them matches
    exclude,       ///< one of the request
  };
  kind from = kind::none;
  bool sends = true;
  std::string file;      ///< of gitignore, tracked and dockerignore, relative to the root
  std::size_t line = 0;  ///< 1-based
  std::string text;      ///< as written

  /// For people: ".dockerignore line 3: *.log".
  std::string describe() const;
};

/// Finds the repositories that a tree lies in, or that lie in it.
class git_repositories {
 public:
  virtual ~git_repositories() = default;
  /// What applies in `directory`, the root "" or one that has an entry ".git", before its own .gitignore. Blocks; any
  /// thread. Failures name the file.
  virtual result<git_ignore_scope::pointer> enter(std::string_view directory, git_ignore_scope::pointer outer) const = 0;
};

/// Three layers, and an entry has to pass all: our own rules (.dockerignore lines, extra patterns, .gitignore), then
/// the request's include patterns, then its exclude patterns (fsutil/filter.go). Immutable, so that any number of
/// threads may ask.
class filter {
 public:
  struct rules {
    std::vector<ignore_line> own;  ///< in the order they apply; the last match decides
    bool gitignore = false;
    std::shared_ptr<const git_repositories> repositories;  ///< with gitignore; may be null: there is no git
    std::vector<std::string> include;
    std::vector<std::string> exclude;
  };
  /// failure{usage} names the pattern and where it comes from.
  static result<filter> compile(rules r);

  /// What is known about a directory when its entries are judged. Default-constructed for the root.
  struct scope {
    pattern_set::parent_info own;
    pattern_set::parent_info include;
    pattern_set::parent_info exclude;
    std::shared_ptr<const git_ignore_scope> git;
    bool git_ignored = false;  ///< git ignores the directory, so everything in it that is not tracked
  };
  enum class verdict {
    send,
    look_inside,  ///< a directory that is sent only if something below it is
    skip,         ///< for a directory: nothing below it can be sent, so it is never opened
  };
  /// `inner` is the scope of the entry when that is a directory that is not skipped; otherwise its value says nothing.
  verdict judge(std::string_view path, bool is_directory, const scope& outer, scope& inner) const;

  bool uses_gitignore() const noexcept { return gitignore_; }
  const git_repositories* repositories() const noexcept { return repositories_.get(); }
  bool empty() const noexcept { return own_.empty() && !selects_ && exclude_.empty() && !gitignore_; }

  /// Which rule decides, as judge() does it; for explanations. For a path that is sent, it is the last rule that brought
  /// it back or asked for it.
  deciding_rule decide(std::string_view path, bool is_directory, const scope& outer) const;

 private:
  std::vector<ignore_line> own_lines_;
  std::vector<std::string> include_lines_;
  std::vector<std::string> exclude_lines_;
  pattern_set own_;
  pattern_set include_;
  pattern_set exclude_;
  bool selects_ = false;  // there are include patterns, although all of them may be blank: then nothing is sent
  bool gitignore_ = false;
  std::shared_ptr<const git_repositories> repositories_;
};

}  // namespace peelbox::filesync
