#include "engine/session/content_id.hpp"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <system_error>

#include "engine/oci/digest.hpp"
#include "engine/oci/keyed_digest.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::session {

namespace {

/// A position in the file, far behind its end, for what `text` names. Two that meet by chance only take turns.
off_t position_of(const user_secret& user, std::string_view text) {
  const std::string digits = user.derive("lock of a session id", text);
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + 15, number, 16);
  return static_cast<off_t>(number | 1u << 16);
}

/// Beside the secret. What it holds is part of every id; without it that is nothing.
std::string generation_file(const user_secret& user) { return user.file() + ".generation"; }

std::string shared_id(std::string_view secret, unsigned variant, std::string_view content) {
  const std::string message = "session id" + std::string(1, '\0') + std::to_string(variant) + '\0' + std::string(content);
  return oci::keyed_digest(oci::digest_of(secret).substr(std::string_view("sha256:").size()), message)
      .substr(std::string_view("sha256:").size(), 32);
}

}  // namespace

std::string content_generation(const user_secret& user) {
  std::string text(64, '\0');
  const unique_fd file(::open(generation_file(user).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

result<void> renew_content_ids(const user_secret& user) {
  if (user.file().empty()) return {};
  const std::string path = generation_file(user);
  const std::string unfinished = path + "." + random_id();
  const std::string text = random_id();
  const unique_fd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool written = file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::rename(unfinished.c_str(), path.c_str()) == 0;
  if (written) return {};
  const int error = errno;
  ::unlink(unfinished.c_str());
  return failure(errc::io, path + ": " + std::generic_category().message(error));
}

std::optional<held_id> hold_content_id(const user_secret& user, std::string_view content, std::string_view daemon,
                                       std::string_view shared, unsigned variant) {
  if (user.file().empty() || variant >= most_content_ids) return std::nullopt;
  unique_fd lock(::open(user.file().c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!lock) return std::nullopt;
  const std::string machine = machine_text() + '\0' + content_generation(user);
  const std::string numbered = machine + '\0' + std::to_string(variant) + '\0' + std::string(content);
  std::string id = shared.empty() ? user.derive("session id", numbered) : shared_id(shared, variant, content);
  const off_t at = position_of(user, id + '\0' + std::string(daemon));
  held_id held(std::move(id), std::move(lock), at);
  if (!held.try_lock() && errno != EAGAIN && errno != EACCES) return std::nullopt;
  return held;
}

bool held_id::try_lock() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = at_;
  range.l_len = 1;
  mine_ = ::fcntl(lock_.get(), F_OFD_SETLK, &range) == 0;
  return mine_;
}

void held_id::release() noexcept {
  lock_ = unique_fd();
  mine_ = false;
}

bool held_id::take() { return mine_ || try_lock(); }

}  // namespace peelbox::session
