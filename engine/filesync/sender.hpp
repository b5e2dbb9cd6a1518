// The client's half of FileSync.DiffCopy: announces a tree and answers requests for file contents.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/packet_channel.hpp"
#include "engine/filesync/transfer_stats.hpp"

namespace peelbox::filesync {

class file_tree;
struct fingerprinted_context;

struct content_time_options {
  /// Whoever does not know it cannot make two files that are announced with one time. Equal where trees shall be announced equally.
  std::string key;
  /// Contents that git's index knows need not be read.
  bool believe_git = true;
};

/// A directory that the daemon may read, and how. One value serves any number of transfers at the same time.
struct context_source {
  /// The directory. It may itself be a symbolic link; below it no link is followed.
  std::string root;
  /// When set, this tree is sent and `root` is only its name in messages.
  std::shared_ptr<const file_tree> tree;

  /// Our own rules, applied before those of the request. For the daemon, what they leave out does not
  /// exist. Patterns in the syntax of .dockerignore (see pattern.hpp), for instance ".git" or "!keep".
  std::vector<std::string> exclude;
  /// A file with .dockerignore lines, relative to the root; empty: none. A missing file means no rules. It may be a link
  /// that stays below `root`; one that does not is a failure, because what it leaves out may be secret.
  std::string dockerignore;
  /// Honour .gitignore in every directory of the tree, with git's rules. Where `root` lies in a work tree, also those
  /// above it, .git/info/exclude and core.excludesFile, and what git tracks is sent whatever they say; see
  /// git_work_tree.hpp.
  bool gitignore = false;
  /// The user's home directory and XDG_CONFIG_HOME, for git's configuration; empty: there is none.
  std::string home;
  std::string xdg_config_home;

  /// Lists of followpaths that came from copy_paths.hpp's rules (llb/narrow): a request with one of them is for what is copied.
  std::set<std::vector<std::string>> copied;

  /// The file that remembers what times were announced (announced_times.hpp), or with `content_times` the contents of files
  /// (content_times.hpp); empty: none, and times are announced as they are, or files read again.
  std::string memory;
  /// Announce times that follow from contents instead of the files' own (content_times.hpp).
  std::optional<content_time_options> content_times;

  /// Announce uid and gid as 0, as the reference client does for local sources (client/solve.go); they are
  /// part of the daemon's content hash.
  bool reset_owner = true;
  /// Largest payload of one packet. Daemons before v0.13 accept 4 MiB per message, so values above 2 MiB are
  /// cut.
  std::size_t packet_size = 1024 * 1024;
  /// Bytes of file contents that are read ahead of the carrier, whatever the tree.
  std::size_t read_ahead = 16 * 1024 * 1024;
  /// Entries that are looked at ahead of the carrier.
  std::size_t walk_ahead = 16 * 1024;
};

/// What the daemon asked for in the headers of the call (session/filesync/filesync.go), already unescaped.
struct request_filters {
  std::vector<std::string> include;       ///< include-patterns; empty: everything
  std::vector<std::string> exclude;       ///< exclude-patterns
  std::vector<std::string> follow_paths;  ///< followpaths
  bool operator==(const request_filters&) const = default;
};

/// What a transfer gave: the fingerprint of all that was announced, and the latest change of a file in it (ns).
struct announced_tree {
  std::string digest;  ///< empty until the list has ended
  std::int64_t newest_change = 0;
};

/// Sends the tree and serves requests until the peer has everything. Success: FIN was exchanged and the call
/// may end with status OK; the value equals `live`.
///
/// Fails with errc::usage for a bad pattern, errc::context when the tree cannot be read or a file changed,
/// shrank or vanished after it was announced (the text names path and cause; the peer was told with an
/// ERR packet; a file that only grew is counted instead, see transfer_stats), errc::remote when the peer reported an error, errc::protocol when it broke a rule, or with
/// the carrier's failure. Cancellation: unwinds with operation_aborted; nothing is sent. `channel`, `pool`
/// and `live` must outlive the coroutine; reading that is under way on the pool when it ends is abandoned
/// safely.
///
/// With `judged` (of the same source and filters) the daemon gets what that fingerprint describes or nothing: a context that
/// is another one meanwhile, also by a file that only grew, is a failure{context}.
task<result<transfer_stats>> send_tree(std::shared_ptr<const context_source> source, request_filters filters,
                                       packet_channel& channel, blocking_pool& pool, transfer_stats& live,
                                       std::shared_ptr<const fingerprinted_context> judged = nullptr);

/// The same without a judgement, and tells what it was: the fingerprint that take_fingerprint() gives for `name`.
task<result<transfer_stats>> send_and_describe(std::shared_ptr<const context_source> source, std::string name,
                                               request_filters filters, packet_channel& channel, blocking_pool& pool,
                                               transfer_stats& live, announced_tree& told);

}  // namespace peelbox::filesync
