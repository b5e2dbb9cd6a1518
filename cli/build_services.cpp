#include "cli/build_services.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/aws_keys.hpp"
#include "cli/cache_option.hpp"
#include "cli/context_option.hpp"
#include "cli/secret_option.hpp"
#include "cli/service_targets.hpp"
#include "cli/ssh_option.hpp"
#include "cli/wrong.hpp"
#include "engine/async/read_file.hpp"
#include "engine/client/source_policy.hpp"
#include "engine/session/upload_service.hpp"

namespace peelbox::cli {

namespace {

using client::cache_place;

/// Neither a core file nor a debugger of the same user gets at the memory. Programs that we start are not
/// affected: execve() sets it anew (prctl(2), PR_SET_DUMPABLE).
void keep_memory_private() { (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// All options of one direction, in both spellings.
result<std::vector<cache_place>> caches_of(const service_args& args, cache_way way, const environment& variables,
                                           std::vector<std::string>& warnings) {
  struct source {
    const char* flag;
    const std::vector<std::string>& texts;
    cache_spelling spelling;
  };
  const source from[] = {{"--cache-from", args.cache_from, cache_spelling::buildx}, {"--import-cache", args.import_cache, cache_spelling::buildctl}};
  const source to[] = {{"--cache-to", args.cache_to, cache_spelling::buildx}, {"--export-cache", args.export_cache, cache_spelling::buildctl}};
  std::vector<cache_place> places;
  for (const source& one : way == cache_way::from ? from : to) {
    for (const std::string& text : one.texts) {
      result<parsed_caches> parsed = parse_cache(one.flag, text, way, one.spelling, variables);
      if (parsed.has_error()) return parsed.error();
      std::move(parsed->places.begin(), parsed->places.end(), std::back_inserter(places));
      std::move(parsed->warnings.begin(), parsed->warnings.end(), std::back_inserter(warnings));
    }
  }
  return places;
}

/// True when something was there to be replaced.
bool name_service(cache_place& place, const std::string& service) {
  bool named = false;
  for (auto& [key, value] : place.attributes) {
    std::string filled = fill_service(value, service, place.type == "registry");
    named = named || filled != value;
    value = std::move(filled);
  }
  return named;
}

result<void> add_layouts(const std::vector<std::string>& given, session::store_book& stores) {
  for (const std::string& text : given) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == text.npos || equals + 1 == text.size())
      return wrong(fmt::format("--oci-layout {}: expected NAME=DIR, as in --oci-layout base=./base-layout", text));
    result<std::string> directory = canonical_context("--oci-layout", text.substr(equals + 1));
    if (directory.has_error()) return directory.error();
    std::error_code error;
    if (!std::filesystem::is_directory(*directory + "/blobs", error))
      return failure(errc::context, fmt::format("--oci-layout {}: {} is no OCI layout, it has no directory blobs", text, *directory), origin::user);
    auto store = std::make_shared<const session::content_store>(*directory, session::content_store::access::read);
    if (!stores.emplace("oci:" + text.substr(0, equals), session::served_layout{std::move(store), nullptr}).second)
      return wrong(fmt::format("--oci-layout {}: this name has a directory already", text));
  }
  return {};
}

}  // namespace

result<void> check_entitlement(std::string_view text) {
  if (text == "network.host" || text == "security.insecure" || text == "device") return {};
  if (text.starts_with("device=") && text.size() > std::string_view("device=").size()) return {};
  return wrong(fmt::format("--allow {}: expected network.host, security.insecure, device or device=NAME", text));
}

result<void> set_caches(const service_args& args, const environment& given, std::vector<client::solve_request>& services,
                        std::vector<std::string>& warnings) {
  const environment variables = with_aws_files(given);
  result<std::vector<cache_place>> from = caches_of(args, cache_way::from, variables, warnings);
  if (from.has_error()) return from.error();
  result<std::vector<cache_place>> to = caches_of(args, cache_way::to, variables, warnings);
  if (to.has_error()) return to.error();
  for (client::solve_request& service : services) {
    service.cache_imports = *from;
    service.cache_exports.insert(service.cache_exports.end(), to->begin(), to->end());
    for (cache_place& place : service.cache_imports) (void)name_service(place, service.name);
    for (cache_place& place : service.cache_exports) {
      if (name_service(place, service.name) || services.size() == 1 || place.type == "inline") continue;
      return wrong(fmt::format("{} services cannot write one cache of type={}: put {} into its name, as in "
                               "--cache-to type=registry,ref=REGISTRY/cache:{}",
                               services.size(), place.type, service_placeholder, service_placeholder));
    }
  }
  return {};
}

result<build_services> add_build_services(const service_args& args, const environment& variables, blocking_pool& pool,
                                          client::build_options& options) {
  build_services made;
  for (const std::string& right : args.allow) {
    result<void> known = check_entitlement(right);
    if (known.has_error()) return known.error();
  }
  for (client::solve_request& service : options.services)
    service.entitlements.insert(service.entitlements.end(), args.allow.begin(), args.allow.end());
  if (!args.source_policy.empty()) {
    const std::string name = "--source-policy-file " + args.source_policy;
    result<std::string> text = read_file(args.source_policy, name, 1 << 20);
    if (text.has_error()) return text.error();
    auto policy = client::parse_source_policy(*text, name);
    if (policy.has_error()) return policy.error();
    for (client::solve_request& service : options.services) service.source_policy = *policy;
  }
  result<void> caches = set_caches(args, variables, options.services, made.warnings);
  if (caches.has_error()) return caches.error();
  const client::solve_request& first = options.services.front();
  if (!args.secrets.empty() || !args.agents.empty() || std::any_of(first.cache_imports.begin(), first.cache_imports.end(), has_credentials) ||
      std::any_of(first.cache_exports.begin(), first.cache_exports.end(), has_credentials))
    keep_memory_private();
  result<session::secret_book> book = find_secrets(args.secrets, variables);
  if (book.has_error()) return book.error();
  if (!book->empty()) options.attachables.push_back(session::secrets(std::move(*book), pool));
  result<session::ssh_book> agents = find_agents(args.agents, variables);
  if (agents.has_error()) return agents.error();
  if (!agents->empty()) options.attachables.push_back(session::ssh_agents(std::move(*agents), pool));
  if (args.upload) options.attachables.push_back(session::uploads(args.upload));
  result<void> layouts = add_layouts(args.oci_layouts, options.layouts);
  if (layouts.has_error()) return layouts.error();
  result<std::vector<local_export>> exports = open_local_caches(options.services, options.layouts, made.warnings);
  if (exports.has_error()) return exports.error();
  made.local_exports = std::move(*exports);
  return made;
}

}  // namespace peelbox::cli
