// As much of a build as fits on a terminal: what ended last, then the running steps and what they do.
#include <algorithm>
#include <vector>

#include "engine/progress/format.hpp"
#include "engine/progress/renderer.hpp"
#include "engine/progress/tty_screen.hpp"

namespace peelbox::progress {
namespace {

constexpr std::size_t most_statuses = 4;  // open statuses shown under a running step
constexpr std::size_t least_details = 2;  // rows that every running step may have, while there is room

class tty_renderer final : public renderer {
 public:
  explicit tty_renderer(tty_options options) : options_(std::move(options)), screen_(options_.columns, options_.colors) {}

  bool draws_frames() const noexcept override { return true; }
  bool wants_lines() const noexcept override { return false; }
  void resize(unsigned columns, unsigned rows) override {
    screen_.resize(columns);
    options_.rows = rows;
  }
  void begin_anew() override { screen_.forget(); }
  void say(std::string_view line, std::string&) override { screen_.say(line); }
  void update(const batch& events, const trace&, wall_time now, std::string&) override {
    if (!began_) began_ = now;
    if (!events.note.empty()) note_ = sanitize_line(events.note);
  }
  void refresh(const trace& picture, wall_time now, std::string& out) override {
    if (!began_) began_ = now;
    screen_.draw(compose(picture, now, std::max(options_.rows, 4u) - 2), out);
  }
  void finish(const trace& picture, wall_time now, std::string& out) override {
    if (!began_) began_ = now;
    screen_.draw(compose_last(picture, now), out);
    if (!options_.error_blocks) return;
    const auto failed = [&](std::uint32_t i) { return picture.steps()[i].state == step_state::failed; };
    const bool any_failed = std::any_of(picture.shown().begin(), picture.shown().end(), failed);
    for (const std::uint32_t i : picture.shown()) {
      // If nothing failed, the build was interrupted or lost: then what was under way is of interest.
      const step& s = picture.steps()[i];
      if (!(any_failed ? failed(i) : s.state == step_state::cancelled || !s.finished())) continue;
      std::string block;
      append_error_block(s, options_.error_lines, block);
      append_whole_lines(block, out);
    }
  }

 private:
  screen_row header(const trace& picture, wall_time now) const {
    screen_row row;
    row.left = "[+] " + options_.title + " ";
    append_seconds(now - *began_, 1, row.left);
    row.left += "s (" + std::to_string(picture.finished_count()) + "/" + std::to_string(picture.visible_count()) + ")";
    return row;
  }

  // At most 1 + `height` rows.
  std::vector<screen_row> compose(const trace& picture, wall_time now, std::size_t height) const {
    std::vector<screen_row> rows{header(picture, now)};
    if (picture.visible_count() == 0 && !note_.empty()) rows[0].left += " " + note_;

    std::vector<std::uint32_t> running;
    for (const std::uint32_t i : picture.unfinished()) {
      if (running.size() + 1 >= height) break;
      running.push_back(i);
      fetch(picture.steps()[i]);
    }
    for (const std::uint32_t i : running) __builtin_prefetch(picture.steps()[i].name.data());
    const std::size_t hidden = picture.unfinished().size() - running.size();
    std::size_t room = height - std::min(height, running.size() + (hidden > 0 ? 1 : 0));
    std::vector<std::vector<screen_row>> below;
    for (std::size_t n = 0; n < running.size(); ++n) {
      const std::size_t share = std::max(least_details, room / (running.size() - n));
      below.push_back(details(picture, running[n], now));
      keep_last(below.back(), std::min(share, room));
      room -= below.back().size();
    }
    add_finished(picture, now, room, rows);
    for (std::size_t n = 0; n < running.size(); ++n) {
      rows.push_back(head(picture, running[n], now));
      for (screen_row& r : below[n]) rows.push_back(std::move(r));
    }
    if (hidden > 0) rows.push_back({" => … and " + std::to_string(hidden) + " more are running", "", row_look::faint});
    return rows;
  }

  // All rows: from now on the terminal may scroll them.
  std::vector<screen_row> compose_last(const trace& picture, wall_time now) const {
    std::vector<screen_row> rows;
    rows.reserve(1 + picture.shown().size());
    rows.push_back(header(picture, now));
    bool failed = false;
    for (const std::uint32_t i : picture.shown()) {
      const step& s = picture.steps()[i];
      failed = failed || s.state == step_state::failed;
      rows.push_back(head(picture, i, now));
      for (const step_warning& w : s.warnings) rows.push_back(warning_row(w));
      if (!s.clipped.empty()) rows.push_back({" => => " + s.clipped, "", row_look::warning});
    }
    if (failed) rows[0].left += " FAILED";
    else if (picture.finished_count() == picture.visible_count()) rows[0].left += " FINISHED";
    return rows;
  }

