// Lines for log files and CI. One step has the floor at a time, and what others say meanwhile is held back, so that the
// lines of parallel steps come in blocks. They are held for a bounded time and in bounded memory.
#include <algorithm>
#include <list>
#include <vector>

#include "engine/progress/format.hpp"
#include "engine/progress/renderer.hpp"

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;

constexpr duration silence_gives_way = 1s;    // the step on the floor has been silent for this long
constexpr duration patience = 5s;             // a step with something to say waits at most this long …
constexpr duration least_floor = 2s;          // … if the floor was held for at least this long
constexpr duration status_first = 1s;         // shorter work is reported once, when done
constexpr duration status_repeat = 5s;
constexpr duration status_step = 1s;
constexpr std::size_t all_held_bytes = 1024 * 1024;
constexpr std::size_t no_step = ~std::size_t{0};

struct shown_status {
  std::string id;
  std::uint32_t member = 0;
  std::int64_t amount = -1;  // -1: not printed yet
  wall_time when{};
  bool done = false;
};

struct shown_step {
  std::size_t number = 0;  // 0: no header yet
  std::string held;        // log lines without their "#N "
  std::optional<wall_time> wants_since;
  std::list<std::uint32_t>::iterator in_waiting;  // valid while it wants
  std::vector<shown_status> statuses;
  std::size_t warnings = 0;
  bool ended = false;    // its end line was printed
  std::string end_line;  // the last of those
};

class plain_renderer final : public renderer {
 public:
  explicit plain_renderer(plain_options options) : options_(options) {}

  void update(const batch& events, const trace& picture, wall_time now, std::string& out) override {
    const std::size_t before = out.size();
    now_ = now;
    if (!events.note.empty()) say("#0 " + sanitize_line(events.note), out);
    shown_.resize(picture.steps().size());
    for (const std::uint32_t i : picture.changed()) take_change(i, picture.steps()[i], now);
    for (const new_line& line : picture.lines()) take_line(line, picture, now, out);
    schedule(picture, now, out);
    disarm_inside(options_.ci, out, before);
  }

  void say(std::string_view line, std::string& out) override {
    // Not between the lines of a step: readers would take it for one.
    const bool interrupts = floor_ != no_step;
    leave_floor(out);
    if (options_.ci == ci_log::none && (interrupts || (!nothing_yet_ && !said_last_))) out.push_back('\n');
    out.append(line).push_back('\n');
    nothing_yet_ = false;
    said_last_ = true;
  }

  void refresh(const trace& picture, wall_time now, std::string& out) override {
    const std::size_t before = out.size();
    now_ = now;
    schedule(picture, now, out);
    disarm_inside(options_.ci, out, before);
  }

  void finish(const trace& picture, wall_time now, std::string& out) override {
    const std::size_t before = out.size();
    now_ = now;
    shown_.resize(picture.steps().size());
    for (const std::uint32_t i : picture.changed()) take_change(i, picture.steps()[i], now);
    for (const new_line& line : picture.lines()) take_line(line, picture, now, out);
    end_finished(picture, now, out, true);
    for (const std::uint32_t i : picture.unfinished()) {
      give_floor(i, picture.steps()[i], now, out);
      say(i, picture, now, out);
      prefix(i, out).append("INCOMPLETE ");
      append_seconds(picture.elapsed(i, now), 1, out);
      out.append("s\n");
      shown_[i].ended = true;
      end_turn(out);
    }
    disarm_inside(options_.ci, out, before);
    const std::size_t blocks = out.size();
    if (!options_.error_blocks) return;
    for (const std::uint32_t i : picture.shown()) {
      if (picture.steps()[i].state == step_state::failed) {
        append_error_block(picture.steps()[i], options_.error_lines, out);
      }
    }
    disarm(options_.ci, out, blocks);
  }

 private:
  void take_change(std::uint32_t i, const step& s, wall_time now) {
    if (!s.visible) return;
    shown_step& mine = shown_[i];
    if (!s.finished()) mine.ended = false;
    if (s.finished() && !mine.ended) finished_.push_back(i);
    // Frontends warn about a file after the step that read it has ended.
    if (mine.ended && mine.warnings < s.warnings.size()) late_.push_back(i);
    if (!mine.ended && (mine.number == 0 || mine.warnings < s.warnings.size() || !s.statuses.empty())) want(i, now);
  }

