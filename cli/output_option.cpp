#include "cli/output_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/csv_fields.hpp"
#include "cli/output_fields.hpp"
#include "cli/wrong.hpp"
#include "engine/async/closest.hpp"

namespace peelbox::cli {

namespace {

constexpr std::string_view forms =
    "type=oci,dest=FILE, type=docker,dest=FILE, type=registry, type=local,dest=DIR, type=tar,dest=FILE or type=cacheonly";

std::optional<output_option::kind> kind_of(std::string_view text) {
  using kind = output_option::kind;
  for (const kind k : {kind::oci, kind::docker, kind::image, kind::tar, kind::local, kind::cacheonly})
    if (to_string(k) == text) return k;
  return std::nullopt;
}

/// std::nullopt when it is switched off.
result<std::optional<std::string>> attestation_value(std::string_view flag, const std::string& text,
                                                     std::string_view when_on) {
  if (text.empty() || text == "true" || text == "1") return std::optional<std::string>(when_on);
  if (text == "false" || text == "0") return std::optional<std::string>();
  if (flag == "--provenance" && (text == "min" || text == "max")) return std::optional<std::string>("mode=" + text);
  if (text.find('=') == std::string::npos)
    return wrong(fmt::format("{}={}: expected true, false or key=value", flag, text));
  result<std::map<std::string, std::string>> fields = parse_fields(text);
  if (fields.has_error()) return fields.error().in(flag);
  return std::optional<std::string>(text);
}

}  // namespace

std::string_view to_string(output_option::kind kind) noexcept {
  switch (kind) {
    case output_option::kind::oci: return "oci";
    case output_option::kind::docker: return "docker";
    case output_option::kind::image: return "image";
    case output_option::kind::tar: return "tar";
    case output_option::kind::local: return "local";
    case output_option::kind::cacheonly: return "cacheonly";
  }
  return "";
}

bool output_option::into_layout() const {
  const auto tar = attributes.find("tar");
  return (type == kind::oci || type == kind::docker) && tar != attributes.end() && is_false(tar->second);
}

bool output_option::pushes() const noexcept {
  const auto push = attributes.find("push");
  return type == kind::image && push != attributes.end() && !is_false(push->second);
}

result<output_option> parse_output(std::string_view text) {
  if (!text.empty() && text.find_first_of("=,\"") == std::string_view::npos) {
    output_option output;
    output.type = text == "-" ? output_option::kind::tar : output_option::kind::local;
    output.dest = text;
    output.path_alone = true;
    return output;
  }
  result<std::map<std::string, std::string>> fields = parse_fields(text);
  if (fields.has_error()) return failure(errc::usage, fmt::format("--output {}; expected {}", fields.error().text, forms), origin::user);
  const auto type = fields->find("type");
  if (type == fields->end()) return wrong(fmt::format("--output '{}': type= is missing; expected {}", text, forms));
  if (type->second == "registry") {
    type->second = "image";
    fields->emplace("push", "true");
  }
  const std::optional<output_option::kind> kind = kind_of(type->second);
  if (!kind) {
    static const std::vector<std::string> kinds{"oci", "docker", "image", "registry", "tar", "local", "cacheonly"};
    return wrong(fmt::format("--output '{}': there is no type '{}'{}; expected {}", text, type->second,
                             did_you_mean(type->second, kinds), forms));
  }
  output_option output;
  output.type = *kind;
  if (const auto dest = fields->find("dest"); dest != fields->end()) output.dest = dest->second;
  if (output.type == output_option::kind::cacheonly && !output.dest.empty())
    return wrong(fmt::format("--output '{}': type=cacheonly exports nothing, so dest= has no meaning", text));
  if (output.type == output_option::kind::image && !output.dest.empty())
    return wrong(fmt::format("--output '{}': type=image stays in the daemon or goes to a registry, so dest= has no meaning; for a "
                             "file use type=oci,dest={}",
                             text, output.dest));
  const bool needs_dest = output.type == output_option::kind::oci || output.type == output_option::kind::tar ||
                          output.type == output_option::kind::local;
  if (output.dest.empty() && needs_dest)
    return wrong(fmt::format("--output '{}': dest= is missing; say where to write, as in type={},dest={}", text,
                             type->second, output.type == output_option::kind::local ? "out" : "image.tar"));
  if (output.type == output_option::kind::local && output.dest == "-")
    return wrong(fmt::format("--output '{}': a directory cannot go to standard output; use type=tar,dest=-", text));
  fields->erase("type");
  fields->erase("dest");
  for (const auto& [key, value] : *fields) {
    result<void> checked = check_field(output.type, key, value);
    if (checked.has_error()) return checked.error().in(fmt::format("--output '{}'", text));
  }
  if (const auto name = fields->find("name"); name != fields->end()) {
    result<std::vector<std::string>> names = split_csv(name->second);
    if (names.has_error()) return names.error().in("--output");
    output.names = std::move(*names);
    fields->erase(name);
  }
  output.attributes = std::move(*fields);
  if (output.into_layout() && (output.dest.empty() || output.dest == "-"))
    return wrong(fmt::format("--output '{}': an image with tar=false is a directory; say which, as in type={},tar=false,dest=out", text, to_string(output.type)));
  return output;
}

result<void> one_layout(std::span<const output_option> outputs) {
  if (std::count_if(outputs.begin(), outputs.end(), [](const output_option& one) { return one.into_layout(); }) < 2) return {};
  return wrong("two outputs with tar=false: BuildKit writes one image as a directory in a build; write the other one as a file, or build twice");
}

result<std::vector<output_option>> choose_outputs(std::span<const std::string> written, bool push, bool load,
                                                  std::string_view otherwise) {
  using kind = output_option::kind;
  std::vector<output_option> all;
  for (const std::string& text : written) {
    result<output_option> one = parse_output(text);
    if (one.has_error()) return one.error();
    all.push_back(std::move(*one));
  }
  const auto add = [&all](std::string_view text) { all.push_back(*parse_output(text)); };
  if (push) {
    bool any = false;
    for (output_option& one : all) {
      if (one.type != kind::image) continue;
      any = true;
      one.attributes["push"] = "true";
    }
    if (!any) add("type=registry");
  }
  if (load && std::none_of(all.begin(), all.end(), [](const output_option& one) { return one.into_docker(); })) add("type=docker");
  if (all.empty()) {
    result<output_option> one = parse_output(otherwise);
    if (one.has_error()) return one.error();
    all.push_back(std::move(*one));
  }
  std::set<std::string> places;
  std::size_t into_docker = 0;
  for (const output_option& one : all) {
    if (one.type == kind::cacheonly && all.size() > 1) return wrong("--output type=cacheonly exports nothing; leave it out beside other outputs");
    if (one.into_docker() && ++into_docker > 1) return wrong("--output type=docker is there twice; one puts the image into Docker under all its names");
    if (!one.dest.empty() && !places.insert(std::filesystem::path(one.dest).lexically_normal().string()).second)
      return wrong(fmt::format("two outputs would be written to {}", one.dest == "-" ? "standard output" : one.dest));
  }
  if (result<void> single = one_layout(all); single.has_error()) return single.error();
  return all;
}

result<void> can_hold(std::span<const output_option> outputs, std::size_t platforms) {
  if (platforms > 1 && std::any_of(outputs.begin(), outputs.end(), [](const output_option& one) {
        return one.type == output_option::kind::docker && !one.into_docker();
      }))
    return wrong("a Docker archive holds an image of one --platform; use --output type=oci,dest=FILE for several");
  return {};
}

result<attestation_choice> choose_attestations(const attestation_flags& flags, std::span<const output_option> outputs,
                                               const attestation_defaults& defaults) {
  using kind = output_option::kind;
  attestation_choice choice;
  const auto any = [outputs](auto what) { return std::any_of(outputs.begin(), outputs.end(), what); };
  const bool holds = any([](const output_option& one) { return one.type == kind::oci || one.pushes(); }) &&
                     !any([](const output_option& one) { return one.type == kind::docker; });
  if (flags.sbom) {
    result<std::optional<std::string>> value = attestation_value("--sbom", *flags.sbom, "");
    if (value.has_error()) return value.error();
    choice.wanted.sbom = *value;
  } else if (holds && defaults.sbom) {
    choice.wanted.sbom = "";
    choice.sbom_is_default = true;
  }
  if (flags.provenance) {
    result<std::optional<std::string>> value = attestation_value("--provenance", *flags.provenance, "mode=min");
    if (value.has_error()) return value.error();
    choice.wanted.provenance = *value;
  } else if (holds && defaults.provenance) {
    choice.wanted.provenance = "mode=min";
  }
  if (choice.wanted.any() && any([](const output_option& one) { return one.type == kind::docker && !one.into_docker(); }))
    return wrong("a Docker archive cannot hold an SBOM or provenance; use --output type=oci,dest=FILE, or leave "
                 "--sbom and --provenance out");
  return choice;
}

}  // namespace peelbox::cli
