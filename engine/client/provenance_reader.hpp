// Asks a daemon for the provenance of an ended build.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "engine/client/provenance.hpp"
#include "h2grpc/rpc/connection.hpp"

namespace peelbox::client {

/// Keys of --metadata-file and their JSON objects. Empty when the daemon keeps no history, no longer knows the build, or
/// recorded no provenance; then buildx leaves the key out too. Failures: errc::timed_out after `limit`, those of
/// provenance.hpp, errc::protocol for a blob that is not what its digest and size say, errc::remote. `mode` is not
/// `disabled`.
task<result<std::map<std::string, std::string>>> read_provenance(std::shared_ptr<h2grpc::connection> control,
                                                                 std::string ref, provenance_mode mode,
                                                                 std::chrono::steady_clock::duration limit);

}  // namespace peelbox::client
