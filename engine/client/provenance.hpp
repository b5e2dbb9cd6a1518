// How a build was made, for --metadata-file: what buildx takes from the build's history record (buildx,
// build/provenance.go). Decisions without I/O; provenance_reader has the calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/client/request.hpp"
#include "proto/control.pb.h"

namespace peelbox::client {

/// A provenance, as a blob in the daemon's content store.
struct provenance_blob {
  /// The key of --metadata-file: "buildx.build.provenance", for results by platform with "/linux/amd64" at its end.
  std::string key;
  std::string digest;
  std::uint64_t size = 0;
  std::string predicate_type;
};

/// The most bytes of all provenances of one build. Thousands of steps give some megabytes.
inline constexpr std::uint64_t most_provenance_bytes = 32 << 20;

/// The blobs of an ended build, the first of each result; none when the daemon recorded none. A daemon records it for
/// every build that is not internal, in full, whether or not the image has attestations (BuildKit,
/// solver/llbsolver/history.go). errc::unsupported: larger than most_provenance_bytes. errc::protocol: not a sha256.
result<std::vector<provenance_blob>> choose_provenance(const moby::buildkit::v1::BuildHistoryRecord& record);

/// The blob as the JSON object of --metadata-file: always in the form of SLSA v0.2, which buildx makes of v1 too
/// (BuildKit, solver/llbsolver/provenance/types). errc::protocol: not a JSON object.
result<std::string> metadata_provenance(std::string_view predicate, std::string_view predicate_type,
                                        provenance_mode mode);

}  // namespace peelbox::client
