// The terminal renderer, seen through a small terminal.
#include <gtest/gtest.h>

#include <sstream>

#include "engine/progress/sanitize.hpp"
#include "tests/unit/engine/progress/script.hpp"

namespace peelbox::progress {
namespace {

/// Understands what the renderer uses: text, \r \n, cursor up, down and right, erase line, erase below, colours.
class small_terminal {
 public:
  void feed(const std::string& bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
      if (bytes[i] == '\x1b') {
        ASSERT_EQ(bytes.at(i + 1), '[');
        std::size_t end = i + 2;
        while (bytes.at(end) < '@') ++end;
        control(bytes[end], bytes.substr(i + 2, end - i - 2));
        i = end + 1;
      } else if (bytes[i] == '\r') {
        column_ = 0;
        ++i;
      } else if (bytes[i] == '\n') {  // a terminal's driver returns the carriage as well
        column_ = 0;
        ++row_;
        if (row_ >= lines.size()) lines.resize(row_ + 1);
        ++i;
      } else {
        const std::size_t end = std::min(bytes.find_first_of("\x1b\r\n", i), bytes.size());
        const std::string text = bytes.substr(i, end - i);
        std::string& line = lines.at(row_);
        ASSERT_TRUE(column_ == 0 || column_ == line.size()) << "the renderer draws whole lines";
        line.replace(column_, std::min(text.size(), line.size() - column_), text);
        column_ += text.size();
        widest = std::max(widest, text_width(std::string_view(line).substr(0, column_)));
        i = end;
      }
    }
  }
  std::string screen() const {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }

  std::vector<std::string> lines{1};
  std::size_t widest = 0;

