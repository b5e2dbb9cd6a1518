// Blobs of a daemon's content store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "h2grpc/rpc/connection.hpp"

namespace peelbox::client {

/// Gives the bytes of one blob to `take`, piece by piece, until it returns false. At the end the bytes have been compared with the
/// digest: errc::protocol when they are others. Else errc::remote with the daemon's status (not_found), or what broke. errc::usage for what is no
/// digest. (containerd, api/services/content/v1)
task<result<void>> read_blob(std::shared_ptr<h2grpc::connection> control, std::string digest,
                             std::function<bool(std::string_view piece)> take);

}  // namespace peelbox::client
