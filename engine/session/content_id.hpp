// Ids of sessions that follow from what they serve.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::session {

/// An id that nobody else of this user on this machine uses with this daemon. The daemon's table has one connection for each
/// id, and forgets the newest when an older one ends (session/manager.go), so two builds must not meet in one.
class held_id {
 public:
  held_id(std::string text, unique_fd lock) : text_(std::move(text)), lock_(std::move(lock)) {}
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  unique_fd lock_;  // ends with this object, and with the process however that ends
};

/// Most builds of one context that have such an id at the same time.
inline constexpr unsigned most_content_ids = 64;

/// From now on equal content has other ids than before, for this user on all machines: after a build that made the daemon take
/// everything anew, because what an id stands for may be what it had by mistake. Blocks briefly. errc::io when that
/// cannot be written down.
result<void> renew_content_ids(const user_secret& user);

/// What changes with renew_content_ids(), for names that shall change with it. Blocks briefly.
std::string content_generation(const user_secret& user);

/// Equal for equal `content` in all builds that give the same `shared` secret, on whatever machine; where that is empty in all builds of this user on this machine, one after the other; those that run at the same time get
/// the second, the third and so on, which are as stable. Nobody who does not know the secret can make or guess one. `daemon`
/// tells daemons apart. std::nullopt when the secret is not kept or its file cannot be locked, and when all are in use. Blocks
/// briefly. Machines cannot tell each other which they use. The locks are on single bytes of the secret's file, so none is left behind.
std::optional<held_id> hold_content_id(const user_secret& user, std::string_view content, std::string_view daemon,
                                       std::string_view shared = {});

}  // namespace peelbox::session
