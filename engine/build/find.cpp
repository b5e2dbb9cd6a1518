#include "engine/build/find.hpp"

#include <fmt/format.h>

#include <utility>

namespace peelbox::build {

namespace {

constexpr std::string_view root_socket = "unix:///run/buildkit/buildkitd.sock";

std::string how_to_start() {
  return "Name a daemon with --buildkit ADDRESS or BUILDKIT_HOST, for example --buildkit tcp://127.0.0.1:1234, "
         "or start one: `buildkitd` as root listens on unix:///run/buildkit/buildkitd.sock, "
         "`rootlesskit buildkitd` on $XDG_RUNTIME_DIR/buildkit/buildkitd.sock.";
}

}  // namespace

std::vector<candidate> candidates(const std::optional<std::string>& flag, const environment& env) {
  if (flag) return {{*flag, "--buildkit"}};
  if (const auto host = env("BUILDKIT_HOST"); host && !host->empty()) return {{*host, "BUILDKIT_HOST"}};
  std::vector<candidate> all{{std::string(root_socket), "default socket"}};
  if (const auto runtime = env("XDG_RUNTIME_DIR"); runtime && runtime->starts_with('/'))
    all.push_back({"unix://" + *runtime + "/buildkit/buildkitd.sock", "rootless socket"});
  return all;
}

task<result<found_daemon>> find_daemon(std::optional<std::string> flag, environment env,
                                       transport::dial_options options, const logger& log) {
  const std::vector<candidate> all = candidates(flag, env);
  if (all.front().source == "--buildkit" || all.front().source == "BUILDKIT_HOST") {
    result<transport::endpoint> address = transport::parse_endpoint(all.front().address);
    if (address.has_error()) co_return address.error().in(all.front().source);
    co_return found_daemon{std::move(*address), all.front().source};
  }
  std::string tried;
  for (const candidate& one : all) {
    result<transport::endpoint> address = transport::parse_endpoint(one.address);
    if (address.has_error()) continue;
    result<transport::stream_ptr> stream = co_await transport::dial(*address, options);
    if (stream.has_value()) {
      log.info("using {} ({})", one.address, one.source);
      co_return found_daemon{std::move(*address), one.source};
    }
    log.info("not {} ({}): {}", one.address, one.source, stream.error().text);
    tried += fmt::format("\n  {} ({}): {}", one.address, one.source, stream.error().text);
  }
  co_return failure(errc::connection, "no BuildKit daemon was found. Tried:" + tried + "\n" + how_to_start());
}

}  // namespace peelbox::build