 private:
  void control(char what, const std::string& arguments) {
    switch (what) {
      case 'A': {
        const auto up = std::stoul(arguments);
        ASSERT_LE(up, row_);
        row_ -= up;
        return;
      }
      case 'B': {
        row_ += std::stoul(arguments);
        ASSERT_LT(row_, lines.size());
        return;
      }
      case 'C': {
        std::string& line = lines.at(row_);
        ASSERT_EQ(column_, line.size()) << "nothing old may be left between";
        line.append(std::stoul(arguments), ' ');
        column_ = line.size();
        return;
      }
      case 'K': lines.at(row_).resize(std::min(lines.at(row_).size(), column_)); return;
      case 'J': lines.resize(row_ + 1); lines.back().clear(); return;
      case 'm': return;
      case 'h':
      case 'l': EXPECT_EQ(arguments, "?7"); return;
      default: FAIL() << "unexpected control " << what;
    }
  }
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

struct shown {
  small_terminal terminal;
  std::string frames;  // each new picture with its time
  std::size_t highest = 0;  // lines of all pictures but the last, which is followed by the logs of failed steps
  std::size_t widest = 0;
};

shown show(const std::string& name, tty_options options) {
  shown s;
  trace picture;
  const auto renderer = make_tty_renderer(options);
  std::string last;
  std::size_t lines = 0;
  test::play(test::parse_script(test::read_golden(name + ".events")), *renderer, picture,
             [&](duration at, const std::string& piece) {
               s.highest = std::max(s.highest, lines);
               s.widest = s.terminal.widest;
               s.terminal.feed(piece);
               lines = s.terminal.lines.size();
               const std::string screen = s.terminal.screen();
               // Running times alone make no new picture.
               std::string shape = screen;
               std::erase_if(shape, [](char c) { return c >= '0' && c <= '9'; });
               if (shape == last) return;
               last = shape;
               std::ostringstream time;
               time << "@" << std::chrono::duration<double>(at).count();
               s.frames += time.str() + "\n" + test::abridged(screen, 14);
             });
  return s;
}

class Tty : public testing::TestWithParam<const char*> {};

TEST_P(Tty, Frames) {
  std::string all;
  for (const unsigned columns : {40u, 80u, 120u}) {
    tty_options options;
    options.columns = columns;
    options.rows = 24;
    const shown s = show(GetParam(), options);
    EXPECT_LT(s.widest, columns);
    EXPECT_LE(s.highest, options.rows) << "before the last frame";
    all += "== " + std::to_string(columns) + " columns\n" + s.frames;
  }
  test::expect_golden(std::string(GetParam()) + ".tty", all);
}

INSTANTIATE_TEST_SUITE_P(Builds, Tty,
                         testing::Values("cached", "failing", "pull", "hostile", "cancelled", "groups", "skew", "huge",
                                         "parallel200", "unicode"),
                         [](const auto& build) { return std::string(build.param); });

TEST(TtyRenderer, FollowsTheSizeOfTheTerminal) {
  trace picture;
  tty_options options;
  options.columns = 80;
  const auto renderer = make_tty_renderer(options);
  picture.apply(test::parse_script("@0\nv a|name=a step with a name of more than twenty columns|started=0\n").at(0).events,
                test::script_start);
  std::string out;
  renderer->refresh(picture, test::script_start, out);
  renderer->resize(30, 24);
  out.clear();
  renderer->refresh(picture, test::script_start, out);
  // The header (23 columns) takes one row, the step (79 columns, to the time at the edge) three.
  EXPECT_TRUE(out.starts_with("\x1b[?7l\x1b[4A\r\x1b[J")) << out;
  EXPECT_NE(out.find("=> a step with a name"), std::string::npos);
  out.clear();
  renderer->resize(30, 20);
  renderer->refresh(picture, test::script_start, out);
  EXPECT_EQ(out, "") << "fewer rows alone change nothing that fits";
}

TEST(TtyRenderer, WhatIsSaidStaysAboveTheBlock) {
  trace picture;
  const auto renderer = make_tty_renderer({});
  small_terminal terminal;
  std::string out;
  renderer->refresh(picture, test::script_start, out);
  renderer->say("warning: two\nlines", out);
  renderer->refresh(picture, test::script_start, out);
  terminal.feed(out);
  EXPECT_EQ(terminal.screen(), "warning: two\nlines\n[+] Building 0.0s (0/0)\n\n");
}

TEST(TtyRenderer, ANoteIsShownUntilThereAreSteps) {
  trace picture;
  const auto renderer = make_tty_renderer({});
  batch events;
  events.note = "connecting to tcp://h:1\x1b[2J";
  std::string out;
  renderer->update(events, picture, test::script_start, out);
  renderer->refresh(picture, test::script_start, out);
  EXPECT_EQ(out, "\x1b[?7l\r[+] Building 0.0s (0/0) connecting to tcp://h:1\r\n\x1b[?7h");
}

TEST(TtyRenderer, ColoursSuitTheBackground) {
  EXPECT_EQ(colors_for("0;15").done, "\x1b[34m");
  EXPECT_EQ(colors_for("15;default;0").done, "\x1b[36m");
  EXPECT_EQ(colors_for(nullptr).done, "\x1b[32m");
  EXPECT_EQ(colors_for("x").done, "\x1b[32m");
}

TEST(TtyRenderer, ColoursCanBeChosen) {
  tty_colors colors = colors_for(nullptr);
  EXPECT_TRUE(choose_colors("run=green:WARNING=light-Yellow:error=255,165,0:cancel=default:", colors).empty());
  EXPECT_EQ(colors.done, "\x1b[32m");
  EXPECT_EQ(colors.warning, "\x1b[93m");
  EXPECT_EQ(colors.failed, "\x1b[38;5;214m");
  EXPECT_EQ(colors.cancelled, "\x1b[39m");

  const std::string before = colors.done;
  for (const char* wrong : {"run", "run=", "run=pink", "jump=red", "run=1,2", "run=1,2,3,4", "run=1,2,256", "run=1,,2", "=red",
                            "run=light-", "run=light-default", "run=-1,2,3", "run=\x1b[31m"}) {
    const auto ignored = choose_colors(wrong, colors);
    ASSERT_EQ(ignored.size(), 1u) << wrong;
    EXPECT_EQ(ignored[0].find('\x1b'), std::string::npos);
    EXPECT_EQ(colors.done, before) << wrong;
  }
  EXPECT_EQ(choose_colors("a=b:run=red:c", colors).size(), 2u);
  EXPECT_EQ(colors.done, "\x1b[31m") << "the rest counts";
}

TEST(TtyRenderer, WarningsHaveTheirOwnColour) {
  trace picture;
  tty_options options;
  options.colors.warning = "\x1b[95m";
  options.colors.cancelled = "\x1b[33m";
  const auto renderer = make_tty_renderer(options);
  batch events;
  events.vertices.push_back({"a", {}, "a step", false, test::script_start, std::nullopt, "", std::nullopt});
  warning w;
  w.vertex = "a";
  w.brief = "old syntax";
  w.url = "https://example.com/";
  w.source = source_info{"Docker\nfile", "", ""};
  w.ranges = {{{4, 0}, {5, 0}}, {{9, 0}, {9, 0}}};
  w.detail = {"the new one is", "shorter"};
  events.warnings.push_back(w);
  std::string out;
  picture.apply(events, test::script_start);
  renderer->update(events, picture, test::script_start, out);
  renderer->refresh(picture, test::script_start, out);
  EXPECT_NE(out.find("\x1b[95m => => WARN: old syntax (Docker file:4, https://example.com/)\x1b[0m"), std::string::npos) << out;
  EXPECT_EQ(out.find("\x1b[33m"), std::string::npos);

  // Lines have room for the details.
  const auto lines = make_plain_renderer();
  out.clear();
  lines->update(events, picture, test::script_start, out);
  lines->finish(picture, test::script_start, out);
  EXPECT_NE(out.find("#1 WARN: old syntax (Docker file:4, https://example.com/)\n#1 WARN:   the new one is\n#1 WARN:   shorter\n"),
            std::string::npos) << out;
}

TEST(PlainRenderer, WarnsOfAStepThatHasEnded) {
  trace picture;
  const auto renderer = make_plain_renderer();
  std::string out;
  const auto show = [&](const std::string& script) {
    for (const auto& b : test::parse_script(script)) {
      picture.apply(b.events, test::script_start + b.at);
      renderer->update(b.events, picture, test::script_start + b.at, out);
    }
  };
  show("@0\nv a|name=A|started=0\nv b|name=B|started=0\n@1\nv a|name=A|started=0|completed=1\n");
  EXPECT_NE(out.find("#1 DONE 1.0s\n"), std::string::npos) << out;
  out.clear();
  show("@2\nw a|old|https://example.com/\n");
  EXPECT_NE(out.find("#1 A\n#1 WARN: old (https://example.com/)\n"), std::string::npos) << out;
  out.clear();
  show("@3\nw a|older\n");
  renderer->finish(picture, test::script_start + std::chrono::seconds(4), out);
  EXPECT_NE(out.find("#1 WARN: older\n"), std::string::npos) << out;
  EXPECT_EQ(out.find("WARN: old "), std::string::npos) << "once";
}

TEST(TtyRenderer, FitsASmallTerminal) {
  trace picture;
  tty_options options;
  options.columns = 20;
  options.rows = 6;
  const auto renderer = make_tty_renderer(options);
  std::string script = "@0\nrepeat 30 v d%d|name=a step with quite a long name|started=0\n"
                       "repeat 30 l d%d|0|and what it prints is long as well\\n\n"
                       "@1\nrepeat 29 v d%d|name=a step with quite a long name|started=0|completed=1\n";
  small_terminal terminal;
  std::size_t highest = 0;
  std::size_t widest = 0;
  int frames = 0;
  // The last frame is followed by the log of the step that has not ended.
  test::play(test::parse_script(script), *renderer, picture, [&](duration, const std::string& piece) {
    terminal.feed(piece);
    if (++frames >= 9) return;
    highest = std::max(highest, terminal.lines.size());
    widest = terminal.widest;
  });
  EXPECT_LE(highest, 6u);
  EXPECT_LT(widest, 20u);
  EXPECT_GE(terminal.lines.size(), 30u) << "the last frame shows everything";
}

TEST(TtyRenderer, SendsNothingWhenNothingChanged) {
  trace picture;
  const auto renderer = make_tty_renderer({});
  std::string first;
  renderer->refresh(picture, test::script_start, first);
  EXPECT_NE(first.find("[+] Building 0.0s (0/0)"), std::string::npos);
  std::string second;
  renderer->refresh(picture, test::script_start, second);
  EXPECT_EQ(second, "");
}

TEST(TtyRenderer, ColoursOnlyWhenAsked) {
  for (const bool color : {false, true}) {
    trace picture;
    tty_options options;
    if (color) options.colors = colors_for(nullptr);
    const auto renderer = make_tty_renderer(options);
    const std::string out = test::play(test::parse_script(test::read_golden("failing.events")), *renderer, picture);
    EXPECT_EQ(out.find("\x1b[31m") != std::string::npos, color);
  }
}

}  // namespace
}  // namespace peelbox::progress
