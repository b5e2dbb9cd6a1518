#include "engine/progress/sanitize.hpp"

#include <gtest/gtest.h>

#include <random>

namespace peelbox::progress {
namespace {

TEST(Sanitize, KeepsTextTabsAndLines) {
  EXPECT_EQ(sanitize("plain text\twith\ttabs\nand lines\n"), "plain text\twith\ttabs\nand lines\n");
  EXPECT_EQ(sanitize("grün 日本語 🚀 café"), "grün 日本語 🚀 café");
}

TEST(Sanitize, RemovesEscapeSequences) {
  EXPECT_EQ(sanitize("\x1b[1;31mred\x1b[0m"), "red");
  EXPECT_EQ(sanitize("\x1b[38;2;1;2;3mx\x1b[?25l\x1b[2J\x1b[10;20H"), "x");
  EXPECT_EQ(sanitize("\x1b]0;title\x07x"), "x") << "OSC ended by BEL";
  EXPECT_EQ(sanitize("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\"), "link") << "OSC ended by ST";
  EXPECT_EQ(sanitize("\x1bPq#0\x1b\\x"), "x") << "DCS";
  EXPECT_EQ(sanitize("\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x"), "x");
  EXPECT_EQ(sanitize("\x1b(B\x1b=\x1b>\x1b" "7x\x1b" "8"), "x");
  EXPECT_EQ(sanitize("\xc2\x9b" "31mred"), "red") << "C1 CSI";
  EXPECT_EQ(sanitize("\xc2\x9d" "0;t\x07x"), "x") << "C1 OSC";
}

TEST(Sanitize, BrokenEscapesDoNotHideWhatFollows) {
  EXPECT_EQ(sanitize("\x1b]0;no end\nnext line"), "\nnext line");
  EXPECT_EQ(sanitize("\x1b[31\nx"), "\nx");
  EXPECT_EQ(sanitize("\x1b[3\x1b[31mx"), "x");
  EXPECT_EQ(sanitize("\x1b\x1b[31mx"), "x");
  EXPECT_EQ(sanitize("\x1b]" + std::string(10'000, 'a')).size(), 10'001 - sanitizer::longest_escape);
  EXPECT_EQ(sanitize("end\x1b"), "end");
  EXPECT_EQ(sanitize("\x1b]a\x1b[31mx"), "x") << "ESC inside of OSC begins another sequence";
}

TEST(Sanitize, RemovesControlsAndReplacesWhatIsNotText) {
  using namespace std::string_literals;
  EXPECT_EQ(sanitize("a\0b\x07" "c\x08" "d\x7f" "e\r\nf"s), "abcde\nf");
  EXPECT_EQ(sanitize("\xff\xfe"), "��");
  EXPECT_EQ(sanitize("\xc0\x80"), "��") << "overlong";
  EXPECT_EQ(sanitize("\xed\xa0\x80"), "���") << "surrogate";
  EXPECT_EQ(sanitize("\xf4\x90\x80\x80"), "����") << "beyond Unicode";
  EXPECT_EQ(sanitize("\xe2\x82"), "�") << "cut off";
  EXPECT_EQ(sanitize("\xe2\x82x"), "�x");
  EXPECT_EQ(sanitize("\u202Eevil\u2066x\u2069\u200F"), "�evil�x��");
  EXPECT_EQ(sanitize("a\u2028b"), "a�b");
}

TEST(Sanitize, CuttingTheInputAnywhereGivesTheSame) {
  const std::string pieces[] = {"\x1b[31m", "\x1b]0;t\x07", "grün", "日本", "🚀", "\xff", "\n", "\t", "plain ",
                                "\x1b", "\x1b]8;;a\x1b\\", "\xc2\x9b", "\r", "\u202E", "\xe2\x82"};
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += pieces[random() % std::size(pieces)];
    const std::string whole = sanitize(text);
    EXPECT_EQ(sanitize(whole), whole);
    sanitizer stream;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = std::min<std::size_t>(1 + random() % 3, text.size() - at);
      stream.feed(std::string_view(text).substr(at, n), out);
      at += n;
    }
    stream.finish(out);
    EXPECT_EQ(out, whole);
  }
}

TEST(SanitizeLine, IsOneBoundedLine) {
  EXPECT_EQ(sanitize_line("a\nb\tc\n\n"), "a b c");
  EXPECT_EQ(sanitize_line("abcdef", 3), "abc…");
  EXPECT_EQ(sanitize_line("ééé", 3), "é…") << "not inside a character";
  EXPECT_LE(sanitize_line(std::string(1'000'000, 'x')).size(), 1024 + std::string_view("…").size());
}

TEST(TextWidth, CountsColumns) {
  EXPECT_EQ(text_width("abc"), 3u);
  EXPECT_EQ(text_width("日本"), 4u);
  EXPECT_EQ(text_width("cafe\u0301"), 4u);
  EXPECT_EQ(text_width("🚀"), 2u);
  EXPECT_EQ(cut_to_width("日本語", 5), "日本");
  EXPECT_EQ(cut_to_width("abc", 5), "abc");
  EXPECT_EQ(cut_to_width("abc", 0), "");
}

// ASCII is counted eight bytes at a time.
TEST(TextWidth, CountsColumnsAfterAscii) {
  for (std::size_t n = 0; n < 20; ++n) {
    const std::string ascii(n, 'x');
    EXPECT_EQ(text_width(ascii), n);
    EXPECT_EQ(text_width(ascii + "日x"), n + 3);
    EXPECT_EQ(text_width(ascii + "e\u0301yy"), n + 3);
    EXPECT_EQ(cut_to_width(ascii + "日x", n + 1), ascii);
    EXPECT_EQ(cut_to_width(ascii + "日x", n + 2), ascii + "日");
    EXPECT_EQ(cut_to_width(ascii + "e\u0301yy", n + 1), ascii + "e\u0301") << "a mark belongs to what it is on";
    EXPECT_EQ(cut_to_width(ascii, n / 2), ascii.substr(0, n / 2));
  }
}

}  // namespace
}  // namespace peelbox::progress
