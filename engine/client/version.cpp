#include "engine/client/version.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace peelbox::client {

std::optional<version_number> parse_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  if (const auto plus = text.find('+'); plus != std::string_view::npos && text.substr(plus + 1) == "unknown")
    return std::nullopt;
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts[i]);
    if (error != std::errc() || parts[i] < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (i + 1 < parts.size()) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!text.empty() && text[0] != '-' && text[0] != '+') return std::nullopt;
  return version_number{parts[0], parts[1], parts[2]};
}

result<void> check_exporters(const daemon_version& found, std::size_t exporters, std::string_view address) {
  const std::optional<version_number> version = parse_version(found.text);
  if (exporters < 2 || !version || *version >= *parse_version(oldest_with_exporters)) return {};
  return failure(errc::unsupported,
                 fmt::format("the BuildKit daemon at {} takes one output for a build: found {}, required {} or newer for {}. Build "
                             "once for each --output; the steps are cached then.",
                             address, found.text, oldest_with_exporters, exporters),
                 origin::peer);
}

result<void> check_version(const daemon_version& found, std::string_view address) {
  const auto refuse = [&](std::string_view what) -> result<void> {
    return failure(
        errc::unsupported,
        fmt::format("the BuildKit daemon at {} is too old: found {}, required {} or newer.\n"
                    "Older daemons lack build history and attestations, which peelbox relies on.\n"
                    "To upgrade: a standalone daemon from moby/buildkit releases (or the image moby/buildkit), "
                    "Docker Engine 23.0 or newer for the BuildKit inside Docker. "
                    "Or name another daemon with --buildkit ADDRESS.",
                    address, what, oldest_supported),
        origin::peer);
  };
  if (!found.has_info)
    return refuse(found.engine.empty()
                      ? "a version before v0.11 (it does not answer Control.Info)"
                      : fmt::format("the BuildKit of Docker Engine {}, which is before v0.11 (it does not answer "
                                    "Control.Info)",
                                    found.engine));
  const std::optional<version_number> version = parse_version(found.text);
  if (version && *version < *parse_version(oldest_supported)) return refuse(found.text);
  return {};
}

}  // namespace peelbox::client
