#include "engine/build/error_hints.hpp"

#include <algorithm>
#include <initializer_list>

#include "engine/async/ascii.hpp"

namespace peelbox::build {
namespace {

using std::string_view;

constexpr std::size_t longest_message = 64 * 1024;
constexpr std::size_t longest_quote = 200;

/// For looking things up in it.
std::string searchable(string_view text) { return lower(text.substr(0, longest_message)); }

bool has_any(string_view text, std::initializer_list<string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](string_view w) { return text.find(w) != string_view::npos; });
}

// The text between `before` and `after`, or nothing.
std::string quoted(string_view text, string_view before, string_view after) {
  const std::size_t from = text.find(before);
  if (from == string_view::npos) return {};
  const std::size_t begin = from + before.size();
  const std::size_t end = text.find(after, begin);
  if (end == string_view::npos || end - begin > longest_quote) return {};
  return std::string(text.substr(begin, end - begin));
}

// What stands behind the last quote of `text`.
std::string last_quoted(string_view text) {
  const std::size_t from = text.rfind('"');
  if (from == string_view::npos || text.size() - from > longest_quote) return {};
  return std::string(text.substr(from + 1));
}

std::string word_after(string_view text, string_view before) {
  const std::size_t from = text.find(before);
  if (from == string_view::npos) return {};
  string_view rest = text.substr(from + before.size());
  rest.remove_prefix(std::min(rest.find_first_not_of("'\""), rest.size()));
  return std::string(rest.substr(0, std::min(rest.find_first_of(" ,;:'\"\t()"), longest_quote)));
}

std::string the(string_view what, const std::string& name) {
  return name.empty() ? "the " + std::string(what) : "the " + std::string(what) + " " + name;
}

// Of one side or the other: what the connection to a daemon says about itself.
std::optional<error_hint> connection_hint(string_view message) {
  if (has_any(message, {"no active session", "dropped the session"})) {
    return error_hint{"the daemon lost this client's session, through which it reads the build context",
                      "run the build again; if it happens every time, check that the address leads to one daemon only "
                      "(no load balancer) and that nothing on the way cuts idle or long connections"};
  }
  if (has_any(message, {"was lost during the build"})) {
    return error_hint{"the daemon was stopped or crashed, or the network broke",
                      "look at the daemon's log for a restart or a crash, then run the build again; finished steps are in its cache"};
  }
  if (has_any(message, {"unknown api capability", "unimplemented"})) {
    return error_hint{"this daemon is too old for what the build needs", "update BuildKit"};
  }
  return std::nullopt;
}

std::optional<error_hint> request_hint(string_view message, string_view original) {
  if (has_any(message, {"granting entitlement"})) {
    const std::string name = word_after(original, "granting entitlement ");
    return error_hint{the("daemon's configuration does not allow the entitlement", name),
                      "start buildkitd with --allow-insecure-entitlement " + (name.empty() ? "NAME" : name) +
                          ", or list it under insecure-entitlements in buildkitd.toml"};
  }
  if (has_any(message, {"network.host is not allowed", "security.insecure is not allowed"})) {
    return error_hint{"a step uses host networking or privileged mode, but the build did not ask for that entitlement",
                      "remove it from the step, or request the entitlement and allow it in the daemon"};
  }
  if (message.find("exporter \"") != string_view::npos && has_any(message, {"could not be found"})) {
    return error_hint{"this daemon has no exporter " + quoted(original, "exporter \"", "\""),
                      "use an output type that every daemon has: oci, docker, local or tar; type image needs a containerd worker "
                      "or a registry"};
  }
  if (has_any(message, {"unknown cache exporter", "unknown cache importer"})) {
    return error_hint{"this daemon does not know that kind of cache", "use type registry, local or inline"};
  }
  if (has_any(message, {"invalid frontend"})) {
    return error_hint{"the daemon does not run that frontend", "use dockerfile.v0, or gateway.v0 with a source image"};
  }
  return std::nullopt;
}

