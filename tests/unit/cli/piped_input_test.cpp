#include "cli/piped_input.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

/// A header of tar with a right checksum; `mark` is "ustar" or nothing, for what is older.
std::string header(std::string name, std::string mark, char type = '0') {
  std::string bytes(512, '\0');
  bytes[156] = type;
  bytes.replace(0, name.size(), name);
  bytes.replace(257, mark.size(), mark);
  bytes.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  bytes.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return bytes;
}

TEST(IsArchive, ByTheMarksThatTheDaemonLooksFor) {
  EXPECT_TRUE(is_archive("\x1f\x8b\b"));
  EXPECT_TRUE(is_archive("BZh9"));
  EXPECT_TRUE(is_archive("\xfd" "7zXZ"));
  EXPECT_TRUE(is_archive(header("Dockerfile", "ustar")));
  EXPECT_TRUE(is_archive(header("Dockerfile", "")));
  EXPECT_TRUE(is_archive(header("\xc3\xa4", "ustar  ")));
}

TEST(IsArchive, AnExtensionBeforeTheFirstEntryIsSeen) {
  for (const char type : {'x', 'L', 'K'}) EXPECT_TRUE(begins_with_extension(header("a", "ustar", type))) << type;
  // A global one, as `git archive` writes it, counts as an entry.
  for (const char type : {'0', '5', 'g'}) EXPECT_FALSE(begins_with_extension(header("a", "ustar", type))) << type;
  EXPECT_FALSE(begins_with_extension("\x1f\x8b\b"));
}

TEST(IsArchive, ATextIsNone) {
  EXPECT_FALSE(is_archive(""));
  EXPECT_FALSE(is_archive("FROM scratch\n"));
  EXPECT_FALSE(is_archive("FROM scratch\n" + std::string(2000, '#')));
  EXPECT_FALSE(is_archive(std::string(600, '\0')));
  std::string broken = header("Dockerfile", "ustar");
  broken[0] = 'd';
  EXPECT_FALSE(is_archive(broken));
}

}  // namespace
}  // namespace peelbox::cli
