// containerd.services.content.v1: OCI layouts of this machine as content of the daemon's: sources (--oci-layout), and caches that
// are read and written (type=local).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/async/blocking_pool.hpp"
#include "engine/session/attachable.hpp"
#include "engine/session/content_store.hpp"

namespace peelbox::session {

/// By the id that the daemon says in the header buildkit-attachable-store-id: "oci:NAME" for a source, "local:PATH" for a cache
/// with that dest or src (session/content, client/solve.go).
using store_book = std::map<std::string, std::shared_ptr<const content_store>, std::less<>>;

/// Adds Info, Read, Write, Status, ListStatuses, List and Abort; Update and Delete stay unimplemented, a client's
/// content is nobody else's to remove. Blobs pass in pieces of 1 MiB, so that memory does not grow with them. A blob that did not
/// arrive whole leaves nothing. A ref that another call writes is Unavailable, which makes the daemon try again. `pool` must
/// outlive the sessions.
attachable content(store_book stores, blocking_pool& pool);

}  // namespace peelbox::session
