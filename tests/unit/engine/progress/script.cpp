#include "tests/unit/engine/progress/script.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace peelbox::progress::test {
namespace {

std::string trimmed(const std::string& s) {
  const auto from = s.find_first_not_of(' ');
  return from == std::string::npos ? "" : s.substr(from, s.find_last_not_of(' ') - from + 1);
}

std::string unescaped(const std::string& s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    switch (s[++i]) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'e': out += '\x1b'; break;
      case 'x': out += static_cast<char>(std::stoi(s.substr(i + 1, 2), nullptr, 16)); i += 2; break;
      default: out += s[i];
    }
  }
  return out;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream in(line);
  for (std::string f; std::getline(in, f, '|');) fields.push_back(trimmed(f));
  return fields;
}

duration seconds(const std::string& s) { return duration(std::llround(std::stod(s) * 1e9)); }

std::map<std::string, std::string> named(const std::vector<std::string>& fields) {
  std::map<std::string, std::string> out;
  for (std::size_t i = 1; i < fields.size(); ++i) {
    const auto eq = fields[i].find('=');
    out[fields[i].substr(0, eq)] = eq == std::string::npos ? "yes" : unescaped(fields[i].substr(eq + 1));
  }
  return out;
}

struct parser {
  duration skew{0};
  std::vector<timed_batch> out;

  wall_time when(const std::string& s) const { return script_start + seconds(s) + skew; }
  std::optional<wall_time> maybe(const std::map<std::string, std::string>& n, const char* key) const {
    const auto found = n.find(key);
    if (found == n.end()) return std::nullopt;
    return when(found->second);
  }

  void take(const std::string& line) {
    if (line[0] == '@') {
      out.push_back({seconds(line.substr(1)), {}});
      return;
    }
    if (line.starts_with("skew ")) {
      skew = seconds(line.substr(5));
      return;
    }
    if (line.starts_with("repeat ")) {
      const auto space = line.find(' ', 7);
      for (int i = 1; i <= std::stoi(line.substr(7, space - 7)); ++i) {
        std::string one = line.substr(space + 1);
        for (auto at = one.find("%d"); at != std::string::npos; at = one.find("%d")) one.replace(at, 2, std::to_string(i));
        take(one);
      }
      return;
    }
    if (out.empty()) throw std::runtime_error("no @ before: " + line);
    batch& b = out.back().events;
    const auto fields = fields_of(line.substr(2));
    switch (line[0]) {
      case 'v': {
        auto n = named(fields);
        vertex v;
        v.digest = fields.at(0);
        v.name = n["name"];
        for (std::string_view all = n["inputs"]; !all.empty();) {
          v.inputs.emplace_back(all.substr(0, all.find(',')));
          all.remove_prefix(std::min(v.inputs.back().size() + 1, all.size()));
        }
        v.started = maybe(n, "started");
        v.completed = maybe(n, "completed");
        v.cached = n.contains("cached");
        v.error = n["error"];
        if (n.contains("group")) {
          const auto colon = n["group"].find(':');
          v.group = progress_group{n["group"].substr(0, colon), n["group"].substr(colon + 1), n.contains("weak")};
        }
        b.vertices.push_back(v);
        return;
      }
      case 's': {
        auto n = named(fields);
        status s;
        s.vertex = fields.at(0);
        s.id = n["id"];
        s.current = n.contains("current") ? std::stoll(n["current"]) : 0;
        s.total = n.contains("total") ? std::stoll(n["total"]) : 0;
        s.started = maybe(n, "started");
        s.completed = maybe(n, "completed");
        s.timestamp = maybe(n, "at");
        b.statuses.push_back(s);
        return;
      }
      case 'l':
      case 'L':
        b.logs.push_back({fields.at(0), line[0] == 'L' ? 2 : 1, unescaped(fields.at(2)), when(fields.at(1))});
        return;
      case 'w': {
        warning w;
        w.vertex = fields.at(0);
        w.brief = unescaped(fields.at(1));
        if (fields.size() > 2) w.url = unescaped(fields[2]);
        b.warnings.push_back(w);
        return;
      }
      case 't': {
        using phase = context_transfer::phase;
        context_transfer t;
        t.id = std::stoull(fields.at(0));
        t.name = fields.at(1);
        const std::string& p = fields.at(2);
        t.state = p == "scanning" ? phase::scanning : p == "sending" ? phase::sending : p == "done" ? phase::done : phase::failed;
        t.files_seen = std::stoull(fields.at(3));
        t.files_sent = std::stoull(fields.at(4));
        t.bytes_sent = std::stoull(fields.at(5));
        t.files_asked = fields.size() > 6 ? std::stoull(fields[6]) : t.files_sent;
        t.timestamp = script_start + out.back().at;
        b.transfers.push_back(t);
        return;
      }
      default: throw std::runtime_error("what is: " + line);
    }
  }
};

}  // namespace

std::vector<timed_batch> parse_script(const std::string& text) {
  parser p;
  std::stringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') p.take(line);
  }
  return std::move(p.out);
}

std::string play(const std::vector<timed_batch>& script, renderer& to, trace& picture,
                 const std::function<void(duration, const std::string&)>& frame) {
  std::string all;
  duration now{0};
  const auto step = [&](auto&& call) {
    std::string piece;
    call(piece);
    if (frame) frame(now, piece);
    all += piece;
  };
  for (const timed_batch& next : script) {
    while (now + std::chrono::milliseconds(150) < next.at) {
      now += std::chrono::milliseconds(150);
      step([&](std::string& out) { to.refresh(picture, script_start + now, out); });
    }
    now = next.at;
    step([&](std::string& out) {
      picture.apply(next.events, script_start + now);
      to.update(next.events, picture, script_start + now, out);
      if (to.draws_frames()) to.refresh(picture, script_start + now, out);
    });
  }
  step([&](std::string& out) {
    picture.finish(script_start + now);
    to.finish(picture, script_start + now, out);
  });
  return all;
}

std::string abridged(const std::string& text, std::size_t ends) {
  std::vector<std::string> lines;
  std::stringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.size() <= 2 * ends + 1) return text;
  std::string out;
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i < ends || i >= lines.size() - ends) {
      out += lines[i] + "\n";
      continue;
    }
    for (const char c : lines[i] + "\n") hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    if (i + 1 == lines.size() - ends) {
      std::ostringstream middle;
      middle << "[" << lines.size() - 2 * ends << " lines, " << std::hex << hash << "]\n";
      out += middle.str();
    }
  }
  return out;
}

std::string read_golden(const std::string& file) {
  std::ifstream in(std::string(PEELBOX_GOLDEN_DIR) + "/" + file, std::ios::binary);
  if (!in) throw std::runtime_error("no golden/" + file);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

void expect_golden(const std::string& file, const std::string& actual) {
  if (std::getenv("PEELBOX_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(std::string(PEELBOX_GOLDEN_DIR) + "/" + file, std::ios::binary) << actual;
    return;
  }
  EXPECT_EQ(actual, read_golden(file)) << "golden/" << file;
}

}  // namespace peelbox::progress::test
