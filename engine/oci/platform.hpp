// The machine that an image runs on: os/arch[/variant], with the names that containerd and Go use.
#pragma once

#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::oci {

struct platform {
  std::string os;
  std::string arch;
  std::string variant;

  bool operator==(const platform&) const = default;
};

/// "linux/arm64", "linux/arm/v7", also "arm64" alone (for linux), normalised.
/// errc::usage when the text is empty, has other characters than [A-Za-z0-9_.-] or more than three parts.
result<platform> parse_platform(std::string_view text);

/// The spelling that BuildKit compares (containerd platforms/database.go): aarch64 -> arm64, x86_64 -> amd64,
/// arm64/v8 -> arm64, amd64/v1 -> amd64, arm without variant -> arm/v7, macos -> darwin.
platform normalise(platform p);

/// linux on the processor of this machine: what its daemon builds for by default.
platform host_platform();

/// "os/arch" or "os/arch/variant".
std::string to_string(const platform& p);

/// Whether an image for `image` runs where `wanted` is asked for. Normalises both; an arm image runs on its own
/// variant and on newer ones.
bool matches(const platform& wanted, const platform& image);

}  // namespace peelbox::oci
