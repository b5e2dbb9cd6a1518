#include "cli/buildctl/output.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "cli/csv_fields.hpp"
#include "cli/output_fields.hpp"

namespace peelbox::cli::buildctl {

namespace {

using kind = output_option::kind;

failure plainly(std::string text) { return failure(errc::usage, std::move(text), origin::user); }
failure wrong_output(std::string text) { return plainly("invalid output option: output: " + std::move(text)); }

}  // namespace

result<output_option> parse_output(std::string_view text) {
  result<std::map<std::string, std::string>> fields = parse_fields(text);
  if (fields.has_error()) return wrong_output(fields.error().text);
  const auto take = [&fields](const char* key) {
    const auto found = fields->find(key);
    std::string value = found == fields->end() ? std::string() : std::move(found->second);
    if (found != fields->end()) fields->erase(found);
    return value;
  };
  const std::string type = take("type");
  if (type.empty()) return plainly("--output requires type=<type>");
  if (const auto misspelt = fields->find("output"); misspelt != fields->end())
    return plainly(fmt::format("output={0} not supported for --output, you meant dest={0}?", misspelt->second));
  output_option output;
  constexpr auto kinds = std::to_array<kind>({kind::oci, kind::docker, kind::image, kind::tar, kind::local});
  const kind* found = nullptr;
  for (const kind& one : kinds)
    if (cli::to_string(one) == type) found = &one;
  if (found == nullptr) return wrong_output(fmt::format("unsupported exporter {}; peelbox knows image, local, tar, oci and docker", type));
  output.type = *found;
  output.dest = take("dest");
  output.attributes = std::move(*fields);
  switch (output.type) {
    case kind::local:
      if (output.dest.empty()) return wrong_output("output directory is required for local exporter");
      break;
    case kind::image:
      if (!output.dest.empty()) return wrong_output(fmt::format("output {} is not supported by image exporter", output.dest));
      break;
    default:
      if (output.dest.empty() && output.into_layout()) return wrong_output(fmt::format("output directory is required for {} exporter", type));
      if (output.dest.empty()) output.dest = "-";
  }
  return output;
}

}  // namespace peelbox::cli::buildctl
