#include "engine/client/error_hints.hpp"

#include <algorithm>
#include <initializer_list>

#include "engine/client/error_chain.hpp"
#include "engine/client/output_hints.hpp"
#include "engine/client/process_message.hpp"
#include "h2grpc/grpc/status.hpp"

namespace peelbox::client {
namespace {

using std::string_view;

constexpr std::size_t longest_quote = 200;

std::string the(string_view what, string_view name) {
  std::string out = "the " + std::string(what);
  if (!name.empty() && name.size() <= longest_quote) out.append(" ").append(name);
  return out;
}

/// The causes of a message, each as far as the daemon wrote it.
class causes {
 public:
  explicit causes(std::vector<error_link> links) : links_(std::move(links)) {}

  /// The first that begins with one of `words`, or null.
  const error_link* begins(std::initializer_list<string_view> words) const {
    const auto found = std::find_if(links_.begin(), links_.end(), [&](const error_link& link) {
      return std::any_of(words.begin(), words.end(),
                         [&](string_view w) { return link.shape.starts_with(w); });
    });
    return found == links_.end() ? nullptr : &*found;
  }
  /// Whether the innermost one is one of `words`. containerd puts ": unknown" behind some.
  bool innermost(std::initializer_list<string_view> words) const {
    auto last = links_.rbegin();
    if (last != links_.rend() && last->shape == "unknown") ++last;
    return last != links_.rend() && std::find(words.begin(), words.end(), last->shape) != words.end();
  }
  /// Those behind `link`.
  causes behind(const error_link& link) const {
    return causes(std::vector<error_link>(links_.begin() + (&link - links_.data()) + 1, links_.end()));
  }
  const std::vector<error_link>& links() const noexcept { return links_; }

