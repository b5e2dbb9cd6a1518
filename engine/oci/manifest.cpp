#include "engine/oci/manifest.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "engine/oci/digest.hpp"

namespace peelbox::oci {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_items = 10000;

failure broken(std::string_view where, std::string_view why) {
  return failure(errc::protocol, fmt::format("{}: {}", where, why), origin::peer);
}

result<dom::object> parse_object(dom::parser& parser, std::string_view text, std::string_view what,
                                 std::size_t limit) {
  if (text.size() > limit)
    return failure(errc::limit, fmt::format("{}: {} bytes, the limit is {}", what, text.size(), limit),
                   origin::peer);
  if (text.empty()) return broken(what, "it is empty");
  if (const auto error = parser.allocate(text.size(), max_depth); error)
    return failure(errc::internal, fmt::format("{}: {}", what, simdjson::error_message(error)));
  dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root); error)
    return broken(what, fmt::format("not valid JSON: {}", simdjson::error_message(error)));
  dom::object object;
  if (root.get(object)) return broken(what, "expected a JSON object");
  return object;
}

/// Absent and null leave `out` as it is.
result<void> read_text(const dom::object& from, std::string_view key, std::string_view where,
                       std::string& out) {
  dom::element value;
  if (from.at_key(key).get(value) || value.is_null()) return {};
  std::string_view text;
  if (value.get(text)) return broken(where, fmt::format("\"{}\" is not a string", key));
  out = text;
  return {};
}

result<void> read_texts(const dom::object& from, std::string_view key, std::string_view where,
                        std::vector<std::string>& out) {
  dom::element value;
  if (from.at_key(key).get(value) || value.is_null()) return {};
  dom::array items;
  if (value.get(items)) return broken(where, fmt::format("\"{}\" is not an array", key));
  for (const dom::element item : items) {
    std::string_view text;
    if (item.get(text)) return broken(where, fmt::format("\"{}\" holds something else than strings", key));
    if (out.size() == max_items) return broken(where, fmt::format("\"{}\" has too many items", key));
    out.emplace_back(text);
  }
  return {};
}

/// The keys of an object.
result<void> read_names(const dom::object& from, std::string_view key, std::string_view where,
                        std::vector<std::string>& out) {
  dom::element value;
  if (from.at_key(key).get(value) || value.is_null()) return {};
  dom::object items;
  if (value.get(items)) return broken(where, fmt::format("\"{}\" is not an object", key));
  for (const auto& field : items) {
    if (out.size() == max_items) return broken(where, fmt::format("\"{}\" has too many items", key));
    out.emplace_back(field.key);
  }
  return {};
}

result<void> read_text_map(const dom::object& from, std::string_view key, std::string_view where,
                           std::map<std::string, std::string>& out) {
  dom::element value;
  if (from.at_key(key).get(value) || value.is_null()) return {};
  dom::object items;
  if (value.get(items)) return broken(where, fmt::format("\"{}\" is not an object", key));
  for (const auto& [name, item] : items) {
    std::string_view text;
    if (item.get(text)) return broken(where, fmt::format("\"{}\" holds something else than strings", key));
    out.insert_or_assign(std::string(name), std::string(text));
    if (out.size() > max_items) return broken(where, fmt::format("\"{}\" has too many items", key));
  }
  return {};
}

result<platform> read_platform(const dom::object& from, std::string_view where) {
  platform p;
  if (auto r = read_text(from, "os", where, p.os); !r) return r.error();
  if (auto r = read_text(from, "architecture", where, p.arch); !r) return r.error();
  if (auto r = read_text(from, "variant", where, p.variant); !r) return r.error();
  return p;
}

result<descriptor> read_descriptor(const dom::element& element, std::string_view where) {
  dom::object from;
  if (element.get(from)) return broken(where, "expected an object");
  descriptor out;
  if (auto r = read_text(from, "mediaType", where, out.media_type); !r) return r.error();
  if (auto r = read_text(from, "digest", where, out.digest); !r) return r.error();
  if (auto r = parse_digest(out.digest); !r) return broken(where, r.error().text);
  if (from.at_key("size").get(out.size)) return broken(where, "\"size\" is not a number of bytes");
  if (auto r = read_text_map(from, "annotations", where, out.annotations); !r) return r.error();
  dom::element value;
  if (!from.at_key("platform").get(value) && !value.is_null()) {
    dom::object object;
    if (value.get(object)) return broken(where, "\"platform\" is not an object");
    auto p = read_platform(object, where);
    if (!p) return p.error();
    out.platform = normalise(*std::move(p));
  }
  return out;
}

