#include "engine/spec/validate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "engine/async/ascii.hpp"

namespace peelbox::spec {
namespace {

constexpr std::size_t max_commands = 500;
constexpr std::size_t max_copies = 500;
constexpr std::size_t max_faults = 50;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// "a/../b", "..", but not "..a".
bool climbs(std::string_view path) {
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (path.substr(start, end - start) == "..") return true;
    start = end + 1;
  }
  return false;
}

class checker {
 public:
  explicit checker(std::vector<problem>& out) : out_(out) {}

  void service(const universal_build& s) {
    if (s.version != "1" && !s.version.starts_with("1."))
      warn("version", fmt::format("\"{}\" is not known; the spec is read as version 1.0", s.version));
    if (has_control(s.metadata.project_name))
      fail("metadata.project_name", "it has a line break or control character in it");
    else if (is_blank(s.metadata.project_name))
      warn("metadata.project_name", "it is missing or empty; the service is called \"app\"");

    packages("build.packages", s.build.packages);
    environment("build.env", s.build.env);
    commands(s.build.commands);
    caches(s.build.cache);
    secrets(s.build.secrets, s.build.env);
    agents(s.build.ssh);

    packages("runtime.packages", s.runtime.packages);
    environment("runtime.env", s.runtime.env);
    copies(s.runtime.copy);
    if (s.runtime.copy.empty() && !s.build.commands.empty())
      warn("runtime.copy",
           "it is empty: nothing of the build reaches the image, so its commands are not run");
    command(s.runtime.command);
    ports(s.runtime.ports);
    if (s.runtime.health) health(*s.runtime.health, s.runtime.ports);
  }

 private:
  void fail(std::string path, std::string text) {
    out_.push_back({problem::weight::error, std::move(path), std::move(text)});
  }
  void warn(std::string path, std::string text) {
    out_.push_back({problem::weight::warning, std::move(path), std::move(text)});
  }
  static std::string at(std::string_view list, std::size_t i) { return fmt::format("{}[{}]", list, i); }

