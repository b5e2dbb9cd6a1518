#include "engine/llb/narrow.hpp"

#include <gtest/gtest.h>

#include "engine/llb/definition.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {
namespace {

state source(const std::string& name = "ctx") {
  local_options options;
  options.unique = "u";
  return local(name, options, "load " + name);
}

file_step copy(const state& from, std::string path, std::string target = "/") {
  copy_step step;
  step.from = from;
  step.source = std::move(path);
  step.target = std::move(target);
  step.wildcard = step.source.find('*') != std::string::npos;
  return step;
}

definition narrowed(const state& result, const std::vector<std::string>& expected) {
  auto made = marshal(result);
  EXPECT_TRUE(made) << made.error().text;
  std::vector<std::string> names;
  for (const narrowed_local& one : narrow_locals(made->message)) names.push_back(one.name);
  EXPECT_EQ(names, expected);
  return *made;
}

TEST(narrow, copied_paths_become_followpaths_and_digests_follow) {
  const state ctx = source();
  const state first = file({}, {copy(ctx, "/src/main.c"), copy(ctx, "docs/../lib/")}, "one");
  const definition d = narrowed(merge({first, file(first, {copy(ctx, "*.md")}, "two")}), {"ctx"});
  // describe() would show "?" for an input that is not there, and no name for metadata that was lost.
  EXPECT_EQ(describe(d), R"GRAPH(0 source local://ctx # load ctx
    local.followpaths = ["*.md","lib","src/main.c"]
    local.sharedkeyhint = ctx-cd6b75532563
    local.unique = u
1 file # one
    on scratch copy 0:0 /src/main.c -> /
    on action 0 copy 0:0 /lib -> /
2 file # two
    on 1:0 copy 0:0 /*.md -> / wildcard
3 merge 1:0 2:0
result 3:0
)GRAPH");
}

TEST(narrow, a_tree_that_is_used_as_a_whole_stays_whole) {
  const state ctx = source();
  run_options mounted;
  mounted.args = {"true"};
  mounted.mounts.push_back(bind_read_only("/src", ctx));
  const state some = file({}, {copy(ctx, "/a")}, "some");
  for (const state& whole :
       {ctx, merge({ctx, some}), file({}, {copy(ctx, "/")}, "all"), file(ctx, {mkdir_step{"/x"}}, "base"),
        file(ctx, {copy(ctx, "/a")}, "both"), merge({some, run(some, mounted, "run").root}), diff(ctx, some)}) {
    auto made = marshal(whole);
    ASSERT_TRUE(made);
    const std::string before = describe(*made);
    EXPECT_TRUE(narrow_locals(made->message).empty()) << before;
    EXPECT_EQ(describe(*made), before);
  }
}

TEST(narrow, each_source_by_itself) {
  const state a = source("a"), b = source("b");
  const definition d = narrowed(file(b, {copy(a, "/x")}, "copy"), {"a"});
  EXPECT_NE(describe(d).find("local://a # load a\n    local.followpaths = [\"x\"]"), std::string::npos) << describe(d);
  EXPECT_NE(describe(d).find("local://b # load b\n    local.unique"), std::string::npos) << describe(d);
}

TEST(narrow, choices_of_the_author_stay) {
  local_options options;
  options.unique = "u";
  options.include_patterns = {"src"};
  narrowed(file({}, {copy(local("ctx", options), "/src/x")}), {});
  options.include_patterns = {};
  options.follow_paths = {"src"};
  narrowed(file({}, {copy(local("ctx", options), "/src/x")}), {});
}

TEST(narrow, what_cannot_be_written_back_stays) {
  auto made = marshal(file({}, {copy(source(), "/x")}));
  ASSERT_TRUE(made);
  // A field of a newer BuildKit in the source operation.
  std::string* first = made->message.mutable_def(0);
  *first += std::string("\xfa\x07\x01z", 4);
  const std::string before = made->message.SerializeAsString();
  EXPECT_TRUE(narrow_locals(made->message).empty());
  EXPECT_EQ(made->message.SerializeAsString(), before);
}

TEST(narrow, covering_paths_of_plain_names) {
  const auto covering = [](std::string_view path) { return covering_path(path, reading::plain).value_or("none"); };
  EXPECT_EQ(covering("a/b.c"), "a/b.c");
  EXPECT_EQ(covering("a+b/(group)/{x}|y $"), "a+b/(group)/{x}|y $");
  EXPECT_EQ(covering("[x]/b"), "?x?/b");
  EXPECT_EQ(covering("!a/x\\y/**/^+"), "?a/x?y/?" "?/?" "?") << "'!' would negate, and '+' repeats in a regular expression";
  EXPECT_EQ(covering(" a/ b "), "?a/ b?");
  EXPECT_EQ(covering("a\tb/c\x7f"), "a?b/c?");
  EXPECT_EQ(covering("\u00a0a/\u00e9/b\u3000"), "?a/\u00e9/b?");
  EXPECT_EQ(covering("a\xff\xfe/b"), "a*/b");
  EXPECT_EQ(covering("\xed\xa0\x80/x"), "*/x");
}

TEST(narrow, covering_paths_of_patterns) {
  const auto covering = [](std::string_view path) { return covering_path(path, reading::pattern).value_or("none"); };
  EXPECT_EQ(covering("a/*.c"), "a/*.c");
  EXPECT_EQ(covering("a/**/?"), "a/*/?");
  EXPECT_EQ(covering("[a-z]x/[^\\]b]y"), "?x/?y");
  EXPECT_EQ(covering("a\\*b/c\\d"), "a?b/cd");
  EXPECT_EQ(covering("(a)+^/*"), "?a?" "?" "?/*");
  for (const char* bad : {"[", "a[b/c]", "[]", "[a-]", "[-a]", "a\\", "[\\", "[a"}) EXPECT_EQ(covering(bad), "none") << bad;
}

TEST(narrow, covering_paths_of_a_shell) {
  EXPECT_EQ(covering_path("pages/[id]/x*", reading::shell), "pages/*/x*");
  EXPECT_EQ(covering_path("a\\b/[[:alpha:]]y/c", reading::shell), "*/*/c");
}

TEST(narrow, a_tree_in_which_users_are_looked_up_stays_whole) {
  auto made = marshal(file({}, {copy(source(), "/x")}));
  ASSERT_TRUE(made);
  pb::Op op;
  ASSERT_TRUE(op.ParseFromString(made->message.def(1)));
  auto& by_name = *op.mutable_file()->mutable_actions(0)->mutable_copy()->mutable_owner()->mutable_user()->mutable_byname();
  by_name.set_name("app");
  by_name.set_input(0);
  *made->message.mutable_def(1) = op.SerializeAsString();
  pb::Op last;
  ASSERT_TRUE(last.ParseFromString(made->message.def(2)));
  last.mutable_inputs(0)->set_digest(oci::digest_of(made->message.def(1)));
  *made->message.mutable_def(2) = last.SerializeAsString();
  EXPECT_TRUE(narrow_locals(made->message).empty());
}

}  // namespace
}  // namespace peelbox::llb
