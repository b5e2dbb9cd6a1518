#include "cli/ssh_option.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "engine/async/read_file.hpp"
#include "transport/unix_stream.hpp"

namespace peelbox::cli {

namespace {

constexpr auto connect_limit = std::chrono::seconds(5);

failure wrong_ssh(std::string_view id, std::string_view why) {
  return failure(errc::usage, fmt::format("--ssh {}: {}", id, why), origin::user);
}

std::optional<bool> truth_of(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

enum class kind {
  socket,
  file,
};

result<kind> look_at(const std::string& id, const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    failure why = errno_failure(errno, fmt::format("--ssh {}: {}", id, path));
    why.who = origin::user;
    return why;
  }
  if (S_ISSOCK(about.st_mode)) return kind::socket;
  if (S_ISDIR(about.st_mode)) return wrong_ssh(id, path + " is a directory; name an agent's socket or key files");
  return kind::file;
}

session::forwarded_socket forward(const std::string& path, bool raw) {
  transport::endpoint where;
  where.kind = transport::scheme::unix_socket;
  where.path = path;
  return {[where] { return transport::connect_unix(where, connect_limit); }, raw};
}

result<session::ssh_source> from_paths(const ssh_option& option) {
  session::key_ring keys;
  for (const std::string& path : option.paths) {
    result<kind> what = look_at(option.id, path);
    if (what.has_error()) return what.error();
    if (*what == kind::socket) {
      if (option.paths.size() > 1) return wrong_ssh(option.id, fmt::format("{} is a socket, so it has to be alone; give each its own --ssh ID={}", path, path));
      return session::ssh_source(forward(path, option.raw));
    }
    if (option.raw) return wrong_ssh(option.id, fmt::format("raw=true is for a socket, and {} is a file", path));
    const std::string name = fmt::format("--ssh {}: {}", option.id, path);
    result<std::string> text = read_file(path, name, session::largest_key_file);
    if (text.has_error()) return text.error();
    result<session::ssh_key> key = session::ssh_key::parse(*text, name);
    if (key.has_error()) return key.error();
    keys.push_back(std::move(*key));
  }
  return session::ssh_source(std::move(keys));
}

}  // namespace

result<ssh_option> parse_ssh(std::string_view text) {
  ssh_option option;
  const auto equals = text.find('=');
  option.id = text.substr(0, equals);
  if (option.id.empty()) option.id = "default";
  if (option.id.find(',') != option.id.npos) return wrong_ssh(text, "expected ID=SOCKET or ID=KEYFILE,KEYFILE, as in --ssh default=$SSH_AUTH_SOCK");
  for (std::string_view rest = equals == text.npos ? std::string_view() : text.substr(equals + 1); !rest.empty();) {
    const auto end = rest.find(',');
    const std::string_view part = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    constexpr std::string_view raw = "raw=";
    if (part.starts_with(raw)) {
      const std::optional<bool> truth = truth_of(part.substr(raw.size()));
      if (!truth) return wrong_ssh(text, "raw is true or false");
      option.raw = *truth;
    } else if (!part.empty()) {
      option.paths.emplace_back(part);
    }
  }
  if (option.raw && option.paths.size() != 1) return wrong_ssh(text, "raw=true needs exactly one socket, as in --ssh docker=/var/run/docker.sock,raw=true");
  return option;
}

result<session::ssh_book> find_agents(const std::vector<std::string>& options, const environment& variables) {
  session::ssh_book book;
  for (const std::string& text : options) {
    result<ssh_option> option = parse_ssh(text);
    if (option.has_error()) return option.error();
    if (book.contains(option->id)) return wrong_ssh(text, fmt::format("there is an agent {} already", option->id));
    if (option->paths.empty()) {
      const std::optional<std::string> socket = variables("SSH_AUTH_SOCK");
      if (!socket || socket->empty())
        return wrong_ssh(text, "SSH_AUTH_SOCK is not set, so no agent runs here. Start one (`eval $(ssh-agent)`, `ssh-add`), or name key files: --ssh "
                               + option->id + "=KEYFILE");
      option->paths.push_back(*socket);
    }
    result<session::ssh_source> source = from_paths(*option);
    if (source.has_error()) return source.error();
    book.emplace(option->id, std::move(*source));
  }
  return book;
}

}  // namespace peelbox::cli
