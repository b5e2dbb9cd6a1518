// A block of lines at the bottom of a terminal, redrawn in place. Lines that did not change are not sent again.
#include <algorithm>
#include <vector>

#include "engine/progress/format.hpp"
#include "engine/progress/renderer.hpp"

namespace peelbox::progress {
namespace {

constexpr std::size_t most_statuses = 4;  // open statuses shown under a running step

enum class style { none, done, failed, cancelled, faint };

struct row {
  std::string left;
  std::string right;
  style look = style::none;
};

class tty_renderer final : public renderer {
 public:
  explicit tty_renderer(tty_options options) : options_(std::move(options)) {}

  bool draws_frames() const noexcept override { return true; }
  void resize(unsigned columns, unsigned rows) override {
    if (columns != options_.columns) drawn_.clear_text();
    options_.columns = columns;
    options_.rows = rows;
  }
  void update(const batch&, const trace&, wall_time now, std::string&) override {
    if (!began_) began_ = now;
  }
  void refresh(const trace& picture, wall_time now, std::string& out) override {
    if (!began_) began_ = now;
    draw(compose(picture, now, std::max(options_.rows, 4u) - 2, false), out);
  }
  void finish(const trace& picture, wall_time now, std::string& out) override {
    if (!began_) began_ = now;
    draw(compose(picture, now, ~std::size_t{0}, true), out);
    if (!options_.error_blocks) return;
    for (const std::uint32_t i : picture.shown()) {
      if (picture.steps()[i].state == step_state::failed) {
        append_error_block(picture.steps()[i], options_.error_lines, out);
      }
    }
  }

 private:
  struct screen {
    std::vector<std::string> lines;
    void clear_text() {
      for (std::string& line : lines) line.assign(1, '\0');  // equal to no line, so it is drawn again
    }
  };

  std::vector<std::string> compose(const trace& picture, wall_time now, std::size_t height, bool last) const {
    std::vector<std::string> lines;
    row header;
    header.left = "[+] " + options_.title + " ";
    append_seconds(now - *began_, 1, header.left);
    header.left += "s (" + std::to_string(picture.finished_count()) + "/" + std::to_string(picture.visible_count()) + ")";
    if (last && picture.finished_count() == picture.visible_count()) header.left += " FINISHED";
    lines.push_back(to_line(header));

    // Who is seen when not everybody fits: running steps, then what they say, then what ended last.
    const auto& shown = picture.shown();
    std::vector<std::uint32_t> seen;
    std::size_t room = height;
    std::size_t hidden = 0;
    for (const std::uint32_t i : picture.unfinished()) {
      if (seen.size() + 1 < height) seen.push_back(i);
      else ++hidden;
    }
    room -= std::min(room, seen.size() + (hidden > 0 ? 1 : 0));
    std::vector<std::vector<row>> below(seen.size());
    for (std::size_t n = 0; n < seen.size() && !last; ++n) {
      below[n] = details(picture, seen[n], now);
      if (below[n].size() > room) below[n].erase(below[n].begin(), below[n].end() - static_cast<std::ptrdiff_t>(room));
      room -= below[n].size();
    }
    std::vector<std::uint32_t> ended;
    for (auto i = shown.rbegin(); i != shown.rend() && room > 0; ++i) {
      if (!picture.steps()[*i].finished()) continue;
      ended.push_back(*i);
      --room;
    }
    std::size_t next = 0;
    std::reverse(ended.begin(), ended.end());
    for (const std::uint32_t i : ended) {
      lines.push_back(to_line(head(picture, i, now)));
      if (!last) continue;
      for (const step_warning& w : picture.steps()[i].warnings) lines.push_back(to_line(warning_row(w)));
    }
    for (; next < seen.size(); ++next) {
      lines.push_back(to_line(head(picture, seen[next], now)));
      for (const row& r : below[next]) lines.push_back(to_line(r));
    }
    if (hidden > 0) lines.push_back(to_line({" => … and " + std::to_string(hidden) + " more", "", style::faint}));
    return lines;
  }