  void want(std::uint32_t i, wall_time now) {
    shown_step& mine = shown_[i];
    if (mine.wants_since) return;
    mine.wants_since = now;
    mine.in_waiting = waiting_.insert(waiting_.end(), i);
  }
  void want_no_more(std::uint32_t i) {
    shown_step& mine = shown_[i];
    if (!mine.wants_since) return;
    mine.wants_since.reset();
    waiting_.erase(mine.in_waiting);
  }

  void take_line(const new_line& line, const trace& picture, wall_time now, std::string& out) {
    shown_step& mine = shown_[line.step];
    const bool visible = picture.steps()[line.step].visible;
    // An invisible step may never be shown, so what is held for it is bounded.
    if (!visible && mine.held.size() > options_.held_bytes) return;
    if (floor_ == line.step && mine.held.empty()) {
      append_line(line.step, line.at, line.text, out);
      spoke_ = now;
      return;
    }
    const std::size_t before = mine.held.size();
    append_text(line.at, line.text, mine.held);
    held_bytes_ += mine.held.size() - before;
    if (mine.held.size() > options_.held_bytes || held_bytes_ > all_held_bytes) urgent_ = true;
    if (mine.ended) late_.push_back(line.step);
    else if (visible) want(line.step, now);
  }

  void schedule(const trace& picture, wall_time now, std::string& out) {
    end_finished(picture, now, out, false);
    if (urgent_) {
      urgent_ = false;
      const std::vector<std::uint32_t> all(waiting_.begin(), waiting_.end());
      for (const std::uint32_t i : all) {
        if (shown_[i].held.empty()) continue;
        if (shown_[i].held.size() <= options_.held_bytes && held_bytes_ <= all_held_bytes) continue;
        give_floor(i, picture.steps()[i], now, out);
        say(i, picture, now, out);
      }
    }
    if (floor_ != no_step) say(static_cast<std::uint32_t>(floor_), picture, now, out);
    const bool free = floor_ == no_step;
    if (!free && now - spoke_ < silence_gives_way && now - floor_since_ < least_floor) return;
    const std::size_t next = who_waits(picture, now);
    if (next == no_step || next == floor_) return;
    if (free || now - spoke_ >= silence_gives_way || now - *shown_[next].wants_since >= patience) {
      give_floor(next, picture.steps()[next], now, out);
      say(static_cast<std::uint32_t>(next), picture, now, out);
    }
  }

