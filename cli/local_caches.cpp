#include "cli/local_caches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/output_fields.hpp"
#include "engine/oci/layout_index.hpp"

namespace peelbox::cli {

namespace {

using session::content_store;

std::string take(std::map<std::string, std::string>& attributes, const char* key, std::string otherwise) {
  const auto found = attributes.find(key);
  if (found == attributes.end()) return otherwise;
  std::string value = std::move(found->second);
  attributes.erase(found);
  return value.empty() ? otherwise : value;
}

/// The daemon names a store as the attribute does.
std::string store_id(const std::string& path) { return "local:" + path; }

std::shared_ptr<const content_store> add_store(const std::string& path, content_store::access how, session::store_book& stores) {
  auto& known = stores[store_id(path)].store;
  if (!known || (how == content_store::access::write && !known->writable())) known = std::make_shared<const content_store>(path, how);
  return known;
}

/// Why the import has to be left out; empty when its digest is known now.
std::string find_digest(client::cache_place& place, const content_store& store) {
  const std::string tag = take(place.attributes, "tag", "latest");
  if (!place.attributes.contains("digest")) {
    result<std::optional<std::string>> index = store.index();
    if (index.has_error()) return index.error().text;
    if (!*index) return "there is no cache yet";
    result<std::optional<std::string>> digest = oci::tagged_digest(**index, tag);
    if (digest.has_error()) return digest.error().text;
    if (!*digest) return fmt::format("it has no cache with the tag {}", tag);
    place.attributes["digest"] = **digest;
  }
  const result<content_store::blob> blob = store.open(place.attributes.at("digest"));
  return blob.has_error() ? blob.error().text : std::string();
}

void open_imports(std::vector<client::cache_place>& imports, session::store_book& stores, std::vector<std::string>& warnings) {
  std::vector<client::cache_place> kept;
  for (client::cache_place& place : imports) {
    if (place.type == "local") {
      const std::string path = place.attributes.at("src");
      const auto store = add_store(path, content_store::access::read, stores);
      const std::string why = find_digest(place, *store);
      if (!why.empty()) {
        std::string text = fmt::format("no cache is imported from {}: {}", path, why);
        if (std::find(warnings.begin(), warnings.end(), text) == warnings.end()) warnings.push_back(std::move(text));
        continue;
      }
    }
    kept.push_back(std::move(place));
  }
  imports = std::move(kept);
}

result<local_export> open_export(client::cache_place& place, std::size_t service, session::store_book& stores) {
  const std::string path = place.attributes.at("dest");
  const std::string reset = take(place.attributes, "reset", "false");
  if (!is_true(reset) && !is_false(reset)) return failure(errc::usage, fmt::format("a cache export to {} with reset={}: expected true or false", path, reset), origin::user);
  const auto store = add_store(path, content_store::access::write, stores);
  result<unique_fd> held = store->hold();
  if (held.has_error()) return held.error().in("the cache cannot be exported");
  if (result<void> fine = check_layout(*store); fine.has_error()) return fine.error();
  result<std::unique_ptr<session::blob_writer>> probe = store->begin();
  if (probe.has_error()) return probe.error().in("the cache cannot be exported");
  return local_export{service, store, take(place.attributes, "tag", "latest"), is_true(reset), std::make_shared<const unique_fd>(std::move(*held))};
}

}  // namespace

result<void> check_layout(const content_store& store) {
  result<std::optional<std::string>> index = store.index();
  if (index.has_error()) return index.error();
  if (!*index) return {};
  const auto read = oci::tagged_digest(**index, "latest");
  if (read.has_value()) return {};
  return failure(errc::context, fmt::format("{}: {}", store.directory(), read.error().text), origin::user);
}

result<std::vector<local_export>> open_local_caches(std::vector<client::solve_request>& services, session::store_book& stores,
                                                    std::vector<std::string>& warnings) {
  std::vector<local_export> exports;
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (client::cache_place& place : services[i].cache_exports) {
      if (place.type != "local") continue;
      result<local_export> opened = open_export(place, i, stores);
      if (opened.has_error()) return opened.error();
      exports.push_back(std::move(*opened));
    }
    open_imports(services[i].cache_imports, stores, warnings);
  }
  return exports;
}

result<void> tag_local_caches(std::vector<local_export> exports, const client::build_outcome& outcome, std::vector<std::string>& warnings) {
  std::map<std::string, std::shared_ptr<const content_store>> resets;
  for (const local_export& one : exports) {
    const result<client::service_outcome>& service = outcome.services.at(one.service);
    if (service.has_error()) continue;
    const auto said = service->exporter_response.find("cache.manifest");
    // Nothing of the build could be cached, or the export failed and says ignore-error=true.
    if (said == service->exporter_response.end()) continue;
    const oci::layout_name name{"", one.tag};
    result<void> tagged = one.store->name(said->second, {&name, 1});
    if (tagged.has_error()) return tagged.error().in("the cache was exported, but not named");
    if (one.reset) resets.emplace(one.store->directory(), one.store);
  }
  exports.clear();
  for (const auto& [directory, store] : resets) {
    const result<std::size_t> removed = store->remove_unnamed();
    if (removed.has_error()) warnings.push_back(fmt::format("nothing old was removed from the cache (reset=true): {}", removed.error().text));
  }
  return {};
}

}  // namespace peelbox::cli