 private:
  std::vector<error_link> links_;
};

bool disk_is_full(const causes& said) {
  return said.innermost({"no space left on device", "disk quota exceeded"});
}

// The texts of our own side end with what the system said (errno_failure).
std::optional<error_hint> own_file_hint(const hint_question& about) {
  const bool full = about.message.ends_with(": No space left on device") ||
                    about.message.ends_with(": Disk quota exceeded");
  if (about.who == origin::us && full)
    return error_hint{"the disk of this machine that holds this file is full, or its quota is used up",
                      "free space there, or write the file somewhere else"};
  // The Docker engine that loads an image (engine/docker/engine_client.cpp).
  if (about.who == origin::peer && disk_is_full(causes(error_chain(about.message))))
    return error_hint{"a disk is full where the Docker engine runs",
                      "free space there, for example with docker system prune"};
  return std::nullopt;
}

std::optional<error_hint> connection_hint(const hint_question& about) {
  if (about.code == errc::lost && about.who == origin::transport)
    return error_hint{"the daemon was stopped or crashed, or the network broke",
                      "look at the daemon's log for a restart or a crash, then run the build again; finished "
                      "steps are in its cache"};
  if (about.code == errc::connection && about.message.starts_with("tcp://")) {
    // "tcp://h:1: connection refused (tried 127.0.0.1)" (transport/tcp_stream.cpp)
    const std::size_t end = about.message.find(": ");
    if (end != string_view::npos && about.message.substr(end + 2).starts_with("connection refused"))
      return error_hint{"nothing listens at that address and port",
                        "check both, and that buildkitd there was started with --addr tcp://…; `peelbox info "
                        "--addr ADDR` tries "
                        "an address without a build"};
  }
  return std::nullopt;
}

error_hint lost_session() {
  return {"the daemon lost this client's session, through which it reads the build context",
          "run the build again; if it happens every time, check that the address leads to one daemon only "
          "(no load balancer) and "
          "that nothing on the way cuts idle or long connections"};
}

std::optional<error_hint> request_hint(const causes& said, int status) {
  if (said.begins({"no active session"})) return lost_session();
  // grpc-go's answer to a call that the daemon does not have; from further inside it would be about somebody
  // else's.
  const string_view first = said.links().front().shape;
  const bool no_such_call = status == static_cast<int>(h2grpc::code::unimplemented) &&
                            (first.starts_with("unknown service ") || first.starts_with("unknown method "));
  if (no_such_call || said.begins({"unknown API capability "}))
    return error_hint{"this daemon is too old for what the build needs", "update BuildKit"};
  if (const error_link* const grant = said.begins({"granting entitlement "})) {
    string_view name = grant->text.substr(string_view("granting entitlement ").size());
    name = name.substr(0, name.find(' '));
    return error_hint{the("daemon's configuration does not allow the entitlement", name),
                      "start buildkitd with --allow-insecure-entitlement " + std::string(name) +
                          ", or list it under insecure-entitlements in buildkitd.toml"};
  }
  if (said.innermost({"network.host is not allowed", "security.insecure is not allowed"}))
    return error_hint{
        "a step uses host networking or privileged mode, but the build did not ask for that entitlement",
        "remove it from the step, or request the entitlement and allow it in the daemon"};
  if (const error_link* const none = said.begins({"secret "}); none != nullptr && said.innermost({"not found"})) {
    const std::string id(none->text.substr(string_view("secret ").size()).substr(0, longest_quote));
    return error_hint{the("step mounts the secret", id) + ", which was not given to the build",
                      "add --secret id=" + id + ",src=FILE or --secret id=" + id + ",env=VARIABLE"};
  }
  if (const error_link* const none = said.begins({"no SSH key \"\" forwarded from the client"})) {
    const std::string id(none->quoted.front().substr(0, longest_quote));
    return error_hint{the("step mounts the SSH agent", id) + ", which was not given to the build",
                      "add --ssh " + id + " for the agent of SSH_AUTH_SOCK, or --ssh " + id + "=KEYFILE"};
  }
  if (said.begins({"unsupported request frontend."}))
    return error_hint{"the daemon's own Dockerfile frontend is too old to be asked this",
                      "use a newer one: begin the Dockerfile with the line # syntax=docker/dockerfile:1, or update BuildKit"};
  if (const error_link* const none = said.begins({"exporter \"\" could not be found"}))
    return error_hint{
        "this daemon has no exporter " + std::string(none->quoted.front().substr(0, longest_quote)),
        "use an output type that every daemon has: oci, docker, local or tar; type image needs a containerd "
        "worker "
        "or a registry"};
  return std::nullopt;
}

constexpr string_view resolving = "failed to resolve source metadata for ";
constexpr string_view scanner = "docker.io/docker/buildkit-syft-scanner";

bool is_scanner(string_view image) {
  return image.starts_with(scanner) &&
         (image.size() == scanner.size() || image[scanner.size()] == ':' || image[scanner.size()] == '@');
}

/// What the daemon's registry client says (containerd, remotes/docker), which begins with `first`.
std::optional<error_hint> registry_hint(const causes& said, string_view image) {
  if (said.begins({"toomanyrequests", "429 "}))
    return error_hint{"the registry refuses more downloads for now",
                      "log in to it (docker login), wait, or use a mirror"};
  if (said.begins({"no match for platform"}))
    return error_hint{the("image", image) + " does not exist for the platform that is built",
                      "build for another platform (--platform), or choose an image that has it"};
  if (said.begins({"x509"}))
    return error_hint{"the daemon does not trust the registry's certificate",
                      "give the daemon the registry's authority: [registry.\"HOST\"] ca in buildkitd.toml"};
  if (said.begins({"dial tcp"}) ||
      said.innermost({"no such host", "i/o timeout", "connection refused", "TLS handshake timeout"}))
    return error_hint{"the daemon cannot reach the registry (the daemon pulls images, not this machine)",
                      "check name resolution, proxy and firewall where the daemon runs"};
  if (said.begins({"pull access denied", "insufficient_scope", "unauthorized", "authorization failed",
                   "failed to authorize", "denied", "401 ", "403 "}))
    return error_hint{the("image", image) +
                          " is private or does not exist, and the registry refused the login it was given",
                      "check the name; log in to the registry (docker login HOST) as a user who may read it"};
  if (said.innermost({"not found"}) || said.begins({"manifest unknown", "404 "}))
    return error_hint{the("image", image) + " does not exist in its registry",
                      "check the spelling of name and tag"};
  return std::nullopt;
}

/// The daemon asks us for logins. Only our answer, which comes over gRPC, has a code in its text; a
/// registry's has none.
bool login_failed_here(const causes& inside) {
  return std::any_of(inside.links().begin(), inside.links().end(), [](const error_link& link) {
    return link.text == "rpc error" || is_code_name(link.text);
  });
}

/// The whole of a pull that failed; `from` is where it begins.
std::optional<error_hint> pull_hint(const causes& said, const error_link& from) {
  string_view image;
  if (from.text.starts_with(resolving)) image = from.text.substr(resolving.size());
  if (is_scanner(image))
    return error_hint{
        "the daemon cannot pull the image that writes the SBOM",
        "build without an SBOM (--sbom=false), or name a scanner image that the daemon can reach "
        "(--sbom=generator=IMAGE)"};
  const causes inside = said.behind(from);
  if (login_failed_here(inside))
    return error_hint{
        "the login for " +
            (image.empty() ? std::string("a registry") : "the registry of " + std::string(image)) +
            " could not be read on this machine",
        "mend what the message names, or remove the registry from credsStore and credHelpers in Docker's "
        "config.json"};
  return registry_hint(image.empty() ? said : inside, image);
}

std::optional<error_hint> file_hint(const causes& said) {
  if (!said.begins({"failed to calculate checksum of ref ", "failed to compute cache key"}))
    return std::nullopt;
  if (!said.innermost({"not found", "no such file or directory"})) return std::nullopt;
  const auto& links = said.links();
  const error_link& named = links[links.size() - 2];
  return error_hint{the("path", named.quoted.empty() ? string_view() : named.quoted.back()) +
                        " is copied, but it is not in the build context: it does not exist there, or an "
                        "ignore rule excludes it",
                    "check the path (it is relative to the context directory) and the rules in .dockerignore "
                    "and .gitignore"};
}

std::optional<error_hint> exit_hint(std::int64_t exit_code, const std::vector<log_line>& tail) {
  switch (exit_code) {
    case 127:
      if (const std::string program = program_not_found(tail); !program.empty())
        return error_hint{
            "the command " + program + " was not found in the image",
            "add the package that contains it to build.packages (or to the image), or check PATH"};
      return error_hint{"a command was not found in the image",
                        "install the package that contains it, or check PATH"};
    case 126:
      return error_hint{"the command was found but cannot be executed",
                        "check its permissions and its first line (#!)"};
    case 132:
      return error_hint{"the program used an instruction that this processor does not have",
                        "build for the daemon's own processor"};
    case 137:
      return error_hint{"the process was killed (signal 9), most often because memory ran out",
                        "give the machine of the daemon more memory, or run fewer jobs at once"};
    case 139:
      return error_hint{"the program crashed (segmentation fault)",
                        "run it outside of the build, or without emulation"};
    default:
      return std::nullopt;
  }
}

/// A command that did not start or did not end well.
std::optional<error_hint> process_hint(const causes& said, const hint_question& about) {
  if (said.innermost({"executable file not found in $PATH"}))
    return error_hint{"the image has no such program",
                      "install the package that contains it, or write its full path"};
  if (said.innermost({"exec format error"}))
    return error_hint{std::string(wrong_processor), std::string(wrong_processor_advice)};
  if (!about.exit_code || *about.exit_code == 0) return std::nullopt;
  if (auto hint = output_hint(about.log_tail)) return hint;
  return exit_hint(*about.exit_code, about.log_tail);
}

}  // namespace

std::optional<error_hint> find_hint(const hint_question& about) {
  if (about.code == errc::io) return own_file_hint(about);
  if (about.code == errc::lost && about.who == origin::peer) return lost_session();
  if (about.code != errc::remote) return connection_hint(about);
  const causes said(error_chain(about.message));
  if (disk_is_full(said)) return error_hint{std::string(disk_full), std::string(disk_full_advice)};
  if (said.innermost({"cannot allocate memory"}))
    return error_hint{"the daemon's machine ran out of memory",
                      "give it more memory, or run fewer builds at once"};
  // A process that ran speaks through its output and its exit code.
  if (about.exit_code || !command_in(about.message, "").empty()) return process_hint(said, about);
  if (auto hint = request_hint(said, about.status)) return hint;
  if (const error_link* const pull =
          said.begins({resolving, "pull access denied", "failed to authorize", "failed to do request",
                       "failed to fetch anonymous token", "failed to fetch oauth token",
                       "unexpected status from ", "unexpected status code ", "manifest unknown"}))
    return pull_hint(said, *pull);
  if (auto hint = file_hint(said)) return hint;
  return process_hint(said, about);
}

}  // namespace peelbox::client
