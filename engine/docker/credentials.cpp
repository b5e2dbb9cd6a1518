#include "engine/docker/credentials.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "engine/async/base64.hpp"
#include "engine/async/event.hpp"
#include "engine/docker/credential_helper.hpp"

namespace peelbox::docker {
namespace {

using namespace std::chrono_literals;

/// Somebody may have to type a passphrase first.
constexpr auto helper_limit = 120s;

result<credentials> login_of(const auth_entry& entry, std::string_view key, std::string_view source) {
  credentials c;
  c.registry_token = entry.registry_token;
  c.username = entry.username;
  c.secret = entry.password;
  if (!entry.auth.empty()) {
    auto decoded = decode_base64(entry.auth);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos)
      return failure(errc::usage,
                     fmt::format("{}: auths[\"{}\"].auth is not base64 of \"user:password\": log in again", source,
                                 key.substr(0, 200)),
                     origin::user);
    c.username = decoded->substr(0, colon);
    c.secret = decoded->substr(colon + 1);
    while (!c.secret.empty() && c.secret.back() == '\0') c.secret.pop_back();  // as Docker does
  }
  if (!entry.identity_token.empty()) {
    c.username.clear();
    c.secret = entry.identity_token;
  }
  return c;
}

/// Becomes readable when a helper should stop. Shared with the thread that runs it.
class stop_signal {
 public:
  stop_signal() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~stop_signal() {
    if (fd_ >= 0) ::close(fd_);
  }
  stop_signal(const stop_signal&) = delete;
  stop_signal& operator=(const stop_signal&) = delete;
  void raise() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(fd_, &one, sizeof(one));
  }
  int descriptor() const noexcept { return fd_; }

 private:
  int fd_;
};

/// Runs the helper on the pool. Cancelling the caller kills the helper; the caller unwinds when it has ended.
task<result<helper_login>> run_on_pool(std::string name, std::string server, blocking_pool& pool) {
  const executor ex = co_await asio::this_coro::executor;
  auto stop = std::make_shared<stop_signal>();
  std::optional<result<helper_login>> outcome;
  event ended(ex);
  auto work = pool.run([name, server, stop] {
    return run_credential_helper(name, server, helper_limit, stop->descriptor());
  });
  asio::co_spawn(ex, std::move(work), [&](std::exception_ptr thrown, result<helper_login> r) {
    if (thrown) outcome.emplace(failure(errc::internal, "the credential helper's thread failed"));
    else outcome.emplace(std::move(r));
    ended.notify();
  });
  co_await asio::this_coro::throw_if_cancelled(false);
  bool cancelled = false;
  while (!outcome) {
    if (co_await ended.wait() != wake::cancelled) continue;
    cancelled = true;
    stop->raise();
    // This frame must outlive the thread's work. The helper is killed at once, so the wait is short.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_await asio::this_coro::throw_if_cancelled(true);
  if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  co_return std::move(*outcome);
}

}  // namespace

result<credentials> find_in_auths(const std::map<std::string, auth_entry>& auths, std::string_view host,
                                  std::string_view source) {
  const std::string key = registry_key(host);
  if (const auto exact = auths.find(key); exact != auths.end() && !exact->second.empty())
    return login_of(exact->second, exact->first, source);
  const std::string wanted = registry_key(host_of_key(key));
  for (const auto& [name, entry] : auths)
    if (!entry.empty() && registry_key(host_of_key(name)) == wanted) return login_of(entry, name, source);
  return credentials();
}

std::string helper_of(const config& from, std::string_view host) {
  const std::string key = registry_key(host);
  if (const auto exact = from.cred_helpers.find(key); exact != from.cred_helpers.end()) return exact->second;
  // Docker Hub has several names, and the key may be any of them.
  for (const auto& [name, helper] : from.cred_helpers)
    if (registry_key(name) == key) return helper;
  return from.creds_store;
}

task<result<credentials>> find_credentials(std::string host, config from, blocking_pool& pool) {
  auto first = find_in_auths(from.auths_of_environment, host, "environment variable DOCKER_AUTH_CONFIG");
  if (first.has_error() || !first->empty()) co_return first;
  const std::string helper = helper_of(from, host);
  if (helper.empty()) co_return find_in_auths(from.auths, host, from.file);

  std::string server = registry_key(host);
  auto login = co_await run_on_pool(helper, std::move(server), pool);
  if (login.has_error()) {
    if (from.default_store) co_return credentials();
    co_return login.error().in("login for registry " + host);
  }
  credentials c;
  c.secret = std::move(login->secret);
  // This user name marks an identity token (docker-credential-helpers).
  if (login->username != "<token>") c.username = std::move(login->username);
  co_return c;
}

}  // namespace peelbox::docker
