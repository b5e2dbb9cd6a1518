// containerd.services.content.v1: OCI layouts of this machine as content of the daemon's: sources (--oci-layout), caches that are
// read and written (type=local), and images that are exported as directories (tar=false).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/async/blocking_pool.hpp"
#include "engine/session/attachable.hpp"
#include "engine/session/content_store.hpp"

namespace peelbox::session {

/// What a daemon has put into a layout.
struct arrivals {
  /// The blob that it wrote last, or was told to be there. An image's root comes after all that it refers to
  /// (util/contentutil/copy.go). Empty: none.
  std::string last;
  std::uint64_t bytes = 0;
};

/// A layout as sessions serve it.
struct served_layout {
  std::shared_ptr<const content_store> store;
  /// Changed on the sessions' thread; null where nobody wants to know.
  std::shared_ptr<arrivals> seen;
};

/// By the id that the daemon says in the header buildkit-attachable-store-id: "oci:NAME" for a source, "local:PATH" for a cache
/// with that dest or src (session/content, client/solve.go), export_store for the output of the session's solve.
using store_book = std::map<std::string, served_layout, std::less<>>;

/// The only one that exporters know (exporter/oci/export.go), so that a solve writes one directory at most.
inline constexpr const char* export_store = "export";

/// Adds Info, Read, Write, Status, ListStatuses, List and Abort; Update and Delete stay unimplemented, a client's
/// content is nobody else's to remove. Blobs pass in pieces of 1 MiB, so that memory does not grow with them. A blob that did not
/// arrive whole leaves nothing. A ref that another call of the sessions with this attachable writes is Unavailable, which makes the
/// daemon try again. `pool` must outlive the sessions.
attachable content(store_book stores, blocking_pool& pool);

}  // namespace peelbox::session