  // The step that has waited longest with something to say; a free floor goes to its last holder first.
  std::size_t who_waits(const trace& picture, wall_time now) {
    const auto can_speak = [&](std::size_t i) {
      shown_step& mine = shown_[i];
      return mine.number == 0 || !mine.held.empty() || has_news(mine, picture.steps()[i], now);
    };
    if (floor_ == no_step && last_floor_ != no_step && shown_[last_floor_].wants_since && can_speak(last_floor_)) {
      return last_floor_;
    }
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](std::uint32_t i) { return floor_ != i && can_speak(i); });
    return next == waiting_.end() ? no_step : *next;
  }

  void end_finished(const trace& picture, wall_time now, std::string& out, bool last) {
    end_late(picture, now, out);
    if (finished_.empty()) return;
    std::vector<std::uint32_t> now_finished;
    std::vector<std::uint32_t> later;
    for (const std::uint32_t i : finished_) {
      const step& s = picture.steps()[i];
      if (!s.finished() || shown_[i].ended) continue;
      const bool wait = !last && (s.state == step_state::done || s.state == step_state::cached) && s.has_open_status();
      (wait ? later : now_finished).push_back(i);
    }
    finished_ = std::move(later);
    std::stable_sort(now_finished.begin(), now_finished.end(), [&](std::uint32_t a, std::uint32_t b) {
      if ((a == floor_) != (b == floor_)) return a == floor_;
      return picture.steps()[a].completed < picture.steps()[b].completed;
    });
    for (const std::uint32_t i : now_finished) {
      shown_step& mine = shown_[i];
      if (mine.ended) continue;
      mine.ended = true;
      want_no_more(i);
      // The daemon may start a step again to check its inputs; if it ends as before, that is no news.
      const bool silent = mine.number != 0 && floor_ != i && mine.held.empty() && !has_news(mine, picture.steps()[i], now);
      if (silent && end_of(i, picture, now) == mine.end_line) continue;
      give_floor(i, picture.steps()[i], now, out);  // gives a number, which the end line has
      say(i, picture, now, out);
      mine.end_line = end_of(i, picture, now);
      out.append(mine.end_line);
      end_turn(out);
    }
  }

  // Log lines and warnings that came after the end of their step.
  void end_late(const trace& picture, wall_time now, std::string& out) {
    const std::vector<std::uint32_t> late = std::move(late_);
    late_.clear();
    for (const std::uint32_t i : late) {
      const shown_step& mine = shown_[i];
      if (!mine.ended || (mine.held.empty() && mine.warnings == picture.steps()[i].warnings.size())) continue;
      give_floor(i, picture.steps()[i], now, out);
      say(i, picture, now, out);
      end_turn(out);
    }
  }

  void give_floor(std::size_t i, const step& s, wall_time now, std::string& out) {
    if (floor_ == i) return;
    leave_floor(out);
    if (!nothing_yet_ && options_.ci == ci_log::none) out.push_back('\n');
    nothing_yet_ = false;
    said_last_ = false;
    if (shown_[i].number == 0) shown_[i].number = ++numbers_;
    std::string title;
    prefix(i, title).append(s.name);
    open_group(options_.ci, ++turns_, title, now, out);
    floor_ = i;
    last_floor_ = i;
    floor_since_ = now;
    spoke_ = now;
  }

  // The step on the floor has said all that it has to say.
  void end_turn(std::string& out) {
    if (floor_ != no_step) close_group(options_.ci, turns_, now_, out);
    floor_ = no_step;
  }
  // The step on the floor will go on later.
  void leave_floor(std::string& out) {
    if (floor_ != no_step) prefix(floor_, out).append("...\n");
    end_turn(out);
  }

  // Everything that step i has to say now. It has the floor.
  void say(std::uint32_t i, const trace& picture, wall_time now, std::string& out) {
    shown_step& mine = shown_[i];
    const step& s = picture.steps()[i];
    const std::size_t before = out.size();
    for (; mine.warnings < s.warnings.size(); ++mine.warnings) {
      const step_warning& w = s.warnings[mine.warnings];
      append_warning(w, prefix(i, out));
      out.push_back('\n');
      for (const std::string& line : w.detail) prefix(i, out).append("WARN:   ").append(line).push_back('\n');
    }
    for (std::size_t n = 0; n < s.statuses.size(); ++n) say_status(i, n, s.statuses[n], now, out);
    if (!mine.held.empty()) {
      std::string number;
      prefix(i, number);
      for (std::string_view rest = mine.held; !rest.empty();) {
        const std::size_t length = rest.find('\n') + 1;
        out.append(number).append(rest.substr(0, length));
        rest.remove_prefix(length);
      }
    }
    held_bytes_ -= mine.held.size();
    mine.held.clear();
    if (mine.held.capacity() > 4096) mine.held.shrink_to_fit();
    want_no_more(i);
    if (!mine.ended && s.has_open_status()) want(i, now);
    if (out.size() != before) spoke_ = now;
  }

  shown_status& status_at(shown_step& mine, std::size_t n, const step_status& s) const {
    if (n >= mine.statuses.size()) mine.statuses.resize(n + 1);
    const auto same = [&](const shown_status& k) { return k.member == s.member && k.id == s.id; };
    if (!same(mine.statuses[n])) {
      // Positions move when the trace drops an old status.
      const auto moved = std::find_if(mine.statuses.begin(), mine.statuses.end(), same);
      if (moved != mine.statuses.end()) std::swap(*moved, mine.statuses[n]);
      else mine.statuses[n] = shown_status{s.id, s.member, -1, {}, false};
    }
    return mine.statuses[n];
  }

  static std::int64_t amount_of(const step_status& s) {
    return s.transfer ? static_cast<std::int64_t>(s.transfer->bytes_sent / 2 + s.transfer->files_seen) : s.current;
  }

  static bool is_news(const shown_status& known, const step_status& s, wall_time now) {
    if (s.completed) return !known.done;
    if (known.amount < 0) return now - s.started.value_or(s.updated) >= status_first;
    const std::int64_t amount = amount_of(s);
    if (amount == known.amount) return false;
    if (now - known.when >= status_repeat) return true;
    return s.total > 0 && !s.transfer && now - known.when >= status_step && amount - known.amount >= s.total / 20;
  }

  bool has_news(shown_step& mine, const step& s, wall_time now) const {
    if (mine.warnings < s.warnings.size()) return true;
    for (std::size_t n = 0; n < s.statuses.size(); ++n) {
      if (is_news(status_at(mine, n, s.statuses[n]), s.statuses[n], now)) return true;
    }
    return false;
  }

  void say_status(std::uint32_t i, std::size_t n, const step_status& s, wall_time now, std::string& out) {
    shown_status& known = status_at(shown_[i], n, s);
    if (!s.completed) known.done = false;
    if (!is_news(known, s, now)) return;
    known.amount = amount_of(s);
    known.when = now;
    known.done = s.completed.has_value();
    prefix(i, out).append(s.id);
    append_amount(s, false, out);
    const duration time = status_time(s, now);
    if (time > 10ms) {
      out.push_back(' ');
      append_seconds(time, 1, out);
      out.push_back('s');
    }
    if (known.done) out.append(" done");
    out.push_back('\n');
  }

  std::string end_of(std::uint32_t i, const trace& picture, wall_time now) const {
    const step& s = picture.steps()[i];
    std::string out;
    switch (s.state) {
      case step_state::cached: return prefix(i, out).append("CACHED\n");
      case step_state::cancelled: return prefix(i, out).append("CANCELED\n");
      case step_state::failed: {
        std::string_view rest = s.error;
        prefix(i, out).append("ERROR: ");
        for (bool first = true; first || !rest.empty(); first = false) {
          const std::size_t end = std::min(rest.find('\n'), rest.size());
          if (!first) prefix(i, out).append("  ");
          out.append(rest.substr(0, end)).push_back('\n');
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return out;
      }
      default: break;
    }
    prefix(i, out).append("DONE");
    const duration time = picture.elapsed(i, now);
    if (time > duration{0}) {
      out.push_back(' ');
      append_seconds(time, 1, out);
      out.push_back('s');
    }
    out.push_back('\n');
    return out;
  }

  std::string& prefix(std::size_t i, std::string& out) const {
    out.push_back('#');
    append_plain_number(shown_[i].number, out);
    out.push_back(' ');
    return out;
  }
  static void append_plain_number(std::size_t n, std::string& out) {
    if (n >= 10) append_plain_number(n / 10, out);
    out.push_back(static_cast<char>('0' + n % 10));
  }
  void append_line(std::uint32_t i, duration at, std::string_view text, std::string& out) {
    prefix(i, out);
    append_text(at, text, out);
  }
  void append_text(duration at, std::string_view text, std::string& out) {
    // Many lines have the same time, because a message has one for all.
    if (at != last_at_ || last_time_.empty()) {
      last_at_ = at;
      last_time_.clear();
      append_log_time(at, last_time_);
      last_time_.push_back(' ');
    }
    out.append(last_time_).append(text).push_back('\n');
  }

  plain_options options_;
  std::vector<shown_step> shown_;
  std::list<std::uint32_t> waiting_;  // who has wants_since, the earliest first
  std::vector<std::uint32_t> finished_;
  std::vector<std::uint32_t> late_;
  std::size_t floor_ = no_step;
  std::size_t last_floor_ = no_step;
  wall_time floor_since_{};
  wall_time spoke_{};
  std::size_t held_bytes_ = 0;
  std::size_t numbers_ = 0;
  std::size_t turns_ = 0;
  wall_time now_{};
  duration last_at_{0};
  std::string last_time_;  // last_at_ as text
  bool urgent_ = false;
  bool nothing_yet_ = true;
  bool said_last_ = false;
};

}  // namespace

std::unique_ptr<renderer> make_plain_renderer(plain_options options) {
  return std::make_unique<plain_renderer>(options);
}

}  // namespace peelbox::progress
