#include "transport/helper_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/async/ascii.hpp"

namespace peelbox::transport {
namespace {

using words = std::vector<std::string>;

failure wrong_helper_address(const endpoint& where, std::string_view reason) {
  return failure(errc::usage, fmt::format("address \"{}\": {}", where.text.substr(0, 200), reason), origin::user);
}

/// A name that no program takes for a flag, and every shell for one word.
bool is_name(std::string_view text, std::string_view more) {
  return !text.empty() && text[0] != '-' && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || more.find(c) != std::string_view::npos;
  });
}

struct named {
  std::string name;
  std::map<std::string, std::string> query;
};

/// NAME[?key=value&…] with the listed keys only.
result<named> parse_named(const endpoint& where, const words& keys, std::string_view name_characters) {
  named n;
  std::string_view rest = where.rest;
  const auto question = rest.find('?');
  std::string_view query = question == rest.npos ? std::string_view() : rest.substr(question + 1);
  n.name = rest.substr(0, question);
  if (n.name.ends_with('/')) n.name.pop_back();
  if (!is_name(n.name, name_characters)) return wrong_helper_address(where, "what follows \"://\" is not a valid name");
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    const auto equals = pair.find('=');
    const std::string key(pair.substr(0, equals));
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return wrong_helper_address(where, fmt::format("\"{}\" is not a parameter of {}://", key, to_string(where.kind)));
    const std::string value(equals == pair.npos ? std::string_view() : pair.substr(equals + 1));
    if (!value.empty() && !is_name(value, "_.-@:/"))
      return wrong_helper_address(where, fmt::format("the value of \"{}\" holds a character that is not allowed", key));
    n.query[key] = value;
  }
  return n;
}

struct ssh_parts {
  std::string user;
  std::string host;
  std::string port;
  std::string path;
};

result<ssh_parts> parse_ssh(const endpoint& where) {
  std::string_view rest = where.rest;
  if (rest.find_first_of("?#") != rest.npos) return wrong_helper_address(where, "a query or fragment is not possible with ssh://");
  ssh_parts p;
  const auto slash = rest.find('/');
  if (slash != rest.npos) p.path = rest.substr(slash);
  if (p.path.find_first_not_of('/') == p.path.npos) p.path.clear();
  // The remote shell interprets this.
  if (!p.path.empty() && !is_name(p.path, "/_.-"))
    return wrong_helper_address(where, "the path of the socket holds a character that is not allowed");
  rest = rest.substr(0, slash);
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    p.user = rest.substr(0, at);
    rest = rest.substr(at + 1);
    if (p.user.find(':') != std::string::npos)
      return wrong_helper_address(where, "a password is not possible in an address; use keys or an agent");
    if (!is_name(p.user, "_.-@\\")) return wrong_helper_address(where, "the user name is not valid");
  }
  const bool brackets = rest.starts_with('[') && rest.find(']') != rest.npos;
  if (const auto colon = rest.rfind(':'); colon != rest.npos && (!brackets || colon > rest.find(']'))) {
    p.port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (p.port.empty() || p.port.size() > 5 || p.port.find_first_not_of("0123456789") != std::string::npos)
      return wrong_helper_address(where, "the port is not a number");
  }
  if (brackets) rest = rest.substr(1, rest.size() - 2);
  if (!is_name(rest, "_.-:%")) return wrong_helper_address(where, "the host name is not valid");
  p.host = rest;
  return p;
}

words ssh_words(const ssh_parts& p, const words& more = {}) {
  // As docker does: a host that does not answer is no reason to wait for as long as TCP would.
  words argv{"ssh", "-o", "ConnectTimeout=30"};
  argv.insert(argv.end(), more.begin(), more.end());
  if (!p.user.empty()) argv.insert(argv.end(), {"-l", p.user});
  if (!p.port.empty()) argv.insert(argv.end(), {"-p", p.port});
  argv.insert(argv.end(), {"--", p.host});
  return argv;
}

}  // namespace

result<words> docker_ssh_command(const endpoint& where) {
  const auto p = parse_ssh(where);
  if (p.has_error()) return p.error();
  words argv = ssh_words(*p);
  argv.emplace_back("docker");
  if (!p->path.empty()) argv.push_back("--host=unix://" + p->path);
  argv.insert(argv.end(), {"system", "dial-stdio"});
  return argv;
}

result<words> ssh_forward_command(std::string_view through, const std::string& address, std::uint16_t port) {
  endpoint where;
  where.kind = scheme::ssh;
  where.text = fmt::format("ssh://{}", through);
  where.rest = through;
  const auto p = parse_ssh(where);
  if (p.has_error()) return p.error();
  if (through.find('/') != through.npos) return wrong_helper_address(where, "a path is not possible here");
  if (!is_ip_address(address)) return failure(errc::usage, fmt::format("\"{}\" is no IP address", address.substr(0, 200)));
  const bool v6 = address.find(':') != address.npos;
  return ssh_words(*p, {"-W", fmt::format("{}{}{}:{}", v6 ? "[" : "", address, v6 ? "]" : "", port)});
}

bool is_carried_by_program(scheme kind) noexcept {
  return kind == scheme::podman_container || kind == scheme::nerdctl_container || kind == scheme::ssh;
}

result<words> helper_command(const endpoint& where) {
  switch (where.kind) {
    case scheme::podman_container: {
      const auto n = parse_named(where, {}, "_.-");
      if (n.has_error()) return n.error();
      return words{"podman", "exec", "-i", n->name, "buildctl", "dial-stdio"};
    }
    case scheme::nerdctl_container: {
      const auto n = parse_named(where, {"namespace"}, "_.-");
      if (n.has_error()) return n.error();
      words argv{"nerdctl", "exec"};
      if (const auto space = n->query.find("namespace"); space != n->query.end())
        argv.insert(argv.end(), {"--namespace", space->second});
      argv.insert(argv.end(), {"-i", n->name, "buildctl", "dial-stdio"});
      return argv;
    }
    case scheme::ssh: {
      const auto p = parse_ssh(where);
      if (p.has_error()) return p.error();
      words argv = ssh_words(*p);
      argv.emplace_back("buildctl");
      if (!p->path.empty()) argv.insert(argv.end(), {"--addr", "unix://" + p->path});
      argv.emplace_back("dial-stdio");
      return argv;
    }
    default: return wrong_helper_address(where, "no program is needed for it");
  }
}

result<container_address> parse_container(const endpoint& where) {
  auto n = parse_named(where, {"context"}, "_.-");
  if (n.has_error()) return n.error();
  return container_address{n->name, n->query["context"]};
}

result<pod_address> parse_pod(const endpoint& where) {
  auto n = parse_named(where, {"context", "namespace", "container"}, ".-");
  if (n.has_error()) return n.error();
  return pod_address{n->name, n->query["context"], n->query["namespace"], n->query["container"]};
}

}  // namespace peelbox::transport
