// An image of a registry, as far as `image inspect` needs it. [io]
#pragma once

#include <cstdint>

#include "cli/image_report.hpp"
#include "engine/async/asio.hpp"

namespace peelbox::cli {

/// The most bytes of all statements of an index together. As trees they take several times that in memory.
inline constexpr std::uint64_t most_attested_bytes = 128 << 20;

/// `text` is what `which` stands for. A single image's configuration is always read; configurations and attestations of an index
/// only where `needs` says so. Failures: those of registry::client, of parse_manifest() and of predicate_of(); errc::limit.
/// `registries` must outlive it.
task<result<inspected_image>> read_image(registry::client& registries, oci::image_reference which, registry::manifest_text text,
                                         template_needs needs);

}  // namespace peelbox::cli
