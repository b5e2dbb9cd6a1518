// Counters of one transfer, for progress and summaries.
#pragma once

#include <cstdint>

namespace peelbox::filesync {

/// Written and read on the network thread only; every number only grows, so it can be shown while the
/// transfer runs.
struct transfer_stats {
  // What was found (sender) or announced (receiver).
  std::uint64_t files = 0;  ///< regular files, hard links included
  std::uint64_t directories = 0;
  std::uint64_t links = 0;         ///< symbolic links
  std::uint64_t hard_links = 0;    ///< second and further names of a file; also counted in `files`
  std::uint64_t others = 0;        ///< devices and fifos
  std::uint64_t bytes_listed = 0;  ///< sum of the sizes of files that the peer may ask for
  bool list_complete = false;      ///< all entries have been sent (received)

  // What the walk cost (sender).
  std::uint64_t considered = 0;  ///< names that were looked at
  std::uint64_t excluded = 0;    ///< names left out by a rule; a directory that was not opened counts once
  std::uint64_t directories_read = 0;

  // What was transferred.
  std::uint64_t files_requested = 0;
  std::uint64_t files_transferred = 0;  ///< completely
  std::uint64_t bytes_transferred = 0;  ///< payload: contents of files, without packet headers

  /// Sums up several transfers.
  transfer_stats& operator+=(const transfer_stats& more) noexcept {
    files += more.files;
    directories += more.directories;
    links += more.links;
    hard_links += more.hard_links;
    others += more.others;
    bytes_listed += more.bytes_listed;
    list_complete = list_complete || more.list_complete;
    considered += more.considered;
    excluded += more.excluded;
    directories_read += more.directories_read;
    files_requested += more.files_requested;
    files_transferred += more.files_transferred;
    bytes_transferred += more.bytes_transferred;
    return *this;
  }

  /// Entries of any kind that went over the wire.
  std::uint64_t entries() const noexcept { return files + directories + links + others; }
};

}  // namespace peelbox::filesync
