#include "engine/llb/definition.hpp"

#include <gtest/gtest.h>

#include "engine/oci/digest.hpp"

namespace peelbox::llb {
namespace {

const oci::platform amd64{"linux", "amd64", ""};

run_options command(std::string text) {
  run_options run;
  run.args = {"sh", "-c", std::move(text)};
  run.platform = amd64;
  return run;
}

definition marshalled(const state& s, const marshal_options& options = {}) {
  auto d = marshal(s, options);
  EXPECT_TRUE(d);
  return *std::move(d);
}

pb::Op op_at(const definition& d, int i) {
  pb::Op op;
  EXPECT_TRUE(op.ParseFromString(d.message.def(i)));
  return op;
}

TEST(definition, scratch_is_refused) {
  const auto d = marshal(state());
  ASSERT_FALSE(d);
  EXPECT_EQ(d.error().code, errc::usage);
}

TEST(definition, mounts_are_sorted_and_outputs_numbered) {
  const state root = image("docker.io/library/busybox:latest", amd64);
  run_options run = command("make");
  run.cwd = "/src";
  run.mounts = {secret("/run/secrets/a", "a"),
                ssh("/agent"),
                tmpfs("/tmp", 5),
                bind("/work", root),
                cache("/src/cache", "id", mount::cache_sharing::locked),
                bind_read_only("/ro", root, "sub/dir"),
                bind("/src", state())};
  mount dropped = bind("/dropped", root);
  dropped.writes = mount::changes::dropped;
  dropped.content = mount::content_key::off;
  run.mounts.push_back(dropped);
  const run_result done = llb::run(root, std::move(run), "compile");
  EXPECT_EQ(done.root.output(), 0);
  EXPECT_EQ(done.at("/src").output(), 1);
  EXPECT_EQ(done.at("/work").output(), 2);
  EXPECT_TRUE(done.at("/dropped").is_scratch());
  EXPECT_TRUE(done.at("/ro").is_scratch());
  const definition d = marshalled(done.at("/src"));
  EXPECT_EQ(describe(d), R"(0 source docker-image://docker.io/library/busybox:latest linux/amd64
1 exec ["sh" "-c" "make"] in /src linux/amd64 # compile
    mount / from 0:0 -> 0
    mount /dropped from 0:0 dropped content-cache off
    mount /ro from 0:0/sub/dir read-only
    mount /src from scratch -> 1
    mount /src/cache cache id locked
    mount /tmp tmpfs
    mount /work from 0:0 -> 2
    mount /run/secrets/a secret a
    mount /agent ssh default
result 1:1
)");
  const pb::Op op = op_at(d, 1);
  EXPECT_EQ(op.inputs_size(), 1) << "one input for all mounts of one tree";
  EXPECT_EQ(op.exec().mounts(7).input(), -1);
  EXPECT_EQ(op.exec().mounts(7).secretopt().mode(), 0400u);
  EXPECT_EQ(op.exec().mounts(8).sshopt().mode(), 0600u);
  EXPECT_EQ(op.exec().mounts(1).contentcache(), 2);
}

TEST(definition, read_only_root_has_no_output) {
  run_options run = command("x");
  run.root_read_only = true;
  run.mounts = {bind("/out", state())};
  const run_result done = llb::run(image("docker.io/library/busybox:latest", amd64), std::move(run));
  EXPECT_TRUE(done.root.is_scratch());
  EXPECT_EQ(done.at("/out").output(), 0);
}

TEST(definition, file_actions_build_on_each_other) {
  const state a = image("docker.io/library/a:latest", amd64);
  const state b = image("docker.io/library/b:latest", amd64);
  copy_step copy;
  copy.from = b;
  copy.source = "x/../y";
  copy.target = "dir/";
  copy.wildcard = true;
  copy_step contents;
  contents.from = a;
  contents.source = "/";
  contents.target = "/";
  contents.contents = true;
  const state s = file(a, {mkdir_step{"dir", 0755, true}, copy, contents, mkfile_step{"/f", "data", 0644}});
  const definition d = marshalled(s);
  EXPECT_EQ(describe(d), R"(0 source docker-image://docker.io/library/a:latest linux/amd64
1 source docker-image://docker.io/library/b:latest linux/amd64
2 file
    on 0:0 mkdir /dir 755
    on action 0 copy 1:0 /y -> /dir/ wildcard
    on action 1 copy 0:0 / -> / contents
    on action 2 mkfile /f 644 4 bytes
result 2:0
)");
  const pb::Op op = op_at(d, 2);
  EXPECT_FALSE(op.has_platform());
  EXPECT_TRUE(op.has_constraints());
  ASSERT_EQ(op.file().actions_size(), 4);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(op.file().actions(i).output(), i == 3 ? 0 : -1);
  EXPECT_EQ(op.file().actions(0).secondaryinput(), -1);
  EXPECT_EQ(op.file().actions(1).copy().mode(), -1);
  EXPECT_EQ(op.file().actions(1).copy().timestamp(), -1);
}

TEST(definition, equal_operations_are_listed_once_and_inputs_renumbered) {
  const auto busybox = [] { return image("docker.io/library/busybox:latest", amd64); };
  const state left = busybox();
  const state right = busybox();
  const state other = image("docker.io/library/other:latest", amd64);
  copy_step one;
  one.from = right;
  one.source = "/a";
  one.target = "/b";
  copy_step two = one;
  two.from = other;
  const definition d = marshalled(file(left, {one, two}));
  EXPECT_EQ(describe(d), R"(0 source docker-image://docker.io/library/busybox:latest linux/amd64
1 source docker-image://docker.io/library/other:latest linux/amd64
2 file
    on 0:0 copy 0:0 /a -> /b
    on action 0 copy 1:0 /a -> /b
result 2:0
)");
  EXPECT_EQ(d.vertices.size(), 3u);
}

TEST(definition, merge_and_diff) {
  const state a = image("docker.io/library/a:latest", amd64);
  const state b = image("docker.io/library/b:latest", amd64);
  EXPECT_TRUE(merge({}).is_scratch());
  EXPECT_EQ(merge({state(), a}).operation(), a.operation());
  const definition d = marshalled(merge({a, state(), diff(state(), b), a}));
  EXPECT_EQ(describe(d), R"(0 source docker-image://docker.io/library/a:latest linux/amd64
1 source docker-image://docker.io/library/b:latest linux/amd64
2 diff scratch 1:0
3 merge 0:0 2:0 0:0
result 3:0
)");
}

TEST(definition, local_attributes) {
  local_options options;
  options.session_id = "s1";
  options.shared_key_hint = "hint";
  options.include_patterns = {"src", "a \"quoted\" \\ name"};
  options.exclude_patterns = {"**/.git"};
  options.follow_paths = {"link"};
  options.always_transfer = true;
  const definition d = marshalled(local("context", options, "load"));
  EXPECT_EQ(describe(d), R"(0 source local://context # load
    local.differ = none
    local.excludepatterns = ["**/.git"]
    local.followpaths = ["link"]
    local.includepattern = ["src","a \"quoted\" \\ name"]
    local.session = s1
    local.sharedkeyhint = hint
result 0:0
)");
  EXPECT_FALSE(op_at(d, 0).has_platform());
}

TEST(definition, metadata_names_every_operation_and_carries_no_cache) {
  const state s = llb::run(image("docker.io/library/a:latest", amd64, "base"), command("x"), "step").root;
  const definition plain = marshalled(s);
  marshal_options no_cache;
  no_cache.no_cache = true;
  const definition forced = marshalled(s, no_cache);
  ASSERT_EQ(plain.message.def_size(), 3);
  EXPECT_EQ(plain.message.metadata_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(plain.message.def(i), forced.message.def(i));
    const std::string digest = oci::digest_of(plain.message.def(i));
    ASSERT_TRUE(plain.message.metadata().contains(digest));
    EXPECT_FALSE(plain.message.metadata().at(digest).ignore_cache());
    EXPECT_EQ(forced.message.metadata().at(digest).ignore_cache(), i < 2);
    EXPECT_EQ(plain.message.metadata().at(digest).caps_size(), 0);
  }
  pb::Definition finished = plain.message;
  finished.mutable_metadata()->erase(plain.vertices[0].digest);  // some writers leave out what says nothing
  ignore_cache(finished);
  for (const vertex& v : plain.vertices) EXPECT_TRUE(finished.metadata().at(v.digest).ignore_cache());
  EXPECT_EQ(finished.metadata().at(plain.vertices[1].digest).description().at("llb.customname"), "step");
  finished.mutable_metadata()->erase(plain.vertices[0].digest);
  complete_metadata(finished);
  EXPECT_EQ(finished.metadata_size(), 3);
  EXPECT_TRUE(finished.metadata().contains(plain.vertices[0].digest));
  EXPECT_EQ(finished.metadata().at(plain.vertices[1].digest).description().at("llb.customname"), "step");
  ASSERT_EQ(plain.vertices.size(), 2u);
  EXPECT_EQ(plain.vertices[1].name, "step");
  EXPECT_EQ(plain.message.metadata().at(plain.vertices[1].digest).description().at("llb.customname"), "step");
}

}  // namespace
}  // namespace peelbox::llb
