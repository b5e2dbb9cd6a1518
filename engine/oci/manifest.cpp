#include "engine/oci/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/data/json.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::oci {
namespace {

using data::json::value;
using data::member;

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_items = 10000;

failure broken_manifest(std::string_view where, std::string_view why) {
  return failure(errc::protocol, fmt::format("{}: {}", where, why), origin::peer);
}

result<value> parse_object(std::string_view text, std::string_view what, std::size_t limit) {
  if (text.empty()) return broken_manifest(what, "it is empty");
  auto root = data::parse_json(text, what, {limit, max_depth});
  if (root.has_value() && !root->is_object()) return broken_manifest(what, "expected a JSON object");
  return root;
}

std::string_view view(const data::json::string& text) { return {text.data(), text.size()}; }
std::string_view view(data::json::string_view text) { return {text.data(), text.size()}; }

/// Absent and null leave `out` as it is, here and in the other readers.
result<void> read_text(const value& from, std::string_view key, std::string_view where, std::string& out) {
  const value* found = member(from, key);
  if (found == nullptr) return {};
  const auto* text = found->if_string();
  if (text == nullptr) return broken_manifest(where, fmt::format("\"{}\" is not a string", key));
  out = view(*text);
  return {};
}

result<void> read_texts(const value& from, std::string_view key, std::string_view where,
                        std::vector<std::string>& out) {
  const value* found = member(from, key);
  if (found == nullptr) return {};
  const auto* items = found->if_array();
  if (items == nullptr) return broken_manifest(where, fmt::format("\"{}\" is not an array", key));
  if (items->size() > max_items) return broken_manifest(where, fmt::format("\"{}\" has too many items", key));
  for (const value& item : *items) {
    const auto* text = item.if_string();
    if (text == nullptr) return broken_manifest(where, fmt::format("\"{}\" holds something else than strings", key));
    out.emplace_back(view(*text));
  }
  return {};
}

/// The object called `key`; nullptr when there is none.
result<const data::json::object*> read_object(const value& from, std::string_view key, std::string_view where) {
  const value* found = member(from, key);
  if (found == nullptr) return nullptr;
  const auto* items = found->if_object();
  if (items == nullptr) return broken_manifest(where, fmt::format("\"{}\" is not an object", key));
  if (items->size() > max_items) return broken_manifest(where, fmt::format("\"{}\" has too many items", key));
  return items;
}

/// The keys of an object.
result<void> read_names(const value& from, std::string_view key, std::string_view where, std::vector<std::string>& out) {
  const auto items = read_object(from, key, where);
  if (items.has_error()) return items.error();
  if (*items != nullptr)
    for (const auto& field : **items) out.emplace_back(view(field.key()));
  return {};
}

result<void> read_text_map(const value& from, std::string_view key, std::string_view where,
                           std::map<std::string, std::string>& out) {
  const auto items = read_object(from, key, where);
  if (items.has_error()) return items.error();
  if (*items == nullptr) return {};
  for (const auto& field : **items) {
    const auto* text = field.value().if_string();
    if (text == nullptr) return broken_manifest(where, fmt::format("\"{}\" holds something else than strings", key));
    out.insert_or_assign(std::string(view(field.key())), std::string(view(*text)));
  }
  return {};
}

result<platform> read_platform(const value& from, std::string_view where) {
  platform p;
  if (auto r = read_text(from, "os", where, p.os); !r) return r.error();
  if (auto r = read_text(from, "architecture", where, p.arch); !r) return r.error();
  if (auto r = read_text(from, "variant", where, p.variant); !r) return r.error();
  return p;
}

result<descriptor> read_descriptor(const value& from, std::string_view where) {
  if (!from.is_object()) return broken_manifest(where, "expected an object");
  descriptor out;
  if (auto r = read_text(from, "mediaType", where, out.media_type); !r) return r.error();
  if (auto r = read_text(from, "digest", where, out.digest); !r) return r.error();
  if (auto r = parse_digest(out.digest); !r) return broken_manifest(where, r.error().text);
  const value* size = member(from, "size");
  boost::system::error_code not_exact;
  if (size != nullptr) out.size = size->to_number<std::uint64_t>(not_exact);
  if (size == nullptr || not_exact || size->is_double()) return broken_manifest(where, "\"size\" is not a number of bytes");
  if (auto r = read_text_map(from, "annotations", where, out.annotations); !r) return r.error();
  if (const value* of = member(from, "platform")) {
    if (!of->is_object()) return broken_manifest(where, "\"platform\" is not an object");
    auto p = read_platform(*of, where);
    if (!p) return p.error();
    out.platform = normalise(*std::move(p));
  }
  return out;
}

result<std::vector<descriptor>> read_descriptors(const value& list, std::string_view key) {
  const auto* items = list.if_array();
  if (items == nullptr) return broken_manifest("image manifest", fmt::format("\"{}\" is not an array", key));
  if (items->size() > max_items) return broken_manifest("image manifest", fmt::format("\"{}\" has too many items", key));
  std::vector<descriptor> out;
  for (const value& item : *items) {
    auto one = read_descriptor(item, fmt::format("image manifest: {}[{}]", key, out.size()));
    if (!one) return one.error();
    out.push_back(*std::move(one));
  }
  return out;
}

}  // namespace

