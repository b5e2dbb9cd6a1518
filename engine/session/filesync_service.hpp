// moby.filesync.v1.FileSync: the build context, for the daemon to take.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/async/blocking_pool.hpp"
#include "engine/async/log.hpp"
#include "engine/filesync/sender.hpp"
#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

/// Shared between the service and the build, which shows the progress and reads the failure after the solve.
struct shared_contexts {
  /// `local://NAME` -> tree.
  std::map<std::string, std::shared_ptr<const filesync::context_source>> by_name;
  filesync::transfer_stats live;
  /// The first failure on our side, with path and cause; the daemon's error only repeats it.
  std::optional<failure> first_failure;
};

/// Adds FileSync/DiffCopy: one coroutine per stream (session/filesync/filesync.go).
void add_filesync_service(h2grpc::method_table& methods, std::shared_ptr<shared_contexts> contexts,
                          blocking_pool& pool, const logger& log);

/// Request headers of DiffCopy -> filters; percent-decoded where `<key>-encoded` says so.
filesync::request_filters filters_of(const h2grpc::metadata& headers);

}  // namespace peelbox::session
