// Ids of sessions that follow from what they serve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::session {

/// An id that builds of this user on this machine share; with each daemon one of them serves it. The daemon merges equal operations
/// of builds at the same time, so what the one sends is there for all. Its table has one connection for each id, and forgets
/// the newest when an older one ends (session/manager.go), so two must not serve one.
class held_id {
 public:
  /// `at` is the byte of the file `lock` that stands for it.
  held_id(std::string text, unique_fd lock, std::int64_t at) : text_(std::move(text)), lock_(std::move(lock)), at_(at) {}
  const std::string& text() const noexcept { return text_; }
  /// Whether this build serves it, from now on if nobody does.
  bool take();
  /// Somebody else may serve it; take() gives it no more.
  void release() noexcept;

 private:
  friend std::optional<held_id> hold_content_id(const user_secret&, std::string_view, std::string_view, std::string_view, unsigned);
  bool try_lock();  // errno tells why not

  std::string text_;
  unique_fd lock_;  // ends with this object, and with the process however that ends
  std::int64_t at_ = 0;
  bool mine_ = false;
};

/// How many ids one content has, one after the other.
inline constexpr unsigned most_content_ids = 8;

/// From now on equal content has other ids than before, for this user on all machines: after a build that made the daemon take
/// everything anew, because what an id stands for may be what it had by mistake. Blocks briefly. errc::io when that
/// cannot be written down.
result<void> renew_content_ids(const user_secret& user);

/// What changes with renew_content_ids(), for names that shall change with it. Blocks briefly.
std::string content_generation(const user_secret& user);

/// Equal for equal `content` in all builds that give the same `shared` secret, on whatever machine; where that is empty in all builds of
/// this user on this machine. Nobody who does not know the secret can make or guess one. `daemon` tells daemons apart. Each `variant`
/// below most_content_ids is another id, for builds whose transfer under the one before was lost. std::nullopt when the secret is not
/// kept or its file cannot be locked. Blocks briefly. Machines cannot tell each other which they serve. The locks are on single
/// bytes of the secret's file, so none is left behind.
std::optional<held_id> hold_content_id(const user_secret& user, std::string_view content, std::string_view daemon,
                                       std::string_view shared = {}, unsigned variant = 0);

}  // namespace peelbox::session
