// moby.filesync.v1.FileSync: gives the daemon the build context.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/async/blocking_pool.hpp"
#include "engine/async/log.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/sender.hpp"
#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

/// A request that was answered in full, and the fingerprint of what it gave (filesync/fingerprint.hpp).
struct sent_context {
  std::string name;
  filesync::request_filters filters;
  std::string digest;
};

/// What the daemon has of a session whose id may be used again: it keeps the answer to each request under that id.
struct session_record {
  std::vector<sent_context> sent;
  /// Requests whose answers cannot be described: under way, broken off, or of a tree that was changing.
  std::size_t unknown = 0;

  /// Whether later builds may rely on it.
  bool holds() const noexcept { return unknown == 0 && !sent.empty(); }
};

/// Shared between the service and the build, which shows the progress and reads the failure after the solve.
struct shared_contexts {
  /// One call of DiffCopy.
  struct transfer {
    std::uint64_t id = 0;
    std::string name;  ///< of the directory, as the daemon asked for it
    filesync::transfer_stats stats;
    bool ended = false;
    bool failed = false;
  };

  /// `local://NAME` -> tree.
  std::map<std::string, std::shared_ptr<const filesync::context_source>> by_name;
  /// What is sent under a fingerprint: a request for such a directory with the same filters gets that tree or nothing.
  struct judged_context {
    std::shared_ptr<const filesync::fingerprinted_context> found;
    bool asked = false;
  };
  std::vector<judged_context> judged;
  /// Names that the daemon asked for.
  std::set<std::string> asked;
  /// Absent in sessions whose ids are used once.
  std::optional<session_record> record;
  /// Why such a transfer ended, the first time. Not a failure of the build, which can do without the fingerprint.
  std::optional<failure> outdated;
  /// The transfers under way. Their addresses do not change.
  std::list<transfer> running;
  /// Sum of all transfers that have ended.
  filesync::transfer_stats past;
  /// Called for each transfer when it has ended, before it leaves `running`.
  std::function<void(const transfer&)> on_end;
  std::uint64_t last_id = 0;
  /// The first failure on our side, with path and cause; the daemon's error only repeats it.
  std::optional<failure> first_failure;

  bool was_asked(const filesync::fingerprinted_context& context) const noexcept;
  /// Of all transfers so far.
  filesync::transfer_stats total() const;
};

/// Adds FileSync/DiffCopy: one coroutine per stream (session/filesync/filesync.go). With `only_judged` it gives what is in
/// shared_contexts::judged at that moment and nothing else, as under an id that stands for it.
void add_filesync_service(h2grpc::method_table& methods, std::shared_ptr<shared_contexts> contexts,
                          blocking_pool& pool, const logger& log, bool only_judged = false);

/// Request headers of DiffCopy -> filters; percent-decoded where `<key>-encoded` says so.
filesync::request_filters filters_of(const h2grpc::metadata& headers);

}  // namespace peelbox::session
