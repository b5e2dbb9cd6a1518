// What `peelbox bench` lets a daemon do. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::cli::bench {

/// How the context of a run differs from that of the run before.
enum class novelty {
  none,      ///< the daemon has all of it
  some,      ///< one file in a hundred was written anew
  all,       ///< the daemon has nothing of it
};

/// What is built.
enum class task_kind {
  transfer,   ///< the context itself is the result, nothing is exported
  copy,       ///< the context is copied into a layer, nothing is exported
  export_,    ///< that layer becomes an image in an OCI archive
  own,        ///< what the user brought
};

struct workload {
  std::string name;
  std::string what;  ///< in a few words, for the report
  task_kind kind = task_kind::transfer;
  novelty context = novelty::none;
  std::uint64_t files = 1;
  std::uint64_t file_size = 64;
  unsigned copies = 1;      ///< builds at once
  bool delayed = false;     ///< through a relay that holds bytes back
};

struct sizes {
  std::uint64_t files = 10'000;        ///< of workloads with many files
  std::uint64_t large = 256 << 20;     ///< bytes of workloads with one large file
};

/// Builds at once, at most.
inline constexpr unsigned most_copies = 64;

/// Those that are measured when nobody names any, in this order.
std::vector<std::string> default_workloads();
/// All names that make_workload() knows, for the help; parallel-N stands for its row.
std::vector<std::string> known_workloads();

/// "trivial", "parallel-16", …; failure{usage} with the known names for anything else.
result<workload> make_workload(std::string_view name, const sizes& size);

/// What the user's own input is called.
inline constexpr std::string_view own_name = "own";

/// The definition of a run, as `--llb` takes it. `run` makes it one that the daemon never saw where the workload asks for that:
/// sources with equal names, hints and patterns are the same to it (source/local/source.go of BuildKit).
std::string definition_of(const workload& work, std::string_view run);

/// The local source that definitions of ours read.
inline constexpr const char* source_name = "context";

}  // namespace peelbox::cli::bench
