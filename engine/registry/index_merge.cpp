#include "engine/registry/index_merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/data/indented.hpp"
#include "engine/data/json.hpp"
#include "engine/registry/attestation.hpp"

namespace peelbox::registry {
namespace {

namespace json = data::json;

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

json::object platform_json(const oci::platform& p) {
  json::object out{{"architecture", p.arch}, {"os", p.os}};
  if (!p.variant.empty()) out["variant"] = p.variant;
  return out;
}

/// What nobody may stand for twice. Images of Windows are for a version of it, too (OCI image specification, image-index.md).
std::string choice_of(const index_entry& one) {
  std::string name = oci::to_string(*one.what.platform);
  const auto tree = data::parse_json(one.json, "descriptor");
  if (tree.has_error()) return name;
  if (const auto* platform = data::member(*tree, "platform"))
    if (const auto version = data::text_of(*platform, "os.version"); !version.empty()) name += " " + std::string(version);
  return name;
}

bool is_docker(const index_entry& one) { return one.what.media_type == oci::media_docker_manifest; }

result<void> check(const std::vector<index_entry>& entries) {
  if (entries.empty()) return wrong("there is nothing to merge");
  std::map<std::string, const index_entry*> by_platform;
  std::set<std::string_view> digests;
  for (const index_entry& one : entries) digests.insert(one.what.digest);
  for (const index_entry& one : entries) {
    if (is_attestation(one.what)) {
      const std::string subject = attested_digest(one.what);
      if (!subject.empty() && !digests.contains(subject))
        return wrong(fmt::format("{}: the attestation {} is about {}, which is not among the images", one.source, one.what.digest, subject));
      continue;
    }
    if (!one.what.platform || one.what.platform->os.empty() || one.what.platform->arch.empty())
      return wrong(fmt::format("{}: {} has no platform, so nobody could choose it", one.source, one.what.digest));
    const auto [known, is_new] = by_platform.emplace(choice_of(one), &one);
    if (!is_new)
      return wrong(fmt::format("two images are for {}: {} of {} and {} of {}; leave one of them out", known->first, known->second->what.digest,
                               known->second->source, one.what.digest, one.source));
  }
  return {};
}

/// Puts the annotations of entries into their JSON.
result<void> annotate(std::vector<index_entry>& entries, const index_annotation& add) {
  bool used = false;
  for (index_entry& one : entries) {
    if (is_attestation(one.what) || (add.only && !(one.what.platform && oci::normalise(*add.only) == *one.what.platform))) continue;
    used = true;
    auto tree = data::parse_json(one.json, "descriptor");
    if (tree.has_error()) return tree.error();
    json::object& object = tree->as_object();
    if (!object.contains("annotations") || !object.at("annotations").is_object()) object["annotations"] = json::object();
    object.at("annotations").as_object()[add.key] = add.value;
    one.what.annotations[add.key] = add.value;
    one.json = data::to_text(*tree);
  }
  if (!used) return wrong(fmt::format("--annotation {}: there is no image for {}", add.key, add.only ? oci::to_string(*add.only) : "it"));
  return {};
}

}  // namespace

bool is_attestation(const oci::descriptor& what) {
  return !attested_digest(what).empty() || (what.platform && what.platform->os == "unknown");
}

std::string entry_name(const oci::descriptor& what) {
  if (is_attestation(what)) return "attestation";
  return what.platform ? oci::to_string(*what.platform) : "no platform";
}

result<std::vector<index_entry>> entries_of(std::string_view index, std::string_view source) {
  auto document = oci::parse_manifest(index);
  if (document.has_error()) return document.error().in(source);
  const auto* parsed = std::get_if<oci::image_index>(&*document);
  if (parsed == nullptr) return failure(errc::protocol, fmt::format("{}: it is no index", source), origin::peer);
  auto tree = data::parse_json(index, source);
  if (tree.has_error()) return tree.error();
  const json::array& list = tree->at("manifests").get_array();
  std::vector<index_entry> all;
  for (std::size_t i = 0; i < parsed->manifests.size(); ++i)
    all.push_back({parsed->manifests[i], data::to_text(list.at(i)), std::string(source)});
  return all;
}

index_entry entry_of_manifest(std::string_view media_type, std::string_view digest, std::uint64_t size, const oci::platform& platform,
                              std::string_view source) {
  index_entry one;
  one.what.media_type = media_type;
  one.what.digest = digest;
  one.what.size = size;
  one.what.platform = platform;
  one.json = data::to_text(json::object{{"mediaType", media_type}, {"digest", digest}, {"size", size}, {"platform", platform_json(platform)}});
  one.source = source;
  return one;
}

result<index_entry> entry_of_descriptor(std::string_view text, std::string_view source) {
  const auto tree = data::parse_json(text, source);
  if (tree.has_error()) return wrong(tree.error().text);
  result<std::vector<index_entry>> entries = entries_of(data::to_text(json::object{{"manifests", json::array{*tree}}}), source);
  if (entries.has_error()) return wrong(fmt::format("{}: not the descriptor of an image: {}", source, entries.error().text));
  return std::move(entries->front());
}

result<index_entry> complete_entry(index_entry descriptor, const index_entry& manifest) {
  const auto contradicts = [&](std::string_view what, const auto& said, const auto& is) {
    return wrong(fmt::format("{}: the descriptor says {} {}, but the {} of {} is {}", descriptor.source, what, said, what, manifest.what.digest, is));
  };
  if (descriptor.what.size != manifest.what.size) return contradicts("size", descriptor.what.size, manifest.what.size);
  if (!descriptor.what.media_type.empty() && descriptor.what.media_type != manifest.what.media_type)
    return contradicts("type", descriptor.what.media_type, manifest.what.media_type);
  auto tree = data::parse_json(descriptor.json, "descriptor");
  if (tree.has_error()) return tree.error();
  json::object& fields = tree->as_object();
  fields["mediaType"] = descriptor.what.media_type = manifest.what.media_type;
  if (!descriptor.what.platform && manifest.what.platform) {
    descriptor.what.platform = manifest.what.platform;
    fields["platform"] = platform_json(*manifest.what.platform);
  }
  descriptor.json = data::to_text(*tree);
  return descriptor;
}

result<std::set<std::string, std::less<>>> choose_platforms(const std::vector<index_entry>& entries, const std::vector<oci::platform>& wanted) {
  std::set<std::string, std::less<>> chosen;
  for (const index_entry& one : entries) {
    const auto fits = [&](const oci::platform& platform) { return one.what.platform && oci::normalise(platform) == *one.what.platform; };
    if (!is_attestation(one.what) && std::any_of(wanted.begin(), wanted.end(), fits)) chosen.insert(one.what.digest);
  }
  if (chosen.empty()) return wrong("none of the images is for a platform that --platform names");
  for (const index_entry& one : entries)
    if (chosen.contains(attested_digest(one.what))) chosen.insert(one.what.digest);
  return chosen;
}

result<merged_index> merge(const std::vector<index_entry>& entries, const std::vector<index_annotation>& annotations) {
  merged_index made;
  std::set<std::string> known;
  for (const index_entry& one : entries)
    if (known.insert(one.what.digest).second) made.entries.push_back(one);
  if (auto fine = check(made.entries); fine.has_error()) return fine.error();
  const bool docker = annotations.empty() && std::all_of(made.entries.begin(), made.entries.end(), is_docker);
  made.media_type = docker ? oci::media_docker_index : oci::media_oci_index;
  json::object root{{"schemaVersion", 2}, {"mediaType", made.media_type}};
  json::object own;
  for (const index_annotation& one : annotations) {
    if (one.where == index_annotation::place::index) own[one.key] = one.value;
    else if (auto put = annotate(made.entries, one); put.has_error()) return put.error();
  }
  json::array list;
  for (const index_entry& one : made.entries) {
    auto tree = data::parse_json(one.json, "descriptor");
    if (tree.has_error()) return tree.error();
    list.push_back(*std::move(tree));
  }
  root["manifests"] = std::move(list);
  if (!own.empty()) root["annotations"] = std::move(own);
  made.bytes = data::indented(root);
  if (made.bytes.size() > oci::max_manifest_bytes)
    return failure(errc::limit, "the index would be larger than registries take", origin::user);
  return made;
}

result<index_annotation> parse_index_annotation(std::string_view text) {
  const auto refuse = [&](std::string_view why) { return wrong(fmt::format("--annotation {}: {}", text, why)); };
  index_annotation made;
  const auto equals = text.find('=');
  if (equals == text.npos) return refuse("expected [TYPE:]KEY=VALUE");
  std::string_view key = text.substr(0, equals);
  made.value = text.substr(equals + 1);
  // A colon in a key belongs to it, unless one of the types stands before it.
  std::string_view type = key.substr(0, key.find(':'));
  std::string_view platform;
  if (const auto bracket = type.find('['); bracket != type.npos && type.ends_with(']')) {
    platform = type.substr(bracket + 1, type.size() - bracket - 2);
    type = type.substr(0, bracket);
  }
  const bool typed = key.find(':') != key.npos;
  if (typed && (type == "manifest" || type == "index-descriptor"))
    return refuse("that would change the images; only index and manifest-descriptor[PLATFORM] are possible here");
  if (typed && (type == "index" || type == "manifest-descriptor")) {
    key.remove_prefix(key.find(':') + 1);
    if (type == "manifest-descriptor") made.where = index_annotation::place::descriptor;
    if (!platform.empty()) {
      if (type == "index") return refuse("an index has no platform");
      auto parsed = oci::parse_platform(platform);
      if (parsed.has_error()) return parsed.error().in(fmt::format("--annotation {}", text));
      made.only = *parsed;
    }
  }
  made.key = key;
  if (made.key.empty()) return refuse("the key is missing");
  return made;
}

}  // namespace peelbox::registry
