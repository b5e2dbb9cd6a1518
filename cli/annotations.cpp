#include "cli/annotations.hpp"

#include <algorithm>
#include <optional>

#include "engine/client/error_text.hpp"

namespace peelbox::cli {

std::vector<std::string> annotations(progress::ci_log kind, const failure& why, std::string_view title, std::string_view message) {
  std::vector<std::string> lines;
  if (kind != progress::ci_log::github) return lines;
  // Texts of the daemon are not ours, whatever they begin with.
  if (why.code != errc::remote)
    for (std::string_view rest = why.text; !rest.empty() && lines.size() < most_annotations;) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (std::optional<progress::file_remark> at = progress::remark_at_place(rest.substr(0, end))) {
        at->title = title;
        lines.push_back(progress::error_remark(kind, *at));
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  if (!lines.empty()) return lines;
  progress::file_remark remark;
  remark.title = title;
  remark.message = message;
  if (const std::optional<client::source_place> place = client::place_in_source(why)) {
    remark.file = place->file;
    remark.line = place->line;
  }
  lines.push_back(progress::error_remark(kind, remark));
  return lines;
}

}  // namespace peelbox::cli
