// Counters of one transfer, for progress and summaries.
#pragma once

#include <array>
#include <cstdint>
#include <string>

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

  // What the user should know.
  std::uint64_t files_grown = 0;  ///< that had more bytes than announced; the rest was not sent
  std::string first_grown;        ///< the path of one of them

  /// Sums up several transfers.
  transfer_stats& operator+=(const transfer_stats& more) {
    for (const auto counter : counters()) this->*counter += more.*counter;
    list_complete = list_complete || more.list_complete;
    if (first_grown.empty()) first_grown = more.first_grown;
    return *this;
  }
  /// The difference from `earlier`, a former state of the same sum.
  transfer_stats& operator-=(const transfer_stats& earlier) noexcept {
    for (const auto counter : counters()) this->*counter -= earlier.*counter;
    return *this;
  }

  /// Entries of any kind that went over the wire.
  std::uint64_t entries() const noexcept { return files + directories + links + others; }

 private:
  static constexpr std::array<std::uint64_t transfer_stats::*, 13> counters() noexcept {
    using t = transfer_stats;
    return {&t::files, &t::directories, &t::links, &t::hard_links, &t::others, &t::bytes_listed, &t::considered,
            &t::excluded, &t::directories_read, &t::files_requested, &t::files_transferred, &t::bytes_transferred,
            &t::files_grown};
  }
};

}  // namespace peelbox::filesync
