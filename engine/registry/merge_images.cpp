#include "engine/registry/merge_images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/oci/digest.hpp"

namespace peelbox::registry {
namespace {

constexpr std::size_t most_entries = 500;

/// An entry, and the repository that has it.
struct located {
  index_entry entry;
  repository in;
};

oci::image_reference by_digest(const repository& in, std::string digest) { return {in.registry, in.name, {}, std::move(digest)}; }

/// The platform that an image's configuration is for.
task<result<oci::platform>> platform_of(client& with, repository in, oci::image_manifest manifest) {
  auto reading = with.small_blob(in, manifest.config.digest, manifest.config.size, oci::max_config_bytes);
  result<std::string> text = co_await std::move(reading);
  if (text.has_error()) co_return text.error();
  result<oci::image_config> config = oci::parse_image_config(*text);
  if (config.has_error()) co_return config.error().in(in.text() + "@" + manifest.config.digest);
  co_return config->platform;
}

/// The manifest is there, is no index, and says what its entry says.
task<result<void>> verify(client& with, const located& one) {
  auto reading = with.manifest(by_digest(one.in, one.entry.what.digest));
  result<manifest_text> text = co_await std::move(reading);
  if (text.has_error()) co_return text.error().in(one.entry.source);
  result<oci::manifest_document> document = oci::parse_manifest(text->bytes);
  if (document.has_error()) co_return document.error().in(one.entry.source);
  const auto* manifest = std::get_if<oci::image_manifest>(&*document);
  if (manifest == nullptr)
    co_return failure(errc::usage, fmt::format("{}: {} is an index inside of an index", one.entry.source, one.entry.what.digest), origin::user);
  if (is_attestation(one.entry.what) || !one.entry.what.platform) co_return result<void>();
  auto looking = platform_of(with, one.in, *manifest);
  result<oci::platform> actual = co_await std::move(looking);
  if (actual.has_error()) co_return actual.error();
  // A variant may be told in one place only.
  const oci::platform& claimed = *one.entry.what.platform;
  const bool same = actual->os == claimed.os && actual->arch == claimed.arch &&
                    (actual->variant == claimed.variant || actual->variant.empty() || claimed.variant.empty());
  if (!same && !actual->os.empty())
    co_return failure(errc::usage,
                      fmt::format("{}: {} is said to be for {}, but its configuration is for {}", one.entry.source, one.entry.what.digest,
                                  oci::to_string(claimed), oci::to_string(*actual)),
                      origin::user);
  co_return result<void>();
}

bool stays_elsewhere(const oci::descriptor& layer) {
  return layer.media_type.find("nondistributable") != std::string::npos || layer.media_type.find(".foreign.") != std::string::npos;
}

task<result<void>> copy_manifest(client& with, located one, repository to, const std::function<void(std::string)>& says) {
  if (one.in == to) co_return result<void>();
  auto looking = with.find_manifest(to, one.entry.what.digest);
  result<std::optional<manifest_head>> there = co_await std::move(looking);
  if (there.has_error()) co_return there.error();
  if (*there) co_return result<void>();
  if (says) says(fmt::format("copying {} from {} to {}", entry_name(one.entry.what), one.in.text(), to.text()));
  auto reading = with.manifest(by_digest(one.in, one.entry.what.digest));
  result<manifest_text> text = co_await std::move(reading);
  if (text.has_error()) co_return text.error();
  result<oci::manifest_document> document = oci::parse_manifest(text->bytes);
  if (document.has_error()) co_return document.error();
  const auto* manifest = std::get_if<oci::image_manifest>(&*document);
  if (manifest == nullptr) co_return failure(errc::usage, one.entry.source + ": an index inside of an index cannot be copied", origin::user);
  std::vector<oci::descriptor> blobs = manifest->layers;
  blobs.push_back(manifest->config);
  for (const oci::descriptor& blob : blobs) {
    if (stays_elsewhere(blob)) continue;
    auto copying = with.copy_blob(one.in, to, blob.digest, blob.size);
    result<void> copied = co_await std::move(copying);
    if (copied.has_error()) co_return copied;
  }
  std::string name = text->digest;
  auto putting = with.put_manifest(to, std::move(name), std::move(*text));
  co_return co_await std::move(putting);
}

/// What one source adds.
struct source_content {
  std::vector<located> entries;
  manifest_text text;
  bool is_index = false;
};

task<result<source_content>> read_source(client& with, merge_source source) {
  oci::image_reference from = std::move(source.where);
  const std::string name = source.descriptor ? source.descriptor->source : from.familiar();
  const repository in = repository_of(from);
  auto reading = with.manifest(std::move(from));
  result<manifest_text> text = co_await std::move(reading);
  if (text.has_error()) co_return text.error();
  source_content found;
  result<oci::manifest_document> document = oci::parse_manifest(text->bytes);
  if (document.has_error()) co_return document.error().in(name);
  found.is_index = std::holds_alternative<oci::image_index>(*document);
  if (found.is_index) {
    result<std::vector<index_entry>> entries = entries_of(text->bytes, name);
    if (entries.has_error()) co_return entries.error();
    for (index_entry& one : *entries) found.entries.push_back({std::move(one), in});
  } else {
    auto looking = platform_of(with, in, std::get<oci::image_manifest>(*document));
    result<oci::platform> platform = co_await std::move(looking);
    if (platform.has_error()) co_return platform.error();
    index_entry entry = entry_of_manifest(text->media_type, text->digest, text->bytes.size(), *platform, name);
    if (source.descriptor) {
      result<index_entry> completed = complete_entry(std::move(*source.descriptor), entry);
      if (completed.has_error()) co_return completed.error();
      entry = std::move(*completed);
    }
    found.entries.push_back({std::move(entry), in});
  }
  found.text = std::move(*text);
  co_return found;
}

result<void> leave_platforms(std::vector<located>& all, const std::vector<oci::platform>& wanted) {
  if (wanted.empty()) return {};
  std::vector<index_entry> entries;
  for (const located& one : all) entries.push_back(one.entry);
  const auto chosen = choose_platforms(entries, wanted);
  if (chosen.has_error()) return chosen.error();
  std::erase_if(all, [&](const located& one) { return !chosen->contains(one.entry.what.digest); });
  return {};
}

}  // namespace

task<result<merge_outcome>> merge_images(client& with, merge_request what, std::function<void(std::string)> says) {
  std::vector<located> all;
  manifest_text only;
  bool only_is_index = false;
  for (const merge_source& from : what.sources) {
    auto reading = read_source(with, from);
    result<source_content> found = co_await std::move(reading);
    if (found.has_error()) co_return found.error();
    for (located& one : found->entries) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const located& other) { return other.entry.what.digest == one.entry.what.digest; });
      if (!known) all.push_back(std::move(one));
    }
    if (all.size() > most_entries)
      co_return failure(errc::limit, fmt::format("more than {} manifests are too many for one index", most_entries), origin::user);
    only = std::move(found->text);
    only_is_index = found->is_index;
  }
  if (result<void> left = leave_platforms(all, what.platforms); left.has_error()) co_return left.error();
  merge_outcome made;
  const merge_source& first = what.sources.front();
  const bool as_it_is = what.sources.size() == 1 && what.annotations.empty() && (only_is_index ? what.platforms.empty() : !what.prefer_index && !first.descriptor);
  std::vector<index_entry> entries;
  for (const located& one : all) entries.push_back(one.entry);
  if (as_it_is) {
    made.index = {only.media_type, only.bytes, std::move(entries)};
  } else {
    result<merged_index> merged = merge(entries, what.annotations);
    if (merged.has_error()) co_return merged.error();
    made.index = std::move(*merged);
    for (const located& one : all) {
      auto checking = verify(with, one);
      result<void> fine = co_await std::move(checking);
      if (fine.has_error()) co_return fine.error();
    }
  }
  made.digest = oci::digest_of(made.index.bytes);
  if (what.dry_run) co_return made;
  for (const oci::image_reference& target : what.targets) {
    const repository to = repository_of(target);
    for (const located& one : all) {
      auto copying = copy_manifest(with, one, to, says);
      result<void> copied = co_await std::move(copying);
      if (copied.has_error()) co_return copied.error();
    }
  }
  for (const oci::image_reference& target : what.targets) {
    const repository to = repository_of(target);
    auto looking = with.find_manifest(to, target.tag);
    result<std::optional<manifest_head>> now = co_await std::move(looking);
    if (now.has_error()) co_return now.error();
    made.unchanged.push_back(*now && (*now)->digest == made.digest);
    if (made.unchanged.back()) continue;
    auto putting = with.put_manifest(to, target.tag, {made.index.media_type, made.digest, made.index.bytes});
    result<void> put = co_await std::move(putting);
    if (put.has_error()) co_return put.error();
  }
  co_return made;
}

}  // namespace peelbox::registry
