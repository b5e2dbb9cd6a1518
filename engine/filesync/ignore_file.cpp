#include "engine/filesync/ignore_file.hpp"

#include "engine/filesync/glob.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

std::vector<ignore_line> read_dockerignore(std::string_view content, std::string_view file) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (content.starts_with(byte_order_mark)) content.remove_prefix(byte_order_mark.size());
  std::vector<ignore_line> lines;
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.starts_with('#')) continue;
    std::string_view pattern = trim_space(text);
    if (pattern.empty()) continue;
    const bool negated = pattern.front() == '!';
    if (negated) pattern = trim_space(pattern.substr(1));
    std::string clean;
    if (!pattern.empty()) clean = clean_path(pattern);
    if (clean.size() > 1 && clean.front() == '/') clean.erase(0, 1);
    lines.push_back({(negated ? "!" : "") + clean, number, std::string(text), std::string(file)});
  }
  return lines;
}

}  // namespace peelbox::filesync