  // The last ones of those that have ended, and a count of the others.
  void add_finished(const trace& picture, wall_time now, std::size_t room, std::vector<screen_row>& rows) const {
    if (room == 0 || picture.finished_count() == 0) return;
    const std::size_t fit = picture.finished_count() <= room ? room : room - 1;
    std::vector<std::uint32_t> last;
    std::size_t cached = picture.cached_count();
    const auto& shown = picture.shown();
    for (auto i = shown.rbegin(); i != shown.rend() && last.size() < fit; ++i) {
      const step& s = picture.steps()[*i];
      if (!s.finished()) continue;
      last.push_back(*i);
      __builtin_prefetch(s.name.data());
      if (s.state == step_state::cached) --cached;
    }
    const std::size_t earlier = picture.finished_count() - last.size();
    if (earlier > 0) {
      std::string text = " => … " + std::to_string(earlier) + (earlier == 1 ? " step" : " steps") + " finished before";
      if (cached > 0) text += " (" + std::to_string(cached) + " cached)";
      rows.push_back({std::move(text), "", row_look::faint});
    }
    for (auto one = last.rbegin(); one != last.rend(); ++one) rows.push_back(head(picture, *one, now));
  }

  // In a large build no step is in the processor's cache when a frame is drawn. Fetching them one after the other would be most
  // of a frame's cost, so they are prefetched.
  static void fetch(const step& s) {
    constexpr std::size_t cache_line = 64;
    const char* const memory = reinterpret_cast<const char*>(&s);
    for (std::size_t at = 0; at < sizeof s; at += cache_line) __builtin_prefetch(memory + at);
  }

  static void keep_last(std::vector<screen_row>& rows, std::size_t most) {
    if (rows.size() > most) rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(most));
  }

  static screen_row head(const trace& picture, std::uint32_t i, wall_time now) {
    const step& s = picture.steps()[i];
    screen_row r{" => ", "", row_look::plain};
    switch (s.state) {
      case step_state::cached: r.left += "CACHED "; r.look = row_look::done; break;
      case step_state::done: r.look = row_look::done; break;
      case step_state::failed: r.left += "ERROR "; r.look = row_look::failed; break;
      case step_state::cancelled: r.left += "CANCELED "; r.look = row_look::cancelled; break;
      default: break;
    }
    r.left += s.name;
    append_seconds(picture.elapsed(i, now), 1, r.right);
    r.right += "s";
    return r;
  }

  static screen_row warning_row(const step_warning& w) {
    screen_row row{" => => ", "", row_look::warning};
    append_warning(w, row.left);
    return row;
  }

  std::vector<screen_row> details(const trace& picture, std::uint32_t i, wall_time now) const {
    const step& s = picture.steps()[i];
    std::vector<screen_row> rows;
    for (const step_warning& w : s.warnings) rows.push_back(warning_row(w));
    std::size_t open = 0;
    for (const step_status& status : s.statuses) {
      if (status.completed || ++open > most_statuses) continue;
      screen_row r{" => => " + status.id, "", row_look::plain};
      append_amount(status, true, r.left);
      append_seconds(status_time(status, now), 1, r.right);
      r.right += "s";
      rows.push_back(std::move(r));
    }
    const std::string_view unfinished = picture.unfinished_line(i);
    const std::size_t most = options_.log_lines - (unfinished.empty() || options_.log_lines == 0 ? 0 : 1);
    for (std::size_t n = s.tail.size() - std::min<std::size_t>(s.tail.size(), most); n < s.tail.size(); ++n) {
      rows.push_back({" => => # " + s.tail[n].text, "", row_look::faint});
    }
    if (!unfinished.empty() && options_.log_lines > 0) {
      rows.push_back({" => => # " + std::string(unfinished), "", row_look::faint});
    }
    return rows;
  }

  tty_options options_;
  std::optional<wall_time> began_;
  std::string note_;
  tty_screen screen_;
};

}  // namespace

std::unique_ptr<renderer> make_tty_renderer(tty_options options) {
  return std::make_unique<tty_renderer>(std::move(options));
}

}  // namespace peelbox::progress
