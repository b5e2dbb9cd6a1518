#include "cli/service_targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "cli/wrong.hpp"
#include "engine/async/ascii.hpp"
#include "engine/oci/image_reference.hpp"

namespace peelbox::cli {

namespace {

/// A name that is safe as a part of a file name, so that no output leaves its directory.
std::string file_part(std::string_view name, bool lower) {
  std::string part;
  for (char c : name) {
    if (lower) c = to_lower(c);
    const bool plain = is_alnum(c) || c == '_' || (c == '.' && !part.empty());
    part += plain ? c : '-';
  }
  return part;
}

/// The references of each service as text.
result<std::vector<std::vector<std::string>>> tags_of(const std::vector<std::string>& tags,
                                                      const std::vector<std::string>& services, bool needed) {
  std::map<std::string, std::vector<std::string>, std::less<>> named;
  std::vector<std::string> common;
  for (const std::string& tag : tags) {
    const std::size_t equals = tag.find('=');
    if (equals == tag.npos) {
      if (services.size() > 1 && tag.find(service_placeholder) == tag.npos)
        return wrong(fmt::format("--tag {}: {} services cannot have one name; use --tag NAME=REF for each, or a "
                                 "template such as --tag app-{{service}}:1",
                                 tag, services.size()));
      common.push_back(tag);
      continue;
    }
    const std::string name = tag.substr(0, equals);
    if (std::find(services.begin(), services.end(), name) == services.end())
      return wrong(fmt::format("--tag {}: no service '{}' is built", tag, name));
    named[name].push_back(tag.substr(equals + 1));
  }
  std::vector<std::vector<std::string>> found;
  for (const std::string& service : services) {
    const auto own = named.find(service);
    std::vector<std::string> refs = own == named.end() ? common : own->second;
    if (refs.empty() && needed)
      return wrong(services.size() == 1 ? std::string("--tag REF is missing; name the image, as in --tag app:1.0")
                                        : fmt::format("service '{}' has no --tag; add --tag {}=REF or a template such as --tag "
                                                      "app-{{service}}:1",
                                                      service, service));
    for (std::string& ref : refs) ref = fill_service(ref, service, true);
    found.push_back(std::move(refs));
  }
  return found;
}

/// Normalised, each once.
result<std::vector<std::string>> names_of(const std::vector<std::string>& tags) {
  std::vector<std::string> names;
  for (const std::string& tag : tags) {
    result<oci::image_reference> reference = oci::parse_image_reference(tag);
    if (reference.has_error()) return reference.error().in("--tag " + tag);
    if (!reference->digest.empty())
      return wrong("--tag " + tag + ": an image that is yet to be built has no digest; name it as in app:1.0");
    if (std::find(names.begin(), names.end(), reference->text()) == names.end()) names.push_back(reference->text());
  }
  return names;
}

}  // namespace

std::string fill_service(std::string_view text, std::string_view service, bool lower) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(service_placeholder, at);
    out += text.substr(at, found - at);
    if (found == text.npos) return out;
    out += file_part(service, lower);
    at = found + service_placeholder.size();
  }
}

bool service_target::makes_image() const noexcept {
  return std::any_of(outputs.begin(), outputs.end(), [](const output_option& one) { return one.is_image(); });
}

namespace {

bool needs_name(const output_option& output, naming rule) {
  if (rule == naming::none) return false;
  if (output.into_docker() || output.pushes()) return true;
  return rule == naming::every_image && output.is_image();
}

/// From --tag, or from name= of the outputs, which then have the same ones.
result<std::vector<std::string>> written_names(const std::vector<std::string>& tags, const std::vector<output_option>& outputs) {
  std::vector<std::string> names = tags;
  for (const output_option& output : outputs) {
    if (output.names.empty()) continue;
    if (!tags.empty()) return wrong("--tag and name= of --output are two ways to name the image; use --tag, which may be repeated");
    if (!names.empty() && names != output.names)
      return wrong("name= of two --output differ; use --tag, which names the image in all of them and may be repeated");
    names = output.names;
  }
  return names;
}

}  // namespace

result<std::vector<service_target>> service_targets(const std::vector<std::string>& tags, const std::vector<output_option>& outputs,
                                                    const std::vector<std::string>& services, naming rule) {
  result<std::vector<std::string>> written = written_names(tags, outputs);
  if (written.has_error()) return written.error();
  const bool needed = std::any_of(outputs.begin(), outputs.end(), [rule](const output_option& one) { return needs_name(one, rule); });
  result<std::vector<std::vector<std::string>>> references = tags_of(*written, services, needed);
  if (references.has_error()) return references.error();
  std::vector<service_target> targets;
  std::set<std::string> taken;
  std::set<std::string> places;
  for (std::size_t i = 0; i < services.size(); ++i) {
    result<std::vector<std::string>> names = names_of((*references)[i]);
    if (names.has_error()) return names.error();
    for (const std::string& name : *names)
      if (!taken.insert(name).second)
        return wrong(fmt::format("two services would be called {}; give them different tags", name));
    service_target target{std::move(*names), outputs};
    for (output_option& output : target.outputs) {
      output.dest = fill_service(output.dest, services[i], false);
      const std::string place = std::filesystem::path(output.dest).lexically_normal().string();
      if (!output.dest.empty() && !places.insert(place).second)
        return wrong(fmt::format("two services would be written to {}; use a template such as dest=out/{{service}}.tar",
                                 output.dest == "-" ? "standard output" : output.dest));
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace peelbox::cli
