#include "cli/image_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/data/indented.hpp"
#include "engine/data/json.hpp"
#include "engine/progress/sanitize.hpp"
#include "engine/registry/attestation.hpp"

namespace peelbox::cli {
namespace {

namespace json = data::json;

std::string clean(std::string_view text) { return progress::sanitize_line(std::string(text)); }

std::string size_text(std::uint64_t bytes) { return fmt::format("{}", bytes); }

json::object entry_json(const registry::index_entry& one) {
  json::object out{{"digest", one.what.digest}, {"mediaType", one.what.media_type}, {"size", one.what.size}};
  if (one.what.platform) out["platform"] = oci::to_string(*one.what.platform);
  json::object annotations;
  for (const auto& [key, value] : one.what.annotations) annotations[key] = value;
  if (!annotations.empty()) out["annotations"] = std::move(annotations);
  if (const std::string subject = registry::attested_digest(one.what); !subject.empty()) out["attests"] = subject;
  return out;
}

}  // namespace

std::vector<std::string> image_details(const inspected_image& image) {
  std::vector<std::string> lines{"name      " + clean(image.name), "digest    " + image.text.digest,
                                 "type      " + clean(image.text.media_type)};
  if (!image.is_index) {
    if (!image.entries.empty()) lines.push_back("platform  " + clean(registry::entry_name(image.entries.front().what)));
    return lines;
  }
  std::size_t widest = std::string_view("PLATFORM").size();
  for (const auto& one : image.entries) widest = std::max(widest, clean(registry::entry_name(one.what)).size());
  lines.emplace_back();
  lines.push_back(fmt::format("{:{}}  {:71}  {}", "PLATFORM", widest, "DIGEST", "BYTES"));
  for (const auto& one : image.entries) {
    std::string line = fmt::format("{:{}}  {}  {}", clean(registry::entry_name(one.what)), widest, one.what.digest, size_text(one.what.size));
    // What it is about can be found by the digest in another row.
    if (const std::string subject = registry::attested_digest(one.what); !subject.empty()) line += "  of " + clean(subject).substr(0, 19);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string image_json(const inspected_image& image) {
  json::object root{{"name", image.name}, {"digest", image.text.digest}, {"mediaType", image.text.media_type}, {"size", image.text.bytes.size()}};
  json::array entries;
  for (const auto& one : image.entries) entries.push_back(entry_json(one));
  if (image.is_index) root["manifests"] = std::move(entries);
  else if (!image.entries.empty() && image.entries.front().what.platform) root["platform"] = oci::to_string(*image.entries.front().what.platform);
  return data::indented(root);
}

std::map<std::string, std::string> inspected_image::images() const {
  std::map<std::string, std::string> all;
  if (!is_index) return all;
  for (const registry::index_entry& one : entries) {
    const bool is_nested = one.what.media_type == oci::media_oci_index || one.what.media_type == oci::media_docker_index;
    if (!is_nested && one.what.platform && !registry::is_attestation(one.what)) all[oci::to_string(*one.what.platform)] = one.what.digest;
  }
  return all;
}

namespace {

/// What Go's structs have and JSON may leave out (OCI image specification: descriptor.md, image-index.md, config.md).
constexpr std::string_view manifest_optional[] = {"mediaType", "artifactType", "urls", "annotations", "data",
                                                  "platform", "os.version", "os.features", "variant"};
constexpr std::string_view config_optional[] = {"created", "author", "os.version", "os.features", "variant", "config", "User", "ExposedPorts", "Env",
                                                "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "ArgsEscaped", "Healthcheck",
                                                "history", "created_by", "comment", "empty_layer"};
/// What buildx's own structs have.
constexpr std::string_view provenance_optional[] = {"SLSA"};
constexpr std::string_view sbom_optional[] = {"SPDX", "AdditionalSPDXs"};

result<json::value> manifest_tree(const inspected_image& image) {
  json::object root{{"mediaType", image.text.media_type}, {"digest", image.text.digest}, {"size", image.text.bytes.size()}};
  if (!image.is_index) return root;
  auto tree = data::parse_json(image.text.bytes, "index");
  if (tree.has_error()) return tree.error();
  root["schemaVersion"] = 2;
  for (const char* name : {"manifests", "annotations"})
    if (const json::value* found = data::member(*tree, name)) root[name] = *found;
  return root;
}

/// By platform, or of the only one there is.
class platform_tree {
 public:
  explicit platform_tree(bool by_name) : by_name_(by_name) {}

  void add(std::string_view platform, json::value of) {
    if (by_name_) all_[json::string_view(platform.data(), platform.size())] = std::move(of);
    else only_ = std::move(of);
  }
  json::value take(json::value otherwise) {
    if (by_name_) return std::move(all_);
    return only_.is_null() ? std::move(otherwise) : std::move(only_);
  }

 private:
  bool by_name_;
  json::object all_;
  json::value only_;
};

result<json::value> config_tree(const inspected_image& image, bool by_name) {
  platform_tree all(by_name);
  for (const auto& [platform, text] : image.configs) {
    auto tree = data::parse_json(text, "configuration of " + platform, {oci::max_config_bytes, 32});
    if (tree.has_error()) return tree.error();
    all.add(platform, std::move(*tree));
  }
  return all.take(nullptr);
}

json::value provenance_tree(inspected_image& image, bool by_name) {
  platform_tree all(by_name);
  for (auto& [platform, said] : image.statements)
    if (!said.slsa.is_null()) all.add(platform, json::object{{"SLSA", std::move(said.slsa)}});
  return all.take(json::object());
}

json::value sbom_tree(inspected_image& image, bool by_name) {
  platform_tree all(by_name);
  for (auto& [platform, said] : image.statements) {
    if (said.spdx.empty()) continue;
    json::object one{{"SPDX", std::move(said.spdx.front())}};
    json::array further(std::make_move_iterator(said.spdx.begin() + 1), std::make_move_iterator(said.spdx.end()));
    if (!further.empty()) one["AdditionalSPDXs"] = std::move(further);
    all.add(platform, std::move(one));
  }
  return all.take(json::object());
}

}  // namespace

result<image_template> parse_image_template(std::string_view text) {
  auto parsed = parse_template(text);
  if (parsed.has_error()) return parsed.error();
  auto needs = needs_of(*parsed, {"Name", "Manifest", "Image", "Provenance", "SBOM"});
  if (needs.has_error()) return needs.error();
  return image_template{std::move(*parsed), std::move(*needs)};
}

result<std::string> image_formatted(inspected_image image, const image_template& format) {
  const template_needs& needs = format.needs;
  std::vector<std::string> keys;
  for (const auto& [platform, digest] : image.images()) keys.push_back(platform);
  const bool by_name = keys.size() > 1;
  if (!by_name) keys.clear();
  template_data with;
  with.members.push_back({"Name", json::string(image.name), {}, {}});
  json::object whole{{"name", image.name}};
  if (needs.whole || needs.has("Manifest")) {
    auto manifest = manifest_tree(image);
    if (manifest.has_error()) return manifest.error();
    if (needs.whole) whole["manifest"] = *manifest;
    with.members.push_back({"Manifest", std::move(*manifest), manifest_optional, {}});
  }
  if (needs.whole || needs.has("Image")) {
    auto config = config_tree(image, by_name);
    if (config.has_error()) return config.error();
    if (needs.whole) whole["image"] = *config;
    with.members.push_back({"Image", std::move(*config), config_optional, keys});
  }
  if (needs.has("Provenance")) with.members.push_back({"Provenance", provenance_tree(image, by_name), provenance_optional, keys, json::object()});
  if (needs.has("SBOM")) with.members.push_back({"SBOM", sbom_tree(image, by_name), sbom_optional, keys, json::object()});
  with.whole = std::move(whole);
  return evaluate_template(format.what, with);
}

}  // namespace peelbox::cli
