#include "engine/llb/local_sessions.hpp"

#include <gtest/gtest.h>

#include "engine/llb/definition.hpp"

namespace peelbox::llb {
namespace {

using strings = std::vector<std::string>;

local_options options(std::string session, strings follow = {}) {
  local_options o;
  o.session_id = std::move(session);
  if (o.session_id.empty()) o.unique = "u";
  o.follow_paths = std::move(follow);
  return o;
}

state copied(const state& from, const std::string& target) {
  copy_step step;
  step.from = from;
  step.source = "/";
  step.target = target;
  return file({}, {std::move(step)}, "copy " + target);
}

definition made(const state& result) {
  auto all = marshal(result);
  EXPECT_TRUE(all) << all.error().text;
  return *all;
}

TEST(local_sessions, sources_without_one_and_with_our_own_get_their_session_and_digests_follow) {
  const state a = local("a", options(""), "load a");
  const state b = local("b", options("mine", {"src"}), "load b");
  const state other = local("c", options("somebody"), "load c");
  definition d = made(merge({copied(a, "/a"), copied(b, "/b"), copied(other, "/c")}));
  const auto requests = local_requests(d.message, "mine");
  EXPECT_EQ(requests, (std::vector<local_request>{{"a", {}, {}, {}}, {"b", {}, {}, {"src"}}}));
  name_sessions(d.message, "mine", {{requests[0], "id-a"}, {requests[1], "id-b"}});
  const std::string text = describe(d);
  EXPECT_NE(text.find("local.session = id-a"), text.npos) << text;
  EXPECT_NE(text.find("local.session = id-b"), text.npos) << text;
  EXPECT_NE(text.find("local.session = somebody"), text.npos) << text;
  // An input that is not there would be a "?", and metadata that was lost no name.
  EXPECT_EQ(text.find('?'), text.npos) << text;
  for (const char* name : {"# load a", "# copy /a", "# load b", "# copy /b"}) EXPECT_NE(text.find(name), text.npos) << text;
  EXPECT_EQ(local_requests(d.message, "mine"), std::vector<local_request>()) << "each has one now";
}

TEST(local_sessions, a_session_that_is_renamed_serves_the_same_sources) {
  definition d = made(merge({copied(local("a", options("mine")), "/a"), copied(local("b", options("somebody")), "/b")}));
  rename_session(d.message, "mine", "next");
  const std::string text = describe(d);
  EXPECT_NE(text.find("local.session = next"), text.npos) << text;
  EXPECT_NE(text.find("local.session = somebody"), text.npos) << text;
  EXPECT_EQ(text.find('?'), text.npos) << text;
}

TEST(local_sessions, another_selection_of_the_same_directory_keeps_its_own) {
  definition d = made(merge({copied(local("a", options("", {"x"})), "/1"), copied(local("a", options("", {"y"})), "/2")}));
  name_sessions(d.message, "mine", {{{"a", {}, {}, {"x"}}, "id-x"}});
  const std::string text = describe(d);
  EXPECT_NE(text.find("local.session = id-x"), text.npos) << text;
  EXPECT_EQ(local_requests(d.message, "mine"), (std::vector<local_request>{{"a", {}, {}, {"y"}}}));
}

TEST(local_sessions, a_source_that_wants_everything_sent_or_that_headers_would_change_is_left_alone) {
  local_options everything = options("");
  everything.always_transfer = true;
  local_options blank = options("", {"ends with a blank "});
  local_options foreign = options("", {"\xc3\xa4"});
  for (const local_options& one : {everything, blank, foreign}) {
    const definition d = made(copied(local("a", one), "/"));
    EXPECT_EQ(local_requests(d.message, ""), std::vector<local_request>());
  }
}

}  // namespace
}  // namespace peelbox::llb
