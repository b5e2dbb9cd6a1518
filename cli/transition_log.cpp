#include "cli/transition_log.hpp"

#include "cli/summary.hpp"

namespace peelbox::cli {

namespace {

std::string_view to_text(progress::step_state state) {
  switch (state) {
    case progress::step_state::announced: return "announced";
    case progress::step_state::running: return "running";
    case progress::step_state::done: return "done";
    case progress::step_state::cached: return "cached";
    case progress::step_state::failed: return "failed";
    case progress::step_state::cancelled: return "cancelled";
  }
  return "?";
}

}  // namespace

void transition_log::update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) {
  for (const progress::context_transfer& t : events.transfers) {
    if (t.state != progress::context_transfer::phase::done && t.state != progress::context_transfer::phase::failed) continue;
    log_.info("directory \"{}\": {} of {} files sent, {}{}", t.name, t.files_sent, t.files_seen, human_bytes(t.bytes_sent),
              t.state == progress::context_transfer::phase::failed ? ", failed" : "");
  }
  tell(picture, now);
}

void transition_log::finish(const progress::trace& picture, progress::wall_time now) { tell(picture, now); }

void transition_log::tell(const progress::trace& picture, progress::wall_time now) {
  known_.resize(picture.steps().size(), progress::step_state::announced);
  for (const std::uint32_t i : picture.changed()) {
    const progress::step& s = picture.steps()[i];
    if (s.state == known_[i]) continue;
    known_[i] = s.state;
    if (s.finished())
      log_.info("step {} after {}: {}", to_text(s.state),
                human_time(std::chrono::duration_cast<std::chrono::milliseconds>(picture.elapsed(i, now))), s.name);
    else log_.info("step {}: {}", to_text(s.state), s.name);
  }
}

}  // namespace peelbox::cli
