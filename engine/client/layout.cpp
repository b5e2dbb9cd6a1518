#include "engine/client/layout.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <variant>

#include "engine/async/base64.hpp"
#include "engine/data/json.hpp"
#include "engine/oci/manifest.hpp"

namespace peelbox::client {

namespace {

/// As it was exported; its annotations belong into the layout's index too (exporter/containerimage/exptypes).
std::string answered_descriptor(const std::map<std::string, std::string>& response) {
  const auto found = response.find("containerimage.descriptor");
  return found == response.end() ? std::string() : decode_base64(found->second).value_or("");
}

result<std::string> descriptor_of(const session::content_store& store, const std::string& digest) {
  result<std::string> text = store.manifest(digest);
  if (text.has_error()) return text.error();
  result<oci::manifest_document> read = oci::parse_manifest(*text);
  if (read.has_error()) return read.error().in(digest);
  const std::string media_type = std::visit([](const auto& one) { return one.media_type; }, *read);
  return data::to_text(data::json::object{{"mediaType", media_type}, {"digest", digest}, {"size", text->size()}});
}

}  // namespace

const session::served_layout* layout_of(const solve_request& request) {
  for (const export_request& one : request.exports)
    if (const auto* layout = std::get_if<session::served_layout>(&one.where)) return layout;
  return nullptr;
}

std::vector<oci::layout_name> layout_names(const std::map<std::string, std::string>& response) {
  std::vector<oci::layout_name> names;
  const auto said = response.find("image.name");
  std::string_view left = said == response.end() ? std::string_view() : std::string_view(said->second);
  while (!left.empty()) {
    const auto comma = left.find(',');
    if (comma != 0) names.push_back(oci::name_of_image(left.substr(0, comma)));
    left = comma == left.npos ? std::string_view() : left.substr(comma + 1);
  }
  if (names.empty()) names.push_back({"", "latest"});
  return names;
}

result<void> name_layout(const session::served_layout& layout, const std::map<std::string, std::string>& response) {
  if (layout.seen->last.empty())
    return failure(errc::protocol, fmt::format("the daemon wrote no image into {}", layout.store->directory()), origin::peer);
  std::string descriptor = answered_descriptor(response);
  const result<std::string> digest = oci::digest_of_descriptor(descriptor);
  if (digest.has_error() || *digest != layout.seen->last) {
    result<std::string> made = descriptor_of(*layout.store, layout.seen->last);
    if (made.has_error()) return made.error();
    descriptor = std::move(*made);
  }
  return layout.store->name(descriptor, layout_names(response));
}

}  // namespace peelbox::client
