// The client's half of FileSend.DiffCopy for a directory ("type=local"): writes the daemon's tree below a
// directory.
#pragma once

#include <string>

#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/packet_channel.hpp"
#include "engine/filesync/transfer_stats.hpp"

namespace peelbox::filesync {

struct receive_options {
  /// Remove what the peer did not announce (exporter attribute mode=delete).
  bool delete_others = false;
  /// Bytes received but not yet written.
  std::size_t write_behind = 16 * 1024 * 1024;
};

/// Receives a tree into `destination`, which is created with mode 0700 when it is missing. The tree is merged with
/// what is there: equal names are replaced, nothing else is removed. Owner is the caller; modes, times and
/// extended attributes (where the file system takes them) are the sender's. Each file is written under a
/// temporary name in its directory and renamed when it is complete. Nothing is ever written through a
/// symbolic link or outside `destination`.
///
/// Success: everything is on disk and FIN was exchanged; the call may end with status OK.
/// Fails with errc::protocol (order, paths, ids), errc::remote (the sender reported an error), errc::io,
/// permission or not_found (disk; the sender was told with an ERR packet), or with the carrier's failure.
/// Cancellation: unwinds with operation_aborted; temporary files are removed.
/// `channel`, `pool` and `live` must outlive the coroutine.
task<result<void>> receive_tree(std::string destination, packet_channel& channel, blocking_pool& pool,
                                transfer_stats& live, receive_options options = {});

}  // namespace peelbox::filesync
