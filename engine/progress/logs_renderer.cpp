// Only what the user's own commands print, as they print it.
#include "engine/progress/renderer.hpp"

namespace peelbox::progress {
namespace {

// "linux/arm64 build 1/2" -> "build 1/2"
std::string_view without_platform(std::string_view stage) {
  const std::size_t space = stage.find(' ');
  return space != std::string_view::npos && stage.find('/') < space ? stage.substr(space + 1) : stage;
}

// What a frontend or the daemon runs for its own purposes: package installation and copies of a spec ("[packages] …",
// "[build] …" without a count), "[internal] …" of the Dockerfile frontend, and the SBOM scanner.
bool is_own_command(std::string_view name) {
  if (name.find("generating sbom using ") != std::string_view::npos) return false;
  // With several services, the service's name is in front.
  for (int brackets = 0; brackets < 2 && name.starts_with('['); ++brackets) {
    const std::size_t end = name.find(']');
    if (end == std::string_view::npos) break;
    const std::string_view inside = without_platform(name.substr(1, end - 1));
    if (inside == "internal" || inside == "auth") return false;
    if (inside.ends_with("packages")) return false;
    if (inside.find('/') != std::string_view::npos) return true;
    if ((inside == "build" || inside == "runtime") && !name.substr(end).starts_with("] [")) return false;
    name.remove_prefix(std::min(end + 2, name.size()));
  }
  return true;
}

// What has to be known of a line of which step it is: "[api] [build 1/2] make" -> "[api] ", and of several platforms
// "[linux/arm64 build 1/2] make" -> "[linux/arm64] ".
std::string prefix_of(std::string_view name) {
  std::string prefix;
  if (!name.starts_with('[')) return prefix;
  std::size_t end = name.find(']');
  if (end != std::string_view::npos && name.substr(end).starts_with("] [")) {
    prefix = name.substr(0, end + 2);
    name.remove_prefix(end + 2);
    end = name.find(']');
  }
  if (end == std::string_view::npos) return prefix;
  const std::string_view stage = name.substr(1, end - 1);
  const std::size_t platform = stage.size() - without_platform(stage).size();
  if (platform > 0) prefix.append("[").append(stage.substr(0, platform - 1)).append("] ");
  return prefix;
}

class logs_renderer final : public renderer {
 public:
  void update(const batch&, const trace& picture, wall_time, std::string& out) override { append(picture, out); }
  void refresh(const trace&, wall_time, std::string&) override {}
  bool wants_time() const noexcept override { return false; }
  void finish(const trace& picture, wall_time, std::string& out) override { append(picture, out); }

 private:
  static void append(const trace& picture, std::string& out) {
    for (const new_line& line : picture.lines()) {
      const step& s = picture.steps()[line.step];
      if (!is_own_command(s.name)) continue;
      out.append(prefix_of(s.name)).append(line.text).push_back('\n');
    }
  }
};

}  // namespace

std::unique_ptr<renderer> make_logs_renderer() { return std::make_unique<logs_renderer>(); }

}  // namespace peelbox::progress
