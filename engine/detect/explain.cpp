#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/detect/text.hpp"
#include "engine/detect/write.hpp"

namespace peelbox::detect {
namespace {

void explain_service(const found_service& s, std::string& out) {
  const auto& m = s.spec.metadata;
  out += fmt::format("{}: {}\n", m.project_name, s.dir.empty() ? "." : s.dir);
  out += fmt::format("  taken for  {}{}, built by {}\n", m.language, m.framework.empty() ? "" : " with " + m.framework,
                     m.build_system);
  out += "  because\n";
  for (const reason& r : s.reasons) {
    out += fmt::format("    {} = {}   [{}] {}\n", r.what, r.value, to_string(r.how), r.from);
    for (const std::string& other : r.against) out += fmt::format("      not {}\n", other);
  }
  const auto list = [&](std::string_view title, const std::vector<std::string>& words, std::string_view between) {
    if (!words.empty()) out += fmt::format("  {:<10} {}\n", title, fmt::join(words, between));
  };
  list("build", s.spec.build.commands, "\n             ");
  list("packages", s.spec.build.packages, " ");
  list("at runtime", s.spec.runtime.packages, " ");
  list("starts", s.spec.runtime.command, " ");
  for (const auto& [name, text] : s.spec.runtime.env) out += fmt::format("  with       {}={}\n", name, text);
  for (const std::uint16_t port : s.spec.runtime.ports) out += fmt::format("  listens on {}\n", port);
}

}  // namespace

std::string explain(const detection& found) {
  std::string out = fmt::format("{} files in {} directories, {} service{}\n", found.files, found.directories,
                                found.services.size(), found.services.size() == 1 ? "" : "s");
  for (const found_service& s : found.services) {
    out += '\n';
    explain_service(s, out);
  }
  if (!found.lost.empty()) out += "\nnot taken\n";
  for (const rejected& r : found.lost) out += fmt::format("  {}: {}\n", r.path, r.why);
  if (!found.notes.empty()) out += "\nnotes\n";
  for (const note& n : found.notes) out += fmt::format("  {}: {}\n", n.path, n.text);
  return out;
}

}  // namespace peelbox::detect
