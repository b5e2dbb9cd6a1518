#include "cli/image_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/data/indented.hpp"
#include "engine/data/json.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {
namespace {

namespace json = data::json;

std::string clean(std::string_view text) { return progress::sanitize_line(std::string(text)); }

std::string size_text(std::uint64_t bytes) { return fmt::format("{}", bytes); }

std::string subject_of(const registry::index_entry& one) {
  const auto found = one.what.annotations.find("vnd.docker.reference.digest");
  return found == one.what.annotations.end() ? std::string() : found->second;
}

json::object entry_json(const registry::index_entry& one) {
  json::object out{{"digest", one.what.digest}, {"mediaType", one.what.media_type}, {"size", one.what.size}};
  if (one.what.platform) out["platform"] = oci::to_string(*one.what.platform);
  json::object annotations;
  for (const auto& [key, value] : one.what.annotations) annotations[key] = value;
  if (!annotations.empty()) out["annotations"] = std::move(annotations);
  if (const std::string subject = subject_of(one); !subject.empty()) out["attests"] = subject;
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
    if (const std::string subject = subject_of(one); !subject.empty()) line += "  of " + clean(subject).substr(0, 19);
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

namespace {

std::string without_blanks(std::string_view format) {
  std::string plain;
  for (const char c : format)
    if (c != ' ') plain.push_back(c);
  return plain;
}

result<json::value> manifest_tree(const inspected_image& image) {
  json::object root{{"schemaVersion", 2}, {"mediaType", image.text.media_type}, {"digest", image.text.digest}, {"size", image.text.bytes.size()}};
  if (!image.is_index) root.erase("schemaVersion");
  if (image.is_index) {
    auto tree = data::parse_json(image.text.bytes, "index");
    if (tree.has_error()) return tree.error();
    root["manifests"] = *data::member(*tree, "manifests");
  }
  return root;
}

result<json::value> config_tree(const inspected_image& image) {
  json::object all;
  for (const auto& [platform, text] : image.configs) {
    auto tree = data::parse_json(text, "configuration of " + platform, {oci::max_config_bytes, 32});
    if (tree.has_error()) return tree.error();
    if (image.configs.size() == 1) return tree;
    all[platform] = std::move(*tree);
  }
  return all;
}

}  // namespace

bool wants_configs(std::string_view format) {
  const std::string plain = without_blanks(format);
  return plain == "{{json.Image}}" || plain == "{{json.}}";
}

result<std::string> image_formatted(const inspected_image& image, std::string_view format) {
  const std::string plain = without_blanks(format);
  if (plain == "{{.Name}}") return image.name;
  if (plain == "{{.Manifest.Digest}}") return image.text.digest;
  if (plain == "{{.Manifest.MediaType}}") return image.text.media_type;
  if (plain == "{{json.Manifest}}" || wants_configs(format)) {
    const result<json::value> manifest = manifest_tree(image);
    if (manifest.has_error()) return manifest.error();
    if (plain == "{{json.Manifest}}") return data::indented(*manifest);
    const result<json::value> config = config_tree(image);
    if (config.has_error()) return config.error();
    if (plain == "{{json.Image}}") return data::indented(*config);
    return data::indented(json::object{{"name", image.name}, {"manifest", *manifest}, {"image", *config}});
  }
  return failure(errc::usage,
                 fmt::format("--format {}: only {{{{json .}}}}, {{{{json .Manifest}}}}, {{{{json .Image}}}}, {{{{.Manifest.Digest}}}}, {{{{.Manifest.MediaType}}}} and {{{{.Name}}}} are possible; "
                             "`peelbox image inspect --json` gives everything",
                             format),
                 origin::user);
}

}  // namespace peelbox::cli
