#include "cli/annotations.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace peelbox::cli {
namespace {

using lines = std::vector<std::string>;
constexpr auto github = progress::ci_log::github;

TEST(Annotations, EachLineOfASpecThatIsWrong) {
  const failure why(errc::usage, "a/spec.json:12: runtime.ports[1]: expected 5%\na/spec.json:15: two: bad", origin::user);
  EXPECT_EQ(annotations(github, why, "build", why.text),
            (lines{"::error file=a/spec.json,line=12,title=build::runtime.ports[1]: expected 5%25", "::error file=a/spec.json,line=15,title=build::two: bad"}));
  EXPECT_EQ(annotations(progress::ci_log::none, why, "build", why.text), lines{});
  EXPECT_EQ(annotations(progress::ci_log::gitlab, why, "build", why.text), lines{});
}

TEST(Annotations, OneWithoutAPlace) {
  const failure why(errc::connection, "tcp://host:1: refused");
  EXPECT_EQ(annotations(github, why, "build", "it is\ngone"), (lines{"::error title=build::it is%0Agone"}));
}

TEST(Annotations, ThePlaceOfAFrontend) {
  failure why(errc::remote, "Dockerfile:9: not a place of ours");
  auto status = std::make_shared<grpc_status>();
  status->code = 2;
  status->details.push_back({"github.com/moby/buildkit/errdefs.Source+json",
                             R"({"info":{"filename":"Dockerfile","data":"RlJPTSB4"},"ranges":[{"start":{"line":3},"end":{"line":4}}]})"});
  why.status = status;
  EXPECT_EQ(annotations(github, why, "service web", "it broke"), (lines{"::error file=Dockerfile,line=3,title=service web::it broke"}));
}

TEST(Annotations, Few) {
  std::string text;
  for (int i = 1; i < 100; ++i) text += "f:" + std::to_string(i) + ": x\n";
  EXPECT_EQ(annotations(github, failure(errc::usage, text), "t", text).size(), most_annotations);
}

}  // namespace
}  // namespace peelbox::cli