result<manifest_document> parse_manifest(std::string_view text) {
  auto root = parse_object(text, "image manifest", max_manifest_bytes);
  if (!root) return root.error();
  std::string media_type;
  if (auto r = read_text(*root, "mediaType", "image manifest", media_type); !r) return r.error();
  if (const value* list = member(*root, "manifests")) {
    auto manifests = read_descriptors(*list, "manifests");
    if (!manifests) return manifests.error();
    if (media_type.empty()) media_type = media_oci_index;
    return image_index{std::move(media_type), *std::move(manifests)};
  }
  const value* list = member(*root, "layers");
  const value* config = member(*root, "config");
  if (list == nullptr || config == nullptr) {
    const value* schema = member(*root, "schemaVersion");
    if (schema != nullptr && *schema == 1)
      return broken_manifest("image manifest",
                    "schema version 1 is too old; push the image again with a current tool");
    return broken_manifest("image manifest", "it has neither \"manifests\" nor \"config\" and \"layers\"");
  }
  auto config_descriptor = read_descriptor(*config, "image manifest: config");
  if (!config_descriptor) return config_descriptor.error();
  auto layers = read_descriptors(*list, "layers");
  if (!layers) return layers.error();
  if (media_type.empty()) media_type = media_oci_manifest;
  return image_manifest{std::move(media_type), *std::move(config_descriptor), *std::move(layers)};
}

const descriptor* select(const image_index& index, const platform& wanted) {
  const descriptor* best = nullptr;
  for (const descriptor& d : index.manifests) {
    if (!d.platform || !matches(wanted, *d.platform)) continue;
    // Of several variants that run, the equal one, else the newest: "v7" > "v6" > "".
    if (!best ||
        (best->platform->variant != normalise(wanted).variant &&
         (d.platform->variant == normalise(wanted).variant || d.platform->variant > best->platform->variant)))
      best = &d;
  }
  return best;
}

result<image_config> parse_image_config(std::string_view text) {
  constexpr std::string_view where = "image configuration";
  auto root = parse_object(text, where, max_config_bytes);
  if (!root) return root.error();
  image_config out;
  auto p = read_platform(*root, where);
  if (!p) return p.error();
  out.platform = normalise(*std::move(p));

  if (const value* rootfs = member(*root, "rootfs")) {
    if (!rootfs->is_object()) return broken_manifest(where, "\"rootfs\" is not an object");
    if (auto r = read_texts(*rootfs, "diff_ids", where, out.diff_ids); !r) return r.error();
  }
  if (const value* history = member(*root, "history"); history != nullptr && history->is_array())
    out.history_json = data::to_text(*history);
  const value* config = member(*root, "config");
  if (config == nullptr) return out;
  if (!config->is_object()) return broken_manifest(where, "\"config\" is not an object");
  if (auto r = read_text(*config, "User", where, out.user); !r) return r.error();
  if (auto r = read_text(*config, "WorkingDir", where, out.working_dir); !r) return r.error();
  if (auto r = read_texts(*config, "Env", where, out.env); !r) return r.error();
  if (auto r = read_texts(*config, "Entrypoint", where, out.entrypoint); !r) return r.error();
  if (auto r = read_texts(*config, "Cmd", where, out.cmd); !r) return r.error();
  if (auto r = read_text_map(*config, "Labels", where, out.labels); !r) return r.error();
  if (auto r = read_names(*config, "ExposedPorts", where, out.exposed_ports); !r) return r.error();
  if (auto r = read_names(*config, "Volumes", where, out.volumes); !r) return r.error();
  if (auto r = read_text(*config, "StopSignal", where, out.stop_signal); !r) return r.error();
  if (const value* health = member(*config, "Healthcheck"); health != nullptr && health->is_object())
    out.health_check_json = data::to_text(*health);
  return out;
}

}  // namespace peelbox::oci
