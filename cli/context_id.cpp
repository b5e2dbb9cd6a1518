#include "cli/context_id.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/cache_identity.hpp"
#include "cli/wrong.hpp"
#include "engine/async/read_file.hpp"
#include "engine/oci/digest.hpp"
#include "engine/oci/keyed_digest.hpp"

namespace peelbox::cli {

namespace {

constexpr std::string_view variable = "PEELBOX_CONTEXT_SECRET";
constexpr std::string_view file_variable = "PEELBOX_CONTEXT_SECRET_FILE";
constexpr std::size_t longest_name = 200;
constexpr std::size_t shortest_secret = 16;
constexpr std::size_t longest_secret = 4096;

/// Follows from the secret and tells nothing of it; without one everybody can make it.
std::string derived(const context_identity& from, std::string_view purpose, std::string_view text) {
  // HMAC takes keys of 64 bytes.
  const std::string key = oci::digest_of(from.secret.empty() ? std::string_view("peelbox context id") : std::string_view(from.secret))
                              .substr(std::string_view("sha256:").size());
  const std::string message = std::string(purpose) + '\0' + from.name + '\0' + std::string(text);
  return oci::keyed_digest(key, message).substr(std::string_view("sha256:").size());
}

result<std::string> checked_secret(std::string text, std::string_view from) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.size() < shortest_secret)
    return wrong(fmt::format("{}: the secret has {} characters, and {} are the least: make one with `openssl rand -hex 32`", from,
                             text.size(), shortest_secret));
  return text;
}

result<std::string> find_secret(const environment& env) {
  const std::string given = env(variable).value_or("");
  const std::string file = env(file_variable).value_or("");
  if (!given.empty() && !file.empty()) return wrong(fmt::format("{} and {} exclude each other: unset one", variable, file_variable));
  if (!given.empty()) return checked_secret(given, variable);
  if (file.empty()) return std::string();
  const std::string from = fmt::format("{}={}", file_variable, file);
  result<std::string> text = read_file(file, from, longest_secret);
  if (text.has_error()) return wrong(text.error().text + "; name a file with the secret, or unset the variable");
  return checked_secret(std::move(*text), from);
}

/// The directory that a repository is looked for around: the context, else the first.
const filesync::context_source* main_context(const door_plan& plan) {
  const auto on_disk = [](const auto& one) { return !one.second->tree; };
  const auto named = plan.contexts.find("context");
  if (named != plan.contexts.end() && on_disk(*named)) return named->second.get();
  const auto first = std::find_if(plan.contexts.begin(), plan.contexts.end(), on_disk);
  return first == plan.contexts.end() ? nullptr : first->second.get();
}

result<std::string> repository_name(const door_plan& plan) {
  const filesync::context_source* const context = main_context(plan);
  if (context == nullptr) return wrong("--context-id auto: this build has no directory of this machine; leave --context-id out");
  const checkout found = checkout_of(context->root);
  if (found.origin.empty())
    return wrong(fmt::format("--context-id auto: {} is in no clone of a repository on another host (git's remote \"origin\"); name it "
                             "yourself with --context-id NAME",
                             context->root));
  return "repository\n" + found.origin + '\n' + found.below;
}

}  // namespace

std::string context_identity::shared_key(const std::string& mode) const {
  return "peelbox-" + derived(*this, "shared key", mode).substr(0, 32);
}

std::string context_identity::time_key() const { return secret.empty() ? std::string() : derived(*this, "times of contents", ""); }

std::string context_identity::session_secret() const { return secret.empty() ? std::string() : derived(*this, "session ids", ""); }

result<std::optional<context_identity>> choose_identity(const build_args& args, const door_plan& plan, const environment& env) {
  const bool given = std::find(args.given.begin(), args.given.end(), "--context-id") != args.given.end();
  if (!given && args.context_id.empty()) return std::optional<context_identity>();
  const std::string& name = args.context_id;
  if (name.empty()) return wrong("--context-id: the name is empty; give one that all machines use, or auto");
  if (name.size() > longest_name || std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return wrong(fmt::format("--context-id: a name has at most {} bytes and no control characters", longest_name));
  if (args.context_times == "file" && std::find(args.given.begin(), args.given.end(), "--context-times") != args.given.end())
    return wrong("--context-id needs --context-times content: files of two machines can have equal times and other content");
  context_identity made;
  result<std::string> secret = find_secret(env);
  if (secret.has_error()) return secret.error();
  made.secret = std::move(*secret);
  if (name == "auto") {
    result<std::string> found = repository_name(plan);
    if (found.has_error()) return found.error();
    made.name = std::move(*found);
  } else {
    made.name = "name\n" + name;
  }
  if (args.paranoid) return std::optional<context_identity>();
  return std::optional<context_identity>(std::move(made));
}

bool announces_contents(const build_args& args) noexcept { return args.context_times == "content" || !args.context_id.empty(); }

}  // namespace peelbox::cli
