// moby.filesync.v1.FileSend: what the daemon exports to us.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "engine/async/blocking_pool.hpp"
#include "engine/filesync/transfer_stats.hpp"
#include "engine/session/output_file.hpp"
#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

/// A single file: oci, docker and tar exporters. It gets everything and is settled; whoever opened it commits it when the
/// build counts as done.
struct file_target {
  std::shared_ptr<output_file> file;
};
/// A directory: the local exporter. Created when missing.
struct directory_target {
  std::string path;
  /// Remove what the daemon did not export (exporter attribute mode=delete). Refused when the daemon does not say that
  /// one call carries everything: each platform's call would remove the files of the others.
  bool delete_others = false;
};

/// Gives the next bytes of the export; std::nullopt after the last ones.
using piece_source = std::function<task<result<std::optional<byte_chain>>>()>;
/// Takes an archive piece by piece, such as an image store. `about` has what the daemon says about it
/// ("exporter-md-containerimage.digest" and others).
struct consumer_target {
  /// Returns false when the archive is not wanted, because it is there already; the daemon then sends nothing.
  std::function<task<result<bool>>(const h2grpc::metadata& about, piece_source pieces)> consume;
};

/// Where one exporter's output goes.
using export_target = std::variant<file_target, directory_target, consumer_target>;

/// Shared between the service and the build, which reads it after the solve.
struct export_targets {
  /// By the exporter's index in SolveRequest; without those whose output stays in the daemon.
  std::map<std::size_t, export_target> by_id;
  /// What has arrived so far, for progress. For a file, only its bytes are counted.
  filesync::transfer_stats received;
  /// The first failure on our side. The daemon's error only repeats its text.
  std::optional<failure> first_failure;
};

/// Adds FileSend/DiffCopy. All bytes of a file are known to be written before the call's status is sent, because the daemon
/// takes that status as proof that the export is complete (session/filesync/filesync.go, exporter/oci/export.go).
void add_filesend_service(h2grpc::method_table& methods, std::shared_ptr<export_targets> targets,
                          blocking_pool& pool);

}  // namespace peelbox::session