result<std::vector<descriptor>> read_descriptors(const dom::element& element, std::string_view key) {
  dom::array items;
  if (element.get(items)) return broken("image manifest", fmt::format("\"{}\" is not an array", key));
  std::vector<descriptor> out;
  for (const dom::element item : items) {
    if (out.size() == max_items)
      return broken("image manifest", fmt::format("\"{}\" has too many items", key));
    auto one = read_descriptor(item, fmt::format("image manifest: {}[{}]", key, out.size()));
    if (!one) return one.error();
    out.push_back(*std::move(one));
  }
  return out;
}

}  // namespace

result<manifest_document> parse_manifest(std::string_view text) {
  dom::parser parser;
  auto root = parse_object(parser, text, "image manifest", max_manifest_bytes);
  if (!root) return root.error();
  std::string media_type;
  if (auto r = read_text(*root, "mediaType", "image manifest", media_type); !r) return r.error();
  dom::element list;
  if (!root->at_key("manifests").get(list)) {
    auto manifests = read_descriptors(list, "manifests");
    if (!manifests) return manifests.error();
    if (media_type.empty()) media_type = media_oci_index;
    return image_index{std::move(media_type), *std::move(manifests)};
  }
  dom::element config;
  if (root->at_key("layers").get(list) || root->at_key("config").get(config)) {
    std::uint64_t schema = 0;
    if (!root->at_key("schemaVersion").get(schema) && schema == 1)
      return broken("image manifest",
                    "schema version 1 is too old; push the image again with a current tool");
    return broken("image manifest", "it has neither \"manifests\" nor \"config\" and \"layers\"");
  }
  auto config_descriptor = read_descriptor(config, "image manifest: config");
  if (!config_descriptor) return config_descriptor.error();
  auto layers = read_descriptors(list, "layers");
  if (!layers) return layers.error();
  if (media_type.empty()) media_type = media_oci_manifest;
  return image_manifest{std::move(media_type), *std::move(config_descriptor), *std::move(layers)};
}

const descriptor* select(const image_index& index, const platform& wanted) {
  const descriptor* best = nullptr;
  for (const descriptor& d : index.manifests) {
    if (!d.platform || !matches(wanted, *d.platform)) continue;
    // Of several variants that run, the equal one or else the newest: "v7" > "v6" > "".
    if (!best ||
        (best->platform->variant != normalise(wanted).variant &&
         (d.platform->variant == normalise(wanted).variant || d.platform->variant > best->platform->variant)))
      best = &d;
  }
  return best;
}

result<image_config> parse_image_config(std::string_view text) {
  constexpr std::string_view where = "image configuration";
  dom::parser parser;
  auto root = parse_object(parser, text, where, max_config_bytes);
  if (!root) return root.error();
  image_config out;
  auto p = read_platform(*root, where);
  if (!p) return p.error();
  out.platform = normalise(*std::move(p));

  dom::element value;
  if (!root->at_key("rootfs").get(value) && !value.is_null()) {
    dom::object rootfs;
    if (value.get(rootfs)) return broken(where, "\"rootfs\" is not an object");
    if (auto r = read_texts(rootfs, "diff_ids", where, out.diff_ids); !r) return r.error();
  }
  dom::array history;
  if (!root->at_key("history").get(history)) out.history_json = simdjson::minify(history);
  if (root->at_key("config").get(value) || value.is_null()) return out;
  dom::object config;
  if (value.get(config)) return broken(where, "\"config\" is not an object");
  if (auto r = read_text(config, "User", where, out.user); !r) return r.error();
  if (auto r = read_text(config, "WorkingDir", where, out.working_dir); !r) return r.error();
  if (auto r = read_texts(config, "Env", where, out.env); !r) return r.error();
  if (auto r = read_texts(config, "Entrypoint", where, out.entrypoint); !r) return r.error();
  if (auto r = read_texts(config, "Cmd", where, out.cmd); !r) return r.error();
  if (auto r = read_text_map(config, "Labels", where, out.labels); !r) return r.error();
  if (auto r = read_names(config, "ExposedPorts", where, out.exposed_ports); !r) return r.error();
  if (auto r = read_names(config, "Volumes", where, out.volumes); !r) return r.error();
  if (auto r = read_text(config, "StopSignal", where, out.stop_signal); !r) return r.error();
  dom::object health_check;
  if (!config.at_key("Healthcheck").get(health_check)) out.health_check_json = simdjson::minify(health_check);
  return out;
}

}  // namespace peelbox::oci
