// Writes the pictures of a made-up build, with the real trace and record.
//   picture_tool STEPS TIMELINE.html TRACE.json [failed]
// The steps' names and logs contain markup and scripts, which must stay text.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/progress/build_record.hpp"
#include "engine/progress/pictures.hpp"

namespace {

using namespace peelbox::progress;
using namespace std::chrono_literals;

constexpr wall_time began{std::chrono::seconds(1'767'000'000)};

std::string digest(std::size_t i) { return fmt::format("sha256:{:064x}", i + 0xA000); }

std::string name(std::size_t i) {
  switch (i % 10) {
    case 0: return fmt::format("FROM registry.example.com/base-{}:12", i / 10);
    case 1: return "local://context";
    case 2: return fmt::format("RUN apt-get install -y --no-install-recommends lib{}-dev", i);
    case 3: return fmt::format("COPY services/{} /build/services/{}", i, i);
    case 4: return fmt::format("RUN <img src=http://127.0.0.1:9/x onerror=\"hacked=1\"> make -C module{}", i);
    case 5: return fmt::format("RUN echo '</script><script>hacked=1</script>' && ninja target{}", i);
    default: return fmt::format("RUN make -j8 -C packages/library{} install DESTDIR=/out", i);
  }
}

struct script {
  trace picture;
  build_record record{began};

  void feed(batch events, wall_time now) {
    events.local_clock = true;
    picture.apply(events, now);
    record.add(events, picture, now);
  }
};

void transfer(script& s, context_transfer::phase state, wall_time at, std::uint64_t files, std::uint64_t bytes) {
  batch b;
  context_transfer t;
  t.id = 1;
  t.name = "context";
  t.state = state;
  t.files_seen = 8'120;
  t.files_sent = files;
  t.bytes_sent = bytes;
  t.timestamp = at;
  b.transfers.push_back(t);
  s.feed(std::move(b), at);
}

/// Eight chains of steps beside each other; every tenth step is cached, a few depend on two chains.
void run_steps(script& s, std::size_t count, bool failing) {
  constexpr std::size_t chains = 8;
  std::array<wall_time, chains> free_from;
  for (std::size_t c = 0; c < chains; ++c) free_from[c] = began + 900ms + static_cast<int>(c) * 130ms;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t chain = i % chains;
    const bool cached = i % 10 == 3 || i < chains;
    const bool fails = failing && i + 1 == count;
    vertex v;
    v.digest = digest(i);
    v.name = name(i);
    v.cached = cached;
    if (i >= chains) v.inputs.push_back(digest(i - chains));
    wall_time start = free_from[chain];
    if (i % 7 == 6 && i > chains) {
      v.inputs.push_back(digest(i - 5));
      start = std::max(start, free_from[(i - 5) % chains]);
    }
    v.started = start;
    const std::chrono::milliseconds unit = i % 23 == 0 ? 900ms : 110ms;
    const std::chrono::milliseconds length = cached ? 3ms : 80ms + static_cast<int>(i * 7919 % 13) * unit;
    batch begin;
    begin.vertices.push_back(v);
    s.feed(std::move(begin), start);
    const wall_time end = start + length;
    batch finish;
    if (!cached && i % 10 == 0) {
      for (int layer = 0; layer < 3; ++layer) {
        status part;
        part.id = fmt::format("sha256:{:012x}", i * 16 + static_cast<unsigned>(layer));
        part.vertex = v.digest;
        part.current = part.total = 1'000'000 * (layer + 1);
        part.started = start + layer * length / 5;
        part.completed = part.timestamp = start + (layer + 3) * length / 5;
        finish.statuses.push_back(part);
      }
    }
    if (!cached) {
      for (int line = 0; line < 12; ++line) {
        log_chunk log;
        log.vertex = v.digest;
        log.stream = line % 5 == 4 ? 2 : 1;
        log.timestamp = start + line * length / 12;
        log.data = fmt::format("[{}/12] \x1b[32mcompiling\x1b[0m unit-{}-{} \xe2\x80\xa8 <b>not bold</b> </script>\n", line + 1, i, line);
        finish.logs.push_back(log);
      }
      if (i == 42) {
        for (int line = 0; line < 20'000; ++line) {
          log_chunk log;
          log.vertex = v.digest;
          log.timestamp = end;
          log.data = fmt::format("line {} of a very long log\n", line);
          finish.logs.push_back(log);
        }
      }
    }
    v.completed = end;
    if (fails) v.error = "process \"/bin/sh -c make\" did not complete successfully: exit code: 2";
    finish.vertices.push_back(v);
    s.feed(std::move(finish), end);
    free_from[chain] = end;
  }
}

bool write(const char* path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  return out.good();
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  const bool failing = count > 4 && std::string_view(words[4]) == "failed";
  script s;
  transfer(s, context_transfer::phase::scanning, began + 150ms, 0, 0);
  transfer(s, context_transfer::phase::sending, began + 420ms, 3, 90'000);
  transfer(s, context_transfer::phase::done, began + 860ms, 214, 48'700'000);
  run_steps(s, std::strtoul(words[1], nullptr, 10), failing);
  wall_time end = began;
  for (const step& one : s.picture.steps()) end = std::max(end, one.completed.value_or(began));
  s.picture.finish(end);
  s.record.add(batch(), s.picture, end);
  const build_picture picture = s.record.finish(s.picture, "registry.example.com/team/app:1.4 <i>",
                                                failing ? "process \"/bin/sh -c make\" failed </div><script>hacked=1</script>" : "", end + 400ms);
  return write(words[2], timeline_html(picture)) && write(words[3], chrome_trace(picture)) ? 0 : 1;
}
