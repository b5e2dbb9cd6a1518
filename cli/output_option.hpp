// --output, --sbom and --provenance as values.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/client/request.hpp"

namespace peelbox::cli {

struct output_option {
  enum class kind { oci, docker, image, tar, local, cacheonly };
  kind type = kind::docker;
  std::string dest;  ///< a file, a directory for local and layouts, "-" for standard output; empty: load into Docker
  std::map<std::string, std::string> attributes;  ///< further exporter attributes, passed on
  std::vector<std::string> names;  ///< of the image, from name=
  bool path_alone = false;         ///< a path without fields

  /// Whether the image goes into Docker's own store.
  bool into_docker() const noexcept { return type == kind::docker && dest.empty(); }
  bool is_image() const noexcept { return type == kind::oci || type == kind::docker || type == kind::image; }
  /// Whether it is an image as a directory: an OCI layout, from tar=false.
  bool into_layout() const;
  /// Whether the daemon pushes it to a registry.
  bool pushes() const noexcept;
};

std::string_view to_string(output_option::kind kind) noexcept;

/// "type=oci,dest=FILE" (with tar=false a directory), "type=docker[,dest=FILE]", "type=local,dest=DIR", "type=tar,dest=FILE", "type=image" (stays in the
/// daemon; with push=true it is pushed, which is also what "type=registry" means), "type=cacheonly" (build, export nothing).
/// As buildx has it (util/buildflags/export.go), a path without fields is type=local,dest=PATH, and "-" is type=tar,dest=-.
result<output_option> parse_output(std::string_view text);

/// The outputs of a build: those that were written, and what --push and --load add to them (buildx, build/opt.go): --push makes
/// images that stay in the daemon be pushed, else adds type=registry; --load adds type=docker unless it is there. With none of
/// all that, `otherwise`. failure{usage} when a place is written twice, or standard output with something else, and for two images as
/// directories, which daemons cannot tell apart.
result<std::vector<output_option>> choose_outputs(std::span<const std::string> written, bool push, bool load,
                                                  std::string_view otherwise);

/// failure{usage} for more than one image as a directory.
result<void> one_layout(std::span<const output_option> outputs);

/// failure{usage} when an output cannot hold an image of so many platforms.
result<void> can_hold(std::span<const output_option> outputs, std::size_t platforms);

/// As written on the command line; std::nullopt when it was not.
struct attestation_flags {
  std::optional<std::string> sbom;
  std::optional<std::string> provenance;
};

struct attestation_choice {
  client::attestations wanted;
  /// Whether the SBOM is only our default, so that a missing scanner image is no error.
  bool sbom_is_default = false;
};

/// What is attested when nobody says it, and the output can hold it.
struct attestation_defaults {
  bool sbom = true;
  bool provenance = true;
};

/// "", "true", "false", "min", "max", or attributes such as "generator=IMAGE" and "mode=max". The defaults count when there is
/// OCI output or a pushed image and none of type=docker. A Docker archive cannot hold attestations (exporter/oci), so asking
/// for them there is failure{usage}. Whether Docker's own store can hold them is found out during the build.
result<attestation_choice> choose_attestations(const attestation_flags& flags, std::span<const output_option> outputs,
                                               const attestation_defaults& defaults);

}  // namespace peelbox::cli
