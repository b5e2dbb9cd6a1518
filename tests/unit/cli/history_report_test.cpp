#include "cli/history_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using namespace std::chrono_literals;
using client::history_record;
using testing::HasSubstr;

constexpr progress::wall_time now{std::chrono::seconds(1'000'000)};

history_record record(std::string ref, progress::duration age, std::optional<int> code = std::nullopt) {
  history_record r;
  r.ref = std::move(ref);
  r.created = now - age;
  r.completed = now - age + 10s;
  if (code) r.error = grpc_status{*code, "it broke", {}};
  return r;
}

TEST(History, StatesFollowFromTheRecord) {
  history_record r = record("a", 60s);
  EXPECT_EQ(r.state(), history_record::outcome::built);
  r.error = grpc_status{2, "exit code: 1", {}};
  EXPECT_EQ(r.state(), history_record::outcome::failed);
  r.error = grpc_status{1, "canceled", {}};
  EXPECT_EQ(r.state(), history_record::outcome::cancelled);
  r.error = grpc_status{2, "failed to solve: context canceled", {}};
  EXPECT_EQ(r.state(), history_record::outcome::cancelled);
  r.completed.reset();
  EXPECT_EQ(r.state(), history_record::outcome::running);
}

TEST(History, RefsMayBeShortened) {
  const std::vector<history_record> all{record("abcd", 1s), record("abxy", 2s), record("ab", 3s), record("zz", 4s)};
  EXPECT_EQ(client::find_record(all, "latest")->ref, "abcd");
  EXPECT_EQ(client::find_record(all, "abx")->ref, "abxy");
  EXPECT_EQ(client::find_record(all, "ab")->ref, "ab");  // all of a ref wins
  EXPECT_EQ(client::find_record(all, "z")->ref, "zz");
  EXPECT_THAT(client::find_record(all, "a").error().text, HasSubstr("several builds"));
  EXPECT_EQ(client::find_record(all, "q").error().code, errc::usage);
  EXPECT_EQ(client::find_record(all, "").error().code, errc::usage);
  EXPECT_THAT(client::find_record({}, "latest").error().text, HasSubstr("remembers no build"));
}

TEST(History, ABuildHasANameAlsoWithoutAnImage) {
  history_record r = record("a", 1s);
  EXPECT_EQ(r.name(), "");
  r.frontend_attributes["vcs:localdir:context"] = "services/api";
  EXPECT_EQ(r.name(), "services/api");
  r.frontend_attributes["build-arg:BUILDKIT_BUILD_NAME"] = "api";
  EXPECT_EQ(r.name(), "api");
  r.exporters.push_back({"oci", {{"name", "x:1,x:2"}}});
  EXPECT_EQ(r.name(), "x:1,x:2");
}

TEST(HistoryReport, TableIsAlignedAndHarmless) {
  history_record evil = record("abc", 90s, 2);
  evil.exporter_response["image.name"] = "a\x1b[31m\nb";
  evil.total_steps = 9;
  evil.cached_steps = 4;
  const auto lines = history_table({evil}, now);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("abc                        failed     1 minute ago"));
  EXPECT_THAT(lines[1], HasSubstr("10.0s           4/9  a b"));
  EXPECT_EQ(lines[1].find('\x1b'), std::string::npos);
}

TEST(HistoryReport, JsonHasEverything) {
  history_record r = record("abc", 3600s, 2);
  r.exporters.push_back({"image", {{"name", "x:1"}}});
  r.pinned = true;
  const std::string json = history_json(r);
  for (const char* part : {R"("ref":"abc")", R"("state":"failed")", R"("name":"x:1")", R"("pinned":true)", R"("seconds":1E1)",
                           R"("error":{"code":2,"message":"it broke"})", R"("started":"1970-01-12T12:46:40Z")"})
    EXPECT_THAT(json, HasSubstr(part));
}

TEST(HistoryReport, DetailsNameTheError) {
  const auto lines = history_details(record("abc", 5s, 2), now);
  EXPECT_THAT(lines, testing::Contains(HasSubstr("error     it broke")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("(5 seconds ago)")));
}

}  // namespace
}  // namespace peelbox::cli
