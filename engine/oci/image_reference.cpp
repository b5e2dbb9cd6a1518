#include "engine/oci/image_reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/async/ascii.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::oci {
namespace {

constexpr std::size_t max_name = 255;
constexpr std::size_t max_tag = 128;
constexpr std::string_view default_registry = "docker.io";
constexpr std::string_view official_prefix = "library/";

/// Words of a-z and 0-9, separated by ".", "_", "__" or any number of "-".
bool is_path_component(std::string_view part) {
  std::size_t i = 0;
  const auto word = [&] {
    const std::size_t start = i;
    while (i < part.size() && (is_lower(part[i]) || is_digit(part[i]))) ++i;
    return i > start;
  };
  if (!word()) return false;
  while (i < part.size()) {
    if (part[i] == '.') {
      ++i;
    } else if (part[i] == '_') {
      i += part.substr(i).starts_with("__") ? 2 : 1;
    } else if (part[i] == '-') {
      while (i < part.size() && part[i] == '-') ++i;
    } else {
      return false;
    }
    if (!word()) return false;
  }
  return true;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 3 && host.ends_with(']') &&
           std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
             return is_hex(c) || c == ':';
           });
  }
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = host.find('.', start);
    const std::string_view label = host.substr(start, dot == std::string_view::npos ? dot : dot - start);
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '-'; }))
      return false;
    if (dot == std::string_view::npos) return true;
    start = dot + 1;
  }
}

bool is_registry(std::string_view registry) {
  const std::size_t bracket = registry.rfind(']');
  const std::size_t colon = registry.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return is_host(registry);
  const std::string_view port = registry.substr(colon + 1);
  return is_host(registry.substr(0, colon)) && !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), is_digit);
}

/// Docker's rule: whether the part before the first slash of a name is a registry.
bool looks_like_registry(std::string_view first) {
  return first.find_first_of(".:[") != std::string_view::npos || first == "localhost" ||
         std::any_of(first.begin(), first.end(), is_upper);
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > max_tag || tag.front() == '.' || tag.front() == '-') return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
  });
}

}  // namespace

result<image_reference> parse_image_reference(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return failure(errc::usage, fmt::format("image reference \"{}\": {}", text.substr(0, 300), why),
                   origin::user);
  };
  if (text.empty()) return refuse("it is empty; expected something like alpine:3.20");
  if (text.find("://") != std::string_view::npos) return refuse("leave out the scheme");

  image_reference out;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    auto digest = parse_digest(rest.substr(at + 1));
    if (!digest) return std::move(digest).error().in(refuse("after @").text);
    out.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
  }
  const std::size_t last_slash = rest.rfind('/');
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && (last_slash == std::string_view::npos || colon > last_slash)) {
    out.tag = rest.substr(colon + 1);
    if (!is_tag(out.tag))
      return refuse(fmt::format(
          "the tag \"{}\" is not 1 to 128 characters of A-Z a-z 0-9 _ . - that starts with none of . and -",
          out.tag));
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) return refuse("the name before the tag or digest is missing");
  if (text.size() == 64 && std::all_of(text.begin(), text.end(), is_lower_hex))
    return refuse("64 hexadecimal digits are the id of an image, not its name");

  const std::size_t slash = rest.find('/');
  const std::string_view first = rest.substr(0, slash);
  const bool has_registry = slash != std::string_view::npos && looks_like_registry(first);
  if (has_registry) {
    out.registry = first;
    rest = rest.substr(slash + 1);
    if (!is_registry(out.registry))
      return refuse(fmt::format("the registry \"{}\" is not host or host:port", out.registry));
    if (out.registry == "index.docker.io") out.registry = default_registry;
  } else {
    out.registry = default_registry;
  }
  if (std::any_of(rest.begin(), rest.end(), is_upper))
    return refuse(fmt::format("the repository \"{}\" has to be in lower case", rest));
  std::size_t start = 0;
  while (true) {
    const std::size_t next = rest.find('/', start);
    const std::string_view part = rest.substr(start, next == std::string_view::npos ? next : next - start);
    if (part.empty()) return refuse("a part of the repository is empty");
    if (!is_path_component(part))
      return refuse(
          fmt::format("\"{}\" in the repository may have only a-z and 0-9, with . _ __ or - between", part));
    if (next == std::string_view::npos) break;
    start = next + 1;
  }
  out.repository = rest;
  if (out.registry == default_registry && rest.find('/') == std::string_view::npos)
    out.repository.insert(0, official_prefix);
  if (out.name().size() > max_name) return refuse("the name is longer than 255 characters");
  if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
  return out;
}

std::string image_reference::name() const { return registry + "/" + repository; }

std::string image_reference::text() const {
  std::string out = name();
  if (!tag.empty()) out += ":" + tag;
  if (!digest.empty()) out += "@" + digest;
  return out;
}

std::string image_reference::familiar() const {
  std::string out = name();
  if (registry == default_registry) {
    const std::size_t slash = repository.find('/');
    if (repository.starts_with(official_prefix) && repository.find('/', slash + 1) == std::string::npos) {
      out = repository.substr(official_prefix.size());
    } else if (!looks_like_registry(std::string_view(repository).substr(0, slash))) {
      out = repository;
    }
  }
  if (!tag.empty()) out += ":" + tag;
  if (!digest.empty()) out += "@" + digest;
  return out;
}

}  // namespace peelbox::oci
