#include "engine/client/find.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/client/spawned_daemon.hpp"

namespace peelbox::client {

namespace {

constexpr std::string_view root_socket = "unix:///run/buildkit/buildkitd.sock";
constexpr std::string_view docker_address = "docker://";

std::string how_to_start(const environment& env) {
  std::string text = "To get one: ";
  if (find_program(env, "buildkitd"))
    text += "buildkitd is installed, so `--buildkit spawn:` runs one for this build only. Or start ";
  else if (find_program(env, "dockerd"))
    text += "start Docker (`sudo systemctl start docker`), whose BuildKit is used then. Or start ";
  else
    text += "install Docker Engine 23.0 or newer (Debian, Ubuntu: `sudo apt install docker.io`; Fedora: `sudo dnf "
            "install moby-engine`), whose BuildKit is used then. Or start ";
  return text + "a standalone one: `buildkitd` as root listens on unix:///run/buildkit/buildkitd.sock, `rootlesskit "
                "buildkitd` on $XDG_RUNTIME_DIR/buildkit/buildkitd.sock. Or name one with --buildkit ADDRESS or "
                "BUILDKIT_HOST, for example --buildkit tcp://127.0.0.1:1234.";
}

}  // namespace

std::vector<candidate> candidates(const std::optional<std::string>& flag, const environment& env) {
  if (flag) return {{*flag, "--buildkit"}};
  if (const auto host = env("BUILDKIT_HOST"); host && !host->empty()) return {{*host, "BUILDKIT_HOST"}};
  std::vector<candidate> all{{std::string(root_socket), "default socket"}};
  if (const auto runtime = env("XDG_RUNTIME_DIR"); runtime && runtime->starts_with('/'))
    all.push_back({"unix://" + *runtime + "/buildkit/buildkitd.sock", "rootless socket"});
  all.push_back({std::string(docker_address), "Docker's own BuildKit"});
  return all;
}

task<result<found_daemon>> find_daemon(std::optional<std::string> flag, environment env,
                                       transport::dial_options options, const logger& log) {
  const std::vector<candidate> all = candidates(flag, env);
  const bool named = all.front().source == "--buildkit" || all.front().source == "BUILDKIT_HOST";
  // TLS options are for an address that was named.
  transport::dial_options with;
  if (named) with = options;
  else with.limits = options.limits;
  found_daemon found;
  for (const candidate& one : all) {
    result<transport::endpoint> address = transport::parse_endpoint(one.address);
    if (named && address.has_error()) co_return address.error().in(one.source);
    std::string reason;
    if (address.has_error()) {
      reason = address.error().text;
    } else {
      result<std::shared_ptr<route>> way = make_route(*address, with, env, log);
      if (named && way.has_error()) co_return way.error().in(one.source);
      if (way.has_error()) {
        reason = way.error().text;
      } else {
        if (!named) {
          result<transport::stream_ptr> stream = co_await (*way)->control();
          if (stream.has_error()) reason = stream.error().text;
          // Shortened: its advice is for a socket that was named, and the end of the list has ours.
          if (stream.has_error() && stream.error().code == errc::not_found && address->kind == transport::scheme::unix_socket)
            reason = "there is no such socket";
        }
        if (reason.empty()) {
          log.info("using {} ({})", (*way)->name(), one.source);
          found.docker_as_fallback = !named && one.address == docker_address;
          found.way = std::move(*way);
          found.source = one.source;
          co_return found;
        }
      }
    }
    if (reason.starts_with(one.address + ": ")) reason.erase(0, one.address.size() + 2);
    log.info("not {} ({}): {}", one.address, one.source, reason);
    found.tried.push_back({one, std::move(reason)});
  }
  std::string text = "no BuildKit daemon was found. Tried:";
  for (const attempt& one : found.tried)
    text += fmt::format("\n  {} ({}): {}", one.what.address, one.what.source, one.reason);
  co_return failure(errc::connection, text + "\n" + how_to_start(env));
}

}  // namespace peelbox::client