  static row head(const trace& picture, std::uint32_t i, wall_time now) {
    const step& s = picture.steps()[i];
    row r{" => ", "", style::none};
    switch (s.state) {
      case step_state::cached: r.left += "CACHED "; r.look = style::done; break;
      case step_state::done: r.look = style::done; break;
      case step_state::failed: r.left += "ERROR "; r.look = style::failed; break;
      case step_state::cancelled: r.left += "CANCELED "; r.look = style::cancelled; break;
      default: break;
    }
    r.left += s.name;
    append_seconds(picture.elapsed(i, now), 1, r.right);
    r.right += "s";
    return r;
  }

  static row warning_row(const step_warning& w) {
    return {" => => WARN: " + w.brief + (w.url.empty() ? "" : " (" + w.url + ")"), "", style::cancelled};
  }

  std::vector<row> details(const trace& picture, std::uint32_t i, wall_time now) const {
    const step& s = picture.steps()[i];
    std::vector<row> rows;
    for (const step_warning& w : s.warnings) rows.push_back(warning_row(w));
    std::size_t open = 0;
    for (const step_status& status : s.statuses) {
      if (status.completed || ++open > most_statuses) continue;
      row r{" => => " + status.id, "", style::none};
      append_amount(status, r.left);
      append_seconds(status_time(status, now), 1, r.right);
      r.right += "s";
      rows.push_back(std::move(r));
    }
    const std::string_view unfinished = picture.unfinished_line(i);
    const std::size_t most = options_.log_lines - (unfinished.empty() || options_.log_lines == 0 ? 0 : 1);
    for (std::size_t n = s.tail.size() - std::min<std::size_t>(s.tail.size(), most); n < s.tail.size(); ++n) {
      rows.push_back({" => => # " + s.tail[n].text, "", style::faint});
    }
    if (!unfinished.empty() && options_.log_lines > 0) {
      rows.push_back({" => => # " + std::string(unfinished), "", style::faint});
    }
    return rows;
  }

  // One column stays free, since a full line makes some terminals wrap.
  std::string to_line(const row& r) const {
    const std::size_t columns = std::max(options_.columns, 12u) - 1;
    const std::size_t right = text_width(r.right);
    std::string left = r.left;
    std::replace(left.begin(), left.end(), '\t', ' ');
    left = std::string(cut_to_width(left, columns - std::min(columns, right + (right > 0 ? 1 : 0))));
    std::string line;
    const std::string_view code = !options_.color            ? ""
                                  : r.look == style::done      ? "\x1b[34m"
                                  : r.look == style::failed    ? "\x1b[31m"
                                  : r.look == style::cancelled ? "\x1b[33m"
                                  : r.look == style::faint     ? "\x1b[2m"
                                                               : "";
    line.append(code).append(left);
    if (right > 0) line.append(columns - right - text_width(left), ' ').append(r.right);
    if (!code.empty()) line.append("\x1b[0m");
    return line;
  }

  void draw(std::vector<std::string> lines, std::string& out) {
    if (lines == drawn_.lines) return;
    out.append("\x1b[?25l");  // no cursor while it runs over the block
    if (!drawn_.lines.empty()) out.append("\x1b[").append(std::to_string(drawn_.lines.size())).append("A");
    out.push_back('\r');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i >= drawn_.lines.size() || lines[i] != drawn_.lines[i]) out.append(lines[i]).append("\x1b[K");
      out.append("\r\n");
    }
    if (lines.size() < drawn_.lines.size()) out.append("\x1b[J");
    out.append("\x1b[?25h");
    drawn_.lines = std::move(lines);
  }

  tty_options options_;
  std::optional<wall_time> began_;
  screen drawn_;
};

}  // namespace

std::unique_ptr<renderer> make_tty_renderer(tty_options options) {
  return std::make_unique<tty_renderer>(std::move(options));
}

}  // namespace peelbox::progress
