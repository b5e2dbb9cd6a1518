#include "engine/oci/platform.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "engine/async/ascii.hpp"
#include "engine/async/closest.hpp"

namespace peelbox::oci {
namespace {

bool is_known_os(std::string_view name) {
  constexpr std::array<std::string_view, 14> names{"aix",     "android", "darwin",  "dragonfly", "freebsd",
                                                   "illumos", "ios",     "js",      "linux",     "netbsd",
                                                   "openbsd", "plan9",   "solaris", "windows"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The architectures of containerd/platforms/database.go for which images exist, and its other names for them.
const std::vector<std::string>& known_architectures() {
  static const std::vector<std::string> names{
      "386",    "amd64",   "arm",      "arm64",  "loong64", "mips",  "mips64", "mips64le", "mipsle",  "ppc64",
      "ppc64le", "riscv64", "s390x",   "sparc64", "wasm",   "i386",  "x86_64", "aarch64",  "armhf",   "armel"};
  return names;
}

/// "v7" -> 7, "" -> 0.
int variant_number(std::string_view variant) {
  if (variant.size() != 2 || variant[0] != 'v' || variant[1] < '0' || variant[1] > '9') return 0;
  return variant[1] - '0';
}

}  // namespace

platform normalise(platform p) {
  p.os = lower(p.os);
  p.arch = lower(p.arch);
  p.variant = lower(p.variant);
  if (p.os == "macos") p.os = "darwin";
  if (p.arch == "i386" || p.arch == "i686" || p.arch == "x86") {
    p.arch = "386";
    p.variant.clear();
  } else if (p.arch == "x86_64" || p.arch == "x86-64" || p.arch == "amd64") {
    p.arch = "amd64";
    if (p.variant == "v1") p.variant.clear();
  } else if (p.arch == "aarch64" || p.arch == "arm64") {
    p.arch = "arm64";
    if (p.variant == "8" || p.variant == "v8") p.variant.clear();
  } else if (p.arch == "armhf") {
    p.arch = "arm";
    p.variant = "v7";
  } else if (p.arch == "armel") {
    p.arch = "arm";
    p.variant = "v6";
  } else if (p.arch == "armv7l" || p.arch == "armv7") {
    p.arch = "arm";
    p.variant = "v7";
  } else if (p.arch == "armv6l" || p.arch == "armv6") {
    p.arch = "arm";
    p.variant = "v6";
  } else if (p.arch == "arm") {
    if (p.variant.empty()) p.variant = "v7";
    if (p.variant.size() == 1) p.variant.insert(0, "v");
  }
  return p;
}

result<platform> parse_platform(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return failure(
        errc::usage,
        fmt::format("platform \"{}\": {}; expected os/arch[/variant], such as linux/arm64", text, why),
        origin::user);
  };
  if (text.empty()) return refuse("it is empty");
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else if (is_alnum(c) || c == '_' || c == '.' || c == '-') {
      parts.back().push_back(c);
    } else {
      return refuse("it has a character that no platform has");
    }
  }
  if (parts.size() > 3) return refuse("it has more than three parts");
  if (std::any_of(parts.begin(), parts.end(), [](const std::string& part) { return part.empty(); }))
    return refuse("a part of it is empty");
  const std::vector<std::string>& known = known_architectures();
  const platform named = normalise({"linux", parts.size() > 1 ? parts[1] : parts[0], ""});
  const bool is_known = std::find(known.begin(), known.end(), named.arch) != known.end();
  const std::string near = is_known ? "" : did_you_mean(named.arch, known);
  // An unknown architecture may be a new one. One that looks like a typing error is refused, because the build would fail late.
  if (parts.size() > 1 && !near.empty()) return refuse(fmt::format("the architecture \"{}\" is not known{}", parts[1], near));
  if (parts.size() > 1) return normalise({parts[0], parts[1], parts.size() == 3 ? parts[2] : ""});
  if (is_known_os(lower(parts[0]) == "macos" ? "darwin" : lower(parts[0])))
    return refuse("the architecture is missing");
  if (!is_known) return refuse(fmt::format("this is neither an operating system nor an architecture{}", near));
  return normalise({"linux", parts[0], ""});
}

platform host_platform() {
  utsname name{};
  if (uname(&name) != 0) return {"linux", "amd64", ""};
  // Always Linux, even if the client's system is not: on a Mac the daemon runs in a virtual machine.
  return normalise({"linux", name.machine, ""});
}

std::string to_string(const platform& p) {
  std::string out = p.os + "/" + p.arch;
  if (!p.variant.empty()) out += "/" + p.variant;
  return out;
}

bool matches(const platform& wanted, const platform& image) {
  const platform w = normalise(wanted);
  const platform i = normalise(image);
  if (w.os != i.os || w.arch != i.arch) return false;
  if (w.variant == i.variant) return true;
  if (w.arch == "arm")
    return variant_number(i.variant) != 0 && variant_number(i.variant) <= variant_number(w.variant);
  if (w.arch == "amd64") return i.variant.empty() || variant_number(i.variant) <= variant_number(w.variant);
  return false;
}

}  // namespace peelbox::oci
