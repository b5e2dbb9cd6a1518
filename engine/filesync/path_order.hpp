// Paths of tree entries: the order they are sent in, and which ones are allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peelbox::filesync {

/// <0, 0, >0. The wire order: depth first, parents before children, names of one directory by bytes. The same
/// as comparing whole paths by bytes with '/' below every other byte (fsutil/validator.go, fsutil/diff.go).
int compare_paths(std::string_view a, std::string_view b) noexcept;

struct path_less {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept { return compare_paths(a, b) < 0; }
};

/// What is wrong with a path that a peer announced; std::nullopt when it is fine: relative, not empty, names
/// separated by single slashes, none of them "." or "..", no NUL.
std::optional<std::string_view> path_problem(std::string_view path) noexcept;

/// A name at the root that the daemon keeps for itself: announcing it confuses its count of entries (PROTOCOL 5.8).
inline bool is_reserved_path(std::string_view path) noexcept { return path == ".fsutil-metadata"; }

/// Directory part without the slash ("" for a top-level name) and the last name.
std::string_view parent_path(std::string_view path) noexcept;
std::string_view base_name(std::string_view path) noexcept;

/// True when `path` is below directory `dir`; everything is below "".
bool is_below(std::string_view path, std::string_view dir) noexcept;

/// "dir/name", or "name" at the top.
std::string join_path(std::string_view dir, std::string_view name);

/// The shortest equivalent of a path, without looking at files, as Go's filepath.Clean: single slashes, no ".", inner ".."
/// resolved, no trailing slash, "." for nothing. Patterns and followed paths are normalised with it.
std::string clean_path(std::string_view path);

/// For messages: the path in single quotes, control characters escaped.
std::string in_quotes(std::string_view path);

}  // namespace peelbox::filesync
