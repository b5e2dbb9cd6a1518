#include "engine/client/error_text.hpp"

#include <gtest/gtest.h>

#include "engine/client/error_details.hpp"
#include "engine/client/process_message.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::client {
namespace {

constexpr progress::wall_time start{std::chrono::hours(24 * 365 * 54)};

// A build with one failed step "d1" that printed `log`.
progress::trace failed_build(const std::string& log = "", const std::string& name = "[2/2] RUN make") {
  progress::trace picture;
  progress::batch b;
  b.vertices.push_back({"d0", {}, "[1/2] FROM alpine", false, start, start, "", std::nullopt});
  b.vertices.push_back({"d1", {"d0"}, name, false, start, start + std::chrono::seconds(1), "exit code: 2", std::nullopt});
  b.logs.push_back({"d1", 2, log, start});
  picture.apply(b, start);
  picture.finish(start);
  return picture;
}

failure remote(std::string message, std::vector<status_detail> details = {}, int code = 2) {
  failure f(errc::remote, "failed to solve: " + message, origin::peer);
  f.status = std::make_shared<const grpc_status>(grpc_status{code, std::move(message), std::move(details)});
  return f;
}

status_detail detail(const std::string& name, std::string json) {
  return {"github.com/moby/buildkit/" + name, std::move(json)};
}

const std::string make_failed = "process \"/bin/sh -c make\" did not complete successfully: exit code: 2";

TEST(ErrorText, AFailedRunNamesStepCommandExitCodeAndShowsItsLastLines) {
  const auto picture = failed_build("cc main.c\nmain.c:3: error\n");
  const std::string text = error_text(remote(make_failed, {detail("errdefs.Vertex+json", R"({"digest":"d1"})"),
                                                           detail("gatewayapi.ExitMessage+json", R"({"Code":2,"Error":"x"})")}),
                                      picture);
  EXPECT_EQ(text,
            "failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2\n"
            "  step:      [2/2] RUN make\n"
            "  command:   make\n"
            "  exit code: 2\n"
            "------\n"
            " > [2/2] RUN make:\n"
            "0.000 cc main.c\n"
            "0.000 main.c:3: error\n"
            "------");
}

TEST(ErrorText, LogLinesAreLeftOutWhenTheDisplayShowedThem) {
  const auto picture = failed_build("cc main.c\n");
  error_text_options options;
  options.log_lines = false;
  EXPECT_EQ(error_text(remote(make_failed), picture, options).find("cc main.c"), std::string::npos);
}

TEST(ErrorText, WithoutDetailsTheStepThatWasSeenToFailIsNamed) {
  EXPECT_NE(error_text(remote(make_failed), failed_build()).find("step:      [2/2] RUN make"), std::string::npos);
}

TEST(ErrorText, AFailureOfOurSideBlamesNoStep) {
  const std::string text = error_text(failure(errc::context, "src/a.c: it changed while it was sent", origin::user), failed_build("x\n"));
  EXPECT_EQ(text, "src/a.c: it changed while it was sent");
}

TEST(ErrorText, ShowsThePlaceInASource) {
  // "FROM a\nRUN b\nRUN c\nRUN d\nRUN e\nRUN f\n"
  const std::string data = "RlJPTSBhClJVTiBiClJVTiBjClJVTiBkClJVTiBlClJVTiBmCg==";
  const auto source = [&](const std::string& ranges) {
    return detail("errdefs.Source+json", R"({"info":{"filename":"Dockerfile","data":")" + data + R"("},"ranges":[)" + ranges + "]}");
  };
  const std::string single =
      error_text(remote("boom", {source(R"({"start":{"line":4},"end":{"line":4}})")}), progress::trace());
  EXPECT_NE(single.find("Dockerfile:4\n"
                        "--------------------\n"
                        "   2 |     RUN b\n"
                        "   3 |     RUN c\n"
                        "   4 | >>> RUN d\n"
                        "   5 |     RUN e\n"
                        "   6 |     RUN f\n"
                        "--------------------"),
            std::string::npos)
      << single;
  const std::string several =
      error_text(remote("boom", {source(R"({"start":{"line":1},"end":{"line":2}})")}), progress::trace());
  EXPECT_NE(several.find("   1 | >>> FROM a\n   2 | >>> RUN b\n   3 |     RUN c\n-----"), std::string::npos) << several;
  const std::string outside = error_text(
      remote("boom", {source(R"({"start":{"line":4000000000000},"end":{"line":9000000000000000000}})")}), progress::trace());
  EXPECT_NE(outside.find("Dockerfile:4000000000000"), std::string::npos);
}

TEST(ErrorText, HostileTextsAreHarmless) {
  const auto picture = failed_build("\x1b[2Jlog\n", "RUN \x1b]0;t\x07x");
  const std::string text = error_text(
      remote("process \"/bin/sh -c echo \\\"a\\nb\\\" \x1b[31m\" did not complete successfully: exit code: 99999999999999999999999",
             {detail("errdefs.Vertex+json", R"({"digest":"d1"})"), detail("errdefs.Vertex+json", "{"), detail("errdefs.Vertex+json", "[]"),
              detail("errdefs.Source+json", R"({"info":7,"ranges":"x"})"),
              detail("errdefs.Source+json", R"({"info":{"data":"!!!!"},"ranges":[{},{"start":{"line":-5}},{"start":{"line":1}}]})"),
              detail("errdefs.Solve+json", std::string(100'000, '[')), detail("gatewayapi.ExitMessage+json", R"({"Code":"2"})"),
              detail("stack.Stack+json", "{}"), {"", ""}}),
      picture);
  EXPECT_EQ(progress::sanitize(text), text);
  EXPECT_NE(text.find("command:   echo \"a\n             b\""), std::string::npos) << text;
}

TEST(ErrorText, IsBounded) {
  std::vector<status_detail> many(10'000, detail("errdefs.Solve+json", R"({"description":"d"})"));
  EXPECT_LT(error_text(remote(std::string(10'000'000, 'x'), many), progress::trace()).size(), 20'000u);
}

TEST(ErrorDetails, AreReadAndOthersSkipped) {
  const error_details d = read_error_details(
      {2,
       "",
       {detail("errdefs.Vertex+json", R"({"digest":"sha256:a"})"), detail("errdefs.Solve+json", R"({"description":"copy /a /b","inputIDs":["1"]})"),
        detail("policysession.DecisionResponse+json", R"({"action":"DENY","denyMessages":[{"message":"unsigned"}]})"),
        {"type.googleapis.com/google.rpc.Help", "\x0a\x02"}}});
  EXPECT_EQ(d.vertices, std::vector<std::string>{"sha256:a"});
  EXPECT_EQ(d.description, "copy /a /b");
  EXPECT_EQ(d.denials, std::vector<std::string>{"unsigned"});
  EXPECT_FALSE(d.exit_code.has_value());
}

TEST(ErrorText, ALostConnectionSaysWhatToDo) {
  const std::string text =
      error_text(failure(errc::lost, "the connection to the daemon at tcp://h:1 was lost during the build: reset", origin::transport),
                 progress::trace());
  EXPECT_NE(text.find("cause:     the daemon was stopped or crashed"), std::string::npos);
  EXPECT_NE(text.find("try:"), std::string::npos);
}

TEST(ErrorText, ACancelledBuildNeedsNoAdvice) {
  EXPECT_EQ(error_text(failure(errc::cancelled, "the build was cancelled", origin::user), progress::trace()), "the build was cancelled");
}

TEST(ErrorText, ScriptsOfOursAreNotShown) {
  progress::trace picture;
  progress::batch events;
  events.vertices.push_back({"sha256:a", {}, "[build 2/2] make app", false, progress::wall_time{}, progress::wall_time{}, "exit code: 2", {}});
  picture.apply(events, {});
  const std::string text = error_text(
      failure(errc::remote, "failed to solve: process \"sh /.peelbox/bin/build-and-collect make app && ls /build/x /build/app app\" "
                            "did not complete successfully: exit code: 2"),
      picture);
  EXPECT_TRUE(text.starts_with("failed to solve: process \"make app && ls\" did not")) << text;
  EXPECT_EQ(text.find("build-and-collect"), std::string::npos);
  events.vertices[0] = {"sha256:b", {}, "[packages] apt-get install x", false, progress::wall_time{}, progress::wall_time{}, "exit code: 100", {}};
  progress::trace other;
  other.apply(events, {});
  const std::string install = error_text(
      failure(errc::remote, "failed to solve: process \"sh -e -c missing=\\nfor p; do\\ndone install x\" did not complete successfully: exit code: 100"),
      other);
  EXPECT_NE(install.find("\n  command:   apt-get install x\n"), std::string::npos) << install;
  EXPECT_TRUE(install.starts_with("failed to solve: process \"apt-get install x\" did not")) << install;
}

TEST(ErrorText, TheMessageOfAStepHasTheCommandOfTheSpec) {
  const std::string end = "\" did not complete successfully: exit code: 2";
  EXPECT_EQ(readable_message("process \"sh /.peelbox/bin/build-and-collect make app /build/app app" + end, "[build 1/1] make app"),
            "process \"make app" + end);
  EXPECT_EQ(readable_message("process \"sh -e -c missing=\\nfor p" + end, "[web] [runtime packages] apk add \"x\""),
            "process \"apk add \"x\"" + end);
  for (const std::string& same : {"process \"/bin/sh -c make" + end, std::string("process \"sh /.peelbox/bin/build-and-collect make"),
                                 std::string("boom"), std::string()})
    EXPECT_EQ(readable_message(same, "[build 1/1] make"), same);
}

TEST(ErrorText, EachGrpcCodeIsNamedOnce) {
  const failure why = [] {
    failure f(errc::remote,
              "failed to solve: FailedPrecondition: FailedPrecondition: failed to resolve source metadata for r.example/a:1: failed to "
              "authorize: FailedPrecondition: docker-credential-x is not installed");
    f.status = std::make_shared<const grpc_status>(grpc_status{9, f.text.substr(37), {}});
    return f;
  }();
  const std::string text = error_text(why, progress::trace());
  EXPECT_TRUE(text.starts_with("failed to solve: FailedPrecondition: failed to resolve source metadata for r.example/a:1: failed to "
                               "authorize: docker-credential-x is not installed\n"))
      << text;
  EXPECT_NE(text.find("cause:     the login for the registry of r.example/a:1 could not be read"), std::string::npos) << text;
}

TEST(ErrorText, ClippedOutputIsSaidToBeClipped) {
  progress::trace picture;
  progress::batch events;
  events.vertices.push_back({"sha256:a", {}, "RUN x", false, progress::wall_time{}, progress::wall_time{}, "exit code: 1", {}});
  events.logs.push_back({"sha256:a", 2, "[output clipped, log limit 2MiB reached]\n", {}});
  picture.apply(events, {});
  const std::string text = error_text(failure(errc::remote, "exit code: 1"), picture);
  EXPECT_NE(text.find("clipped:   [output clipped, log limit 2MiB reached] by the daemon"), std::string::npos) << text;
  EXPECT_NE(text.find("BUILDKIT_STEP_LOG_MAX_SIZE"), std::string::npos);
}

TEST(ErrorText, AProgramThatIsMissingIsNamed) {
  progress::trace picture;
  progress::batch events;
  events.vertices.push_back({"sha256:a", {}, "RUN x", false, progress::wall_time{}, progress::wall_time{}, "exit code: 127", {}});
  events.logs.push_back({"sha256:a", 2, "sh: 1: cmake: not found\n", {}});
  picture.apply(events, {});
  const std::string text =
      error_text(failure(errc::remote, "process \"/bin/sh -c cmake .\" did not complete successfully: exit code: 127"), picture);
  EXPECT_NE(text.find("cause:     the command cmake was not found in the image"), std::string::npos) << text;
}

}  // namespace
}  // namespace peelbox::client