  void packages(std::string_view list, const std::vector<std::string>& names) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      if (name.empty()) {
        fail(at(list, i), "the package name is empty");
      } else if (!is_alnum(name.front()) || !std::all_of(name.begin(), name.end(), [](char c) {
                   return is_alnum(c) || std::string_view("+-._:=~<>@/").find(c) != std::string_view::npos;
                 })) {
        fail(at(list, i),
             fmt::format(
                 "\"{}\" is not a package name: it may have A-Z a-z 0-9 + - . _ : = ~ < > @ / and starts "
                 "with a letter or digit",
                 name));
      } else if (!seen.insert(name).second) {
        warn(at(list, i), fmt::format("\"{}\" is named twice", name));
      }
    }
  }

  void environment(std::string_view section, const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) {
      const std::string path = fmt::format("{}.{}", section, name);
      if (name.empty() || has_control(name) || name.find_first_of("= ") != std::string::npos) {
        fail(path, fmt::format("\"{}\" cannot be the name of an environment variable", name));
      } else if (is_digit(name.front()) ||
                 !std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_'; })) {
        warn(path, "shells cannot use this name; expected A-Z a-z 0-9 _");
      }
      if (value.find('\0') != std::string::npos) fail(path, "the value has a NUL character in it");
    }
  }

  void commands(const std::vector<std::string>& list) {
    if (list.size() > max_commands)
      fail("build.commands", fmt::format("{} commands, the limit is {}", list.size(), max_commands));
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (is_blank(list[i])) fail(at("build.commands", i), "the command is empty");
      if (list[i].find('\0') != std::string::npos)
        fail(at("build.commands", i), "the command has a NUL character in it");
    }
  }

  void caches(const std::vector<std::string>& list) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      std::string_view path = list[i];
      while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
      if (is_blank(path)) {
        fail(at("build.cache", i), "the path is empty");
      } else if (has_control(path)) {
        fail(at("build.cache", i), "the path has a line break or control character in it");
      } else if (climbs(path)) {
        fail(at("build.cache", i), fmt::format("\"{}\": \"..\" is not allowed", path));
      } else if (path == "/" || path == "/build" || path == "." || path == "./") {
        fail(at("build.cache", i),
             fmt::format("\"{}\" cannot be a cache: the build itself lives there; name a directory below",
                         path));
      } else if (path.find_first_of("*?") != std::string_view::npos) {
        fail(at("build.cache", i), fmt::format("\"{}\" is a pattern; expected one directory", path));
      } else if (!seen.insert(path).second) {
        warn(at("build.cache", i), fmt::format("\"{}\" is named twice", path));
      }
    }
  }

  /// As flags take it: a comma begins another field.
  void id(std::string path, std::string_view text) {
    if (text.empty()) fail(std::move(path), "it is missing or empty; expected the id of a --secret or --ssh");
    else if (has_control(text) || text.find_first_of(",=/ ") != text.npos)
      fail(std::move(path), fmt::format("\"{}\" cannot be an id: it has a comma, '=', '/', blank or control character in it", text));
  }

  void secrets(const std::vector<secret_use>& list, const std::map<std::string, std::string>& variables) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const secret_use& one = list[i];
      const std::string here = at("build.secrets", i);
      id(here + ".id", one.id);
      if (one.id.empty() && one.to.empty() && one.env.empty()) continue;  // its path is made of the id
      if (!one.to.empty() && !one.env.empty()) {
        fail(here, "it has both \"to\" and \"env\"; expected a file or a variable, and another entry for the other");
      } else if (!one.env.empty()) {
        environment(here, {{one.env, ""}});
        if (variables.contains(one.env)) fail(here + ".env", fmt::format("\"{}\" is in build.env too", one.env));
        if (!seen.insert(one.env).second) fail(here + ".env", fmt::format("\"{}\" is named twice", one.env));
      } else {
        const std::string path = one.path();
        if (!path.starts_with('/') || path.ends_with('/'))
          fail(here + ".to", fmt::format("\"{}\" is not the absolute path of a file", path));
        else if (has_control(path) || climbs(path))
          fail(here + ".to", fmt::format("\"{}\" has \"..\" or a control character in it", path));
        else if (!seen.insert(path).second)
          fail(here + ".to", fmt::format("\"{}\" is named twice", path));
      }
    }
  }

  void agents(const std::vector<std::string>& list) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      id(at("build.ssh", i), list[i]);
      if (!seen.insert(list[i]).second) fail(at("build.ssh", i), fmt::format("\"{}\" is named twice", list[i]));
    }
  }

  void copies(const std::vector<copy_entry>& list) {
    if (list.size() > max_copies)
      fail("runtime.copy", fmt::format("{} entries, the limit is {}", list.size(), max_copies));
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string here = at("runtime.copy", i);
      const copy_entry& entry = list[i];
      if (entry.from.empty()) {
        fail(here + ".from", "it is missing or empty; expected a path or pattern below /build");
      } else if (has_control(entry.from)) {
        fail(here + ".from", "it has a line break or control character in it");
      } else if (climbs(entry.from)) {
        fail(here + ".from", fmt::format("\"{}\": \"..\" is not allowed", entry.from));
      }
      if (entry.to.empty()) {
        fail(here + ".to", "it is missing or empty; expected an absolute path in the image");
      } else if (!entry.to.starts_with('/')) {
        fail(here + ".to",
             fmt::format("\"{}\" is relative; expected an absolute path in the image", entry.to));
      } else if (has_control(entry.to)) {
        fail(here + ".to", "it has a line break or control character in it");
      } else if (climbs(entry.to)) {
        fail(here + ".to", fmt::format("\"{}\": \"..\" is not allowed", entry.to));
      }
    }
  }

  void command(const std::vector<std::string>& words) {
    if (words.empty()) return warn("runtime.command", "it is empty: the image has nothing to start");
    if (is_blank(words.front())) fail("runtime.command[0]", "the program is empty");
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i].find('\0') != std::string::npos)
        fail(at("runtime.command", i), "it has a NUL character in it");
  }

  void ports(const std::vector<std::uint16_t>& list) {
    std::set<std::uint16_t> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i] == 0) fail(at("runtime.ports", i), "0 is no port; expected 1 to 65535");
      if (!seen.insert(list[i]).second)
        warn(at("runtime.ports", i), fmt::format("{} is named twice", list[i]));
    }
  }

  void health(const health_check& check, const std::vector<std::uint16_t>& open) {
    const std::string& path = check.endpoint;
    if (path.empty()) {
      fail("runtime.health.endpoint", "it is empty; expected the path of an HTTP request, such as /healthz");
    } else if (has_control(path) || path.find(' ') != std::string::npos) {
      fail("runtime.health.endpoint", "it has a blank or control character in it");
    } else if (!path.starts_with('/')) {
      warn("runtime.health.endpoint",
           fmt::format("\"{}\" does not start with a slash; /{} is probed", path, path));
    }
    if (open.empty())
      warn("runtime.health", "runtime.ports is empty, so there is nothing to probe: no health check is set");
  }

  std::vector<problem>& out_;
};

/// "file:line: path: text". For a value that is absent, the line of what should contain it.
std::string line_for(const loaded_spec& spec, const std::string& prefix, const problem& p) {
  std::string path = p.path;
  unsigned line = 0;
  while (line == 0) {
    const auto found = spec.lines.find(prefix + path);
    if (found != spec.lines.end()) line = found->second;
    if (path.empty()) break;
    const std::size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  return fmt::format("{}:{}: {}{}: {}", spec.file_name, std::max(line, 1u), prefix, p.path, p.text);
}

}  // namespace

std::vector<problem> validate(const universal_build& service) {
  std::vector<problem> out;
  checker(out).service(service);
  return out;
}

result<std::vector<std::string>> check(const loaded_spec& spec) {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::map<std::string, std::size_t> names;
  for (std::size_t i = 0; i < spec.services.size(); ++i) {
    const std::string prefix = spec.is_array ? fmt::format("[{}].", i) : "";
    std::vector<problem> problems = validate(spec.services[i]);
    const std::string name = service_name(spec.services[i]);
    if (const auto [first, is_new] = names.emplace(name, i); !is_new)
      problems.push_back(
          {problem::weight::error, "metadata.project_name",
           fmt::format("the service [{}] is called \"{}\" too; names have to differ", first->second, name)});
    for (const problem& p : problems)
      (p.how == problem::weight::error ? errors : warnings).push_back(line_for(spec, prefix, p));
  }
  if (errors.empty()) return warnings;
  if (errors.size() > max_faults) {
    errors.resize(max_faults);
    errors.push_back(fmt::format("{}: more problems follow", spec.file_name));
  }
  return failure(errc::usage, fmt::format("{}", fmt::join(errors, "\n")), origin::user);
}

}  // namespace peelbox::spec
