// Builds as text: a file of events is played into a renderer, and its output is compared with a file.
//
//   @SECONDS            what follows reaches us at this time as one batch; the renderer is refreshed as time passes
//   skew SECONDS        the daemon's clock is ahead of ours by so much
//   v DIGEST | name=… | started=S | completed=S | cached | error=… | group=ID:NAME | weak
//   s DIGEST | id=… | current=N | total=N | started=S | completed=S | at=S
//   l DIGEST | S | TEXT    (or L for stderr)
//   w DIGEST | TEXT | URL
//   t ID | NAME | scanning/sending/done/failed | SEEN | SENT | BYTES [| ASKED]
//   repeat N LINE       LINE N times, each %d being the count
//   In texts: \n \t \r \e \\ and \xHH. Lines that begin with # are comments.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/progress/renderer.hpp"

namespace peelbox::progress::test {

/// The moment that a script calls 0.
inline constexpr wall_time script_start{std::chrono::hours(24 * 365 * 54)};

struct timed_batch {
  duration at{};
  batch events;
};

/// Throws std::runtime_error with the line that is not understood.
std::vector<timed_batch> parse_script(const std::string& text);

/// Plays a script; `frame` sees every piece of output.
std::string play(const std::vector<timed_batch>& script, renderer& to, trace& picture,
                 const std::function<void(duration at, const std::string& piece)>& frame = {});

/// The first and last `ends` lines of a long text, and the number and a hash of those in between.
std::string abridged(const std::string& text, std::size_t ends);

std::string read_golden(const std::string& file);
/// Compares with golden/FILE, or rewrites it when PEELBOX_UPDATE_GOLDEN is set.
void expect_golden(const std::string& file, const std::string& actual);

}  // namespace peelbox::progress::test
