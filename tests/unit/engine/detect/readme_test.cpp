#include "engine/detect/readme.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Readme, ProgramsThatHaveToBeInstalled) {
  EXPECT_THAT(programs_asked_for("[FFmpeg](https://example.org/x) will also need to be installed.\n"), ElementsAre("ffmpeg"));
  EXPECT_THAT(programs_asked_for("## Requirements\n\n- Node 20\n- ImageMagick\n\n## Usage\n\n- ghostscript\n"), ElementsAre("imagemagick"));
}

TEST(Readme, ProgramsThatAreMentionedAreNotAskedFor) {
  EXPECT_THAT(programs_asked_for("It plays what ffmpeg makes. Install it.\n"), IsEmpty());
  EXPECT_THAT(programs_asked_for("Optional: ffmpeg must be installed for films\n"), IsEmpty());
  EXPECT_THAT(programs_asked_for("You need to install [this](https://example.org/ffmpeg).\n"), IsEmpty());
  EXPECT_THAT(programs_asked_for("```\nyou must install ffmpeg\n```\n"), IsEmpty());
  EXPECT_THAT(programs_asked_for("git must be installed\n"), IsEmpty());
}

TEST(Readme, PagesOfARepositoryBeside) {
  EXPECT_EQ(repository_of_pages("git clone https://github.com/a/shop.git and https://github.com/a/shop-web."), "a/shop-web");
  EXPECT_EQ(repository_of_pages("https://github.com/a/shop-web"), "");
  EXPECT_EQ(repository_of_pages("https://github.com/a/shop and https://github.com/b/shop-web"), "");
  EXPECT_EQ(repository_of_pages("https://github.com/"), "");
}

}  // namespace
}  // namespace peelbox::detect