std::optional<error_hint> registry_hint(string_view message, string_view original) {
  const bool scanner = has_any(message, {"buildkit-syft-scanner", "sbom scanner"});
  const bool pull = scanner || has_any(message, {"failed to resolve source metadata", "pull access denied", "failed to authorize",
                                                 "unexpected status from", "manifest unknown", "failed to copy", "failed to do request"});
  if (!pull) return std::nullopt;
  if (scanner) {
    return error_hint{"the daemon cannot pull the image that writes the SBOM",
                      "build without an SBOM (--sbom=false), or name a scanner image that the daemon can reach "
                      "(--sbom=generator=IMAGE)"};
  }
  const std::string image = quoted(original, "failed to resolve source metadata for ", ": ");
  if (has_any(message, {"toomanyrequests", "429 too many", "rate limit"})) {
    return error_hint{"the registry refuses more downloads for now", "log in to it (docker login), wait, or use a mirror"};
  }
  if (has_any(message, {"no match for platform"})) {
    return error_hint{the("image", image) + " does not exist for the platform that is built",
                      "build for another platform (--platform), or choose an image that has it"};
  }
  if (has_any(message, {"pull access denied", "insufficient_scope", "unauthorized", "authorization failed", "failed to authorize",
                        "401 unauthorized", "403 forbidden", "denied"})) {
    return error_hint{the("image", image) + " is private or does not exist, and the registry refused the login it was given",
                      "check the name; log in to the registry (docker login HOST) as a user who may read it"};
  }
  if (has_any(message, {"x509", "certificate"})) {
    return error_hint{"the daemon does not trust the registry's certificate",
                      "give the daemon the registry's authority: [registry.\"HOST\"] ca in buildkitd.toml"};
  }
  if (has_any(message, {"dial tcp", "no such host", "i/o timeout", "connection refused", "tls handshake timeout"})) {
    return error_hint{"the daemon cannot reach the registry (the daemon pulls images, not this machine)",
                      "check name resolution, proxy and firewall where the daemon runs"};
  }
  if (has_any(message, {"not found", "manifest unknown"})) {
    return error_hint{the("image", image) + " does not exist in its registry", "check the spelling of name and tag"};
  }
  return std::nullopt;
}

std::optional<error_hint> file_hint(string_view message, string_view original) {
  const bool checksum = has_any(message, {"failed to calculate checksum", "failed to compute cache key"});
  const bool missing = has_any(message, {": not found", "no such file or directory"});
  if (checksum && missing) {
    const std::size_t end = original.rfind("\": not found");
    const std::string path = end == string_view::npos ? "" : last_quoted(original.substr(0, end));
    return error_hint{the("path", path) + " is copied, but it is not in the build context: it does not exist there, or an ignore "
                                          "rule excludes it",
                      "check the path (it is relative to the context directory) and the rules in .dockerignore and .gitignore"};
  }
  return std::nullopt;
}

constexpr string_view wrong_processor = "a program is for another processor architecture";
constexpr string_view wrong_processor_advice =
    "install emulation where the daemon runs (binfmt), or build for its own platform";

struct tail_rule {
  string_view words;    // in a lower-case line
  string_view before;   // the name that is missing stands after this
  string_view cause;    // %s is that name
  string_view advice;
};

constexpr tail_rule tail_rules[] = {
    {"unable to locate package", "locate package ", "the package %s is not in the distribution's index",
     "check its name for the release of the base image"},
    {"has no installation candidate", "Package ", "the package %s has no version in the distribution's index",
     "check its name for the release of the base image"},
    {"(no such package)", "", "a package is not in Alpine's index for this release", "check the names that apk lists above"},
    {"unable to find a match", "match: ", "the package %s is not in the distribution's index",
     "check its name for the release of the base image"},
    {"no matching distribution found for", "found for ", "pip knows no fitting version of %s",
     "check the name, the version and the Python version of the image"},
    {"temporary failure resolving", "", "names cannot be resolved inside of the build's containers",
     "check the daemon's DNS and network settings"},
    {"could not resolve host", "resolve host: ", "the name %s cannot be resolved inside of the build's containers",
     "check the daemon's DNS and network settings"},
    {"temporary failure in name resolution", "", "names cannot be resolved inside of the build's containers",
     "check the daemon's DNS and network settings"},
    {"cannot find -l", "cannot find -l", "the linker did not find the library %s in the image",
     "add the package that contains it; on Debian it is mostly called lib…-dev"},
    {"runtime.copy[", "nothing matches '", "the commands ran, but they did not make %s, which runtime.copy wants",
     "compare runtime.copy with what the commands write; its paths are relative to the context directory"},
    {"exec format error", "", wrong_processor, wrong_processor_advice},
};

