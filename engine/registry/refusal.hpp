// A registry's error reply as a failure for people. Pure.
#pragma once

#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/http/message.hpp"

namespace peelbox::registry {

/// `what` says what was asked of whom ("registry.example: manifest of app:1"). The registry's code and message are those of
/// its JSON (OCI distribution specification, "Error Codes"), else its words. errc::not_found for 404, permission for 401 and
/// 403, connection for what was tried again in vain, limit for 413, else remote; all of them of the peer.
failure refusal(std::string_view what, std::string_view host, const http::reply& got);

}  // namespace peelbox::registry
