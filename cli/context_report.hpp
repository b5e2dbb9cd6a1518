// What `peelbox context` prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/context_listing.hpp"
#include "engine/filesync/size_profile.hpp"

namespace peelbox::cli {

/// Sums of a listing.
struct context_totals {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t links = 0;
  std::uint64_t others = 0;
  std::uint64_t left_out = 0;
  std::uint64_t bytes = 0;

  void add(const filesync::listed_entry& entry);
};

struct listing_format {
  bool sizes = false;
  bool why = false;
  bool json = false;
};

/// One line, or one JSON object, without a line end. Directories end in '/'; control characters are escaped.
std::string entry_text(const filesync::listed_entry& entry, const listing_format& format);

/// The `count` largest of all files and directories (with everything below them). A directory is left out when one entry
/// in it has nearly all of its size.
std::vector<filesync::heavy_path> top_entries(const std::vector<filesync::listed_entry>& sent, std::size_t count);
std::string top_text(const filesync::heavy_path& entry, bool json);

/// "812 files in 40 directories, 3 links, 1.2 MB; 5 entries left out".
std::string totals_text(const context_totals& totals);
std::string totals_json(const context_totals& totals);

std::string decision_text(const std::string& path, const filesync::path_decision& decision);
std::string decision_json(const std::string& path, const filesync::path_decision& decision);

}  // namespace peelbox::cli
