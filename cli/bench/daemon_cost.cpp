#include "cli/bench/daemon_cost.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <sstream>
#include <string>

#include "engine/async/read_file.hpp"
#include "engine/async/unique_fd.hpp"

namespace peelbox::cli::bench {

std::optional<pid_t> process_behind(const transport::endpoint& address) {
  if (address.kind != transport::scheme::unix_socket) return std::nullopt;
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (address.path.empty() || address.path.size() >= sizeof at.sun_path) return std::nullopt;
  std::memcpy(at.sun_path, address.path.data(), address.path.size());
  if (at.sun_path[0] == '@') at.sun_path[0] = '\0';
  const unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto length = socklen_t(offsetof(sockaddr_un, sun_path) + address.path.size() + (at.sun_path[0] ? 1 : 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), length) != 0) return std::nullopt;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return std::nullopt;
  return peer.pid;
}

std::optional<double> cpu_of(pid_t process) {
  const std::string name = fmt::format("/proc/{}/stat", process);
  const result<std::string> text = read_file(name, name, 1 << 16);
  if (text.has_error()) return std::nullopt;
  // The name of the program may hold anything, also parentheses.
  const std::size_t after = text->rfind(')');
  if (after == std::string::npos) return std::nullopt;
  std::istringstream fields(text->substr(after + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  long long user = 0, system = 0, user_of_children = 0, system_of_children = 0;
  if (!(fields >> user >> system >> user_of_children >> system_of_children)) return std::nullopt;
  return double(user + system + user_of_children + system_of_children) / double(::sysconf(_SC_CLK_TCK));
}

}  // namespace peelbox::cli::bench