std::optional<error_hint> output_hint(const hint_question& about) {
  for (auto line = about.log_tail.rbegin(); line != about.log_tail.rend(); ++line) {
    const std::string low = searchable(*line);
    for (const tail_rule& rule : tail_rules) {
      if (low.find(rule.words) == std::string::npos) continue;
      std::string cause(rule.cause);
      if (const std::size_t place = cause.find("%s"); place != std::string::npos) {
        cause.replace(place, 2, rule.before.empty() ? "" : word_after(*line, rule.before));
      }
      return error_hint{std::move(cause), std::string(rule.advice)};
    }
  }
  return std::nullopt;
}

// "sh: 1: cmake: not found", "bash: line 1: cmake: command not found"
std::string program_not_found(const std::vector<std::string_view>& tail) {
  for (auto line = tail.rbegin(); line != tail.rend(); ++line) {
    for (const string_view end : {": command not found", ": not found"}) {
      if (!line->ends_with(end)) continue;
      const string_view before = line->substr(0, line->size() - end.size());
      const std::size_t colon = before.rfind(": ");
      const string_view name = colon == string_view::npos ? before : before.substr(colon + 2);
      if (!name.empty() && name.size() <= longest_quote && name.find(' ') == string_view::npos) return std::string(name);
    }
  }
  return {};
}

std::optional<error_hint> process_hint(const hint_question& about, string_view message) {
  if (has_any(message, {"executable file not found in $path"})) {
    return error_hint{"the image has no such program", "install the package that contains it, or write its full path"};
  }
  if (has_any(message, {"exec format error"})) {
    return error_hint{std::string(wrong_processor), std::string(wrong_processor_advice)};
  }
  if (!about.exit_code) return std::nullopt;
  switch (*about.exit_code) {
    case 127:
      if (const std::string program = program_not_found(about.log_tail); !program.empty())
        return error_hint{"the command " + program + " was not found in the image",
                          "add the package that contains it to build.packages (or to the image), or check PATH"};
      return error_hint{"a command was not found in the image", "install the package that contains it, or check PATH"};
    case 126: return error_hint{"the command was found but cannot be executed", "check its permissions and its first line (#!)"};
    case 132: return error_hint{"the program used an instruction that this processor does not have", "build for the daemon's own processor"};
    case 137:
      return error_hint{"the process was killed (signal 9), most often because memory ran out",
                        "give the machine of the daemon more memory, or run fewer jobs at once"};
    case 139: return error_hint{"the program crashed (segmentation fault)", "run it outside of the build, or without emulation"};
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<error_hint> find_hint(const hint_question& about) {
  if (about.code == errc::cancelled || about.code == errc::usage || about.code == errc::context) return std::nullopt;
  const std::string message = searchable(about.message);
  const auto out_of_space = [](string_view text) { return has_any(text, {"no space left on device", "disk quota exceeded"}); };
  if (out_of_space(message) ||
      std::any_of(about.log_tail.begin(), about.log_tail.end(), [&](string_view l) { return out_of_space(searchable(l)); })) {
    return error_hint{"a disk is full where the daemon runs",
                      "free space there, for example by pruning the daemon's build cache; /dev/shm and tmpfs mounts of a step "
                      "have small limits of their own"};
  }
  if (has_any(message, {"cannot allocate memory", "out of memory"})) {
    return error_hint{"the daemon's machine ran out of memory", "give it more memory, or run fewer builds at once"};
  }
  if (about.code == errc::connection && message.starts_with("tcp://") && has_any(message, {"connection refused"})) {
    return error_hint{"nothing listens at that address and port",
                      "check both, and that buildkitd there was started with --addr tcp://…; `peelbox info --addr ADDR` tries an "
                      "address without a build"};
  }
  if (auto hint = connection_hint(message)) return hint;
  if (about.code != errc::remote) return std::nullopt;
  if (auto hint = request_hint(message, about.message)) return hint;
  // A process that ran speaks through its output; what it was called with may contain any of the words below.
  if (about.exit_code || has_any(message, {"did not complete successfully"})) {
    if (auto hint = output_hint(about)) return hint;
    return process_hint(about, message);
  }
  if (auto hint = registry_hint(message, about.message)) return hint;
  if (auto hint = file_hint(message, about.message)) return hint;
  return process_hint(about, message);
}

}  // namespace peelbox::build
