#include "cli/dockerfile_door.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/session/upload_service.hpp"
#include "engine/filesync/file_tree.hpp"

namespace peelbox::cli {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

class DockerfileDoor : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::canonical(fs::temp_directory_path()) / ("door-" + std::to_string(getpid()));
    fs::create_directories(root_ / "ctx");
    fs::create_directories(root_ / "docker");
    write("ctx/Dockerfile");
    write("docker/web.Dockerfile");
    args_.context = (root_ / "ctx").string();
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name) { std::ofstream(root_ / name) << "FROM scratch\n"; }

  result<dockerfile_door> open() {
    return open_dockerfile_door(args_, user_, [this](std::string_view name) {
      const auto found = variables_.find(std::string(name));
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::map<std::string, std::string> attributes() {
    result<dockerfile_door> door = open();
    EXPECT_TRUE(door.has_value()) << door.error().text;
    return door.has_value() ? door->frontend.attributes : std::map<std::string, std::string>();
  }
  std::string error() {
    const result<dockerfile_door> door = open();
    return door.has_error() ? door.error().text : "";
  }

  fs::path root_;
  build_args args_;
  session::user_secret user_ = session::user_secret::load("");
  std::map<std::string, std::string> variables_;
};

TEST_F(DockerfileDoor, TheFileInTheContextNeedsNoFlag) {
  const auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_EQ(door->frontend.name, "dockerfile.v0");
  EXPECT_TRUE(door->frontend.attributes.empty());
  EXPECT_EQ(door->contexts.at("context")->root, args_.context);
  EXPECT_EQ(door->contexts.at("dockerfile")->root, args_.context);
  // The frontend reads the ignore files, and says what to leave out.
  EXPECT_EQ(door->contexts.at("context")->dockerignore, "");
  EXPECT_FALSE(door->contexts.at("context")->gitignore);
}

TEST_F(DockerfileDoor, AnotherFileHasADirectoryOfItsOwn) {
  args_.dockerfile.file = (root_ / "docker/web.Dockerfile").string();
  const auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_EQ(door->contexts.at("dockerfile")->root, (root_ / "docker").string());
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("filename", "web.Dockerfile")));
}

TEST_F(DockerfileDoor, SaysWhereItLooked) {
  fs::remove(root_ / "ctx/Dockerfile");
  EXPECT_THAT(error(), HasSubstr("there is no Dockerfile in " + args_.context));
  write("ctx/dockerfile");
  EXPECT_EQ(error(), "");
  args_.dockerfile.file = "dockerfile";
  EXPECT_THAT(error(), HasSubstr("so write -f " + args_.context + "/dockerfile"));
  args_.dockerfile.file = (root_ / "docker").string();
  EXPECT_THAT(error(), HasSubstr("is a directory"));
  args_.context = (root_ / "nowhere").string();
  EXPECT_THAT(error(), HasSubstr("nowhere"));
}

TEST_F(DockerfileDoor, StandardInputIsADockerfile) {
  args_.piped = "FROM scratch\n";
  args_.dockerfile.file = "-";
  auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_EQ(*filesync::read_whole_file(*door->contexts.at("dockerfile")->tree, "Dockerfile", 100), args_.piped);
  EXPECT_EQ(door->contexts.at("context")->root, args_.context);
  args_.context = "-";
  EXPECT_THAT(error(), HasSubstr("leave one of them out"));
  args_.dockerfile.file.clear();
  door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_EQ(door->contexts.at("context")->tree->directory("").value()->list().value().size(), 0u);
}

TEST_F(DockerfileDoor, AnArchiveOnStandardInputIsFetchedByTheDaemon) {
  args_.context = "-";
  args_.upload = std::make_shared<session::upload>("\x1f\x8b", nullptr);
  auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("context", args_.upload->url())));
  EXPECT_EQ(door->frontend.attributes.count("filename"), 0u);
  EXPECT_TRUE(door->contexts.empty());
  args_.dockerfile.file = "docker/Dockerfile";
  door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("filename", "docker/Dockerfile")));
  args_.dockerfile.file = "-";
  EXPECT_THAT(error(), HasSubstr("cannot be both the context and the Dockerfile"));
  args_.dockerfile.file.clear();
  args_.retries = 1;
  EXPECT_THAT(error(), HasSubstr("--retry has no effect"));
}

TEST_F(DockerfileDoor, AnArchiveOnStandardInputIsNoDockerfile) {
  args_.dockerfile.file = "-";
  for (const std::string& bytes : {std::string("\x1f\x8b\b"), std::string("BZh9")}) {
    args_.piped = bytes;
    EXPECT_THAT(error(), HasSubstr("standard input is an archive; to build what is in it write - in place of the directory"));
  }
}

TEST_F(DockerfileDoor, ANamedContextMayBeAnOciLayout) {
  const std::string one = "sha256:" + std::string(64, '1'), two = "sha256:" + std::string(64, '2');
  const std::string dir = (root_ / "layout").string();
  fs::create_directories(dir + "/blobs");
  const auto entry = [](const std::string& digest, const std::string& tag) {
    return R"({"digest":")" + digest + R"(","annotations":{"org.opencontainers.image.ref.name":")" + tag + "\"}}";
  };
  std::ofstream(dir + "/index.json") << R"({"manifests":[)" << entry(one, "v1") << "," << entry(two, "v2") << "]}";
  const auto named = [&](const std::string& where) {
    args_.dockerfile.build_contexts = {"base=oci-layout://" + dir + where};
    const auto door = open();
    if (door.has_error()) return door.error().text;
    EXPECT_EQ(door->layouts, (std::vector<std::string>{"layout0=" + dir}));
    return door->frontend.attributes.at("context:base");
  };
  EXPECT_EQ(named(":v2"), "oci-layout://layout0@" + two);
  EXPECT_EQ(named("@" + one), "oci-layout://layout0@" + one);
  EXPECT_EQ(named(":v2@" + one), "oci-layout://layout0@" + one);
  EXPECT_THAT(named(""), HasSubstr("several images and none with the tag latest"));
  EXPECT_THAT(named(":v3"), HasSubstr("no image with the tag v3"));
  EXPECT_THAT(named("@sha256:1"), HasSubstr("--build-context base=oci-layout://"));
  EXPECT_THAT(named("-not"), HasSubstr("layout-not"));
  std::ofstream(dir + "/index.json") << R"({"manifests":[)" << entry(one, "v1") << "]}";
  EXPECT_EQ(named(""), "oci-layout://layout0@" + one);
  fs::remove(dir + "/index.json");
  EXPECT_THAT(named(""), HasSubstr("is no OCI layout"));
}

TEST_F(DockerfileDoor, ProxiesComeFromDockersConfiguration) {
  std::ofstream(root_ / "config.json") << R"({"proxies":{"default":{"httpProxy":"http://p:1","noProxy":"local","allProxy":"x"},"tcp://h:1":{"httpsProxy":"http://q:2"}}})";
  variables_ = {{"DOCKER_CONFIG", root_.string()}};
  EXPECT_THAT(attributes(), Contains(Pair("build-arg:HTTP_PROXY", "http://p:1")));
  EXPECT_THAT(attributes(), Contains(Pair("build-arg:NO_PROXY", "local")));
  EXPECT_THAT(attributes(), Not(Contains(Key("build-arg:ALL_PROXY"))));
  args_.dockerfile.build_args = {"http_proxy=http://mine"};
  EXPECT_THAT(attributes(), Not(Contains(Key("build-arg:HTTP_PROXY"))));
  variables_["DOCKER_HOST"] = "tcp://h:1";
  EXPECT_THAT(attributes(), Contains(Pair("build-arg:HTTPS_PROXY", "http://q:2")));
  EXPECT_THAT(attributes(), Not(Contains(Key("build-arg:NO_PROXY"))));
}

TEST_F(DockerfileDoor, AUrlIsFetchedByTheDaemon) {
  args_.context = "https://example.com/x.git#main";
  args_.dockerfile.file = "docker/Dockerfile";
  const auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("context", args_.context)));
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("filename", "docker/Dockerfile")));
  EXPECT_TRUE(door->contexts.empty());
}

TEST_F(DockerfileDoor, FlagsBecomeAttributes) {
  variables_ = {{"FROM_ENV", "yes"}, {"DOCKER_DEFAULT_PLATFORM", "linux/arm64"}};
  args_.dockerfile.build_args = {"A=1", "FROM_ENV", "UNSET"};
  args_.dockerfile.labels = {"l=v", "empty"};
  args_.dockerfile.target = "web";
  args_.dockerfile.add_hosts = {"db:10.0.0.1"};
  args_.dockerfile.network = "host";
  args_.dockerfile.pull = true;
  args_.dockerfile.no_cache_filter = {"a", "b"};
  args_.dockerfile.shm_size = "1m";
  args_.dockerfile.ulimits = {"nofile=5"};
  args_.dockerfile.cgroup_parent = "/x";
  const auto given = attributes();
  const std::map<std::string, std::string> expected{
      {"add-hosts", "db=10.0.0.1"},   {"build-arg:A", "1"},        {"build-arg:FROM_ENV", "yes"},
      {"cgroup-parent", "/x"},        {"force-network-mode", "host"}, {"image-resolve-mode", "pull"},
      {"label:empty", ""},            {"label:l", "v"},            {"no-cache", "a,b"},
      {"platform", "linux/arm64"},    {"shm-size", "1048576"},     {"target", "web"},
      {"ulimit", "nofile=5:5"}};
  EXPECT_EQ(given, expected);
  EXPECT_EQ(open()->entitlements, std::vector<std::string>{"network.host"});
  args_.platform = "linux/amd64,linux/arm64";
  EXPECT_THAT(attributes(), Contains(Pair("platform", "linux/amd64,linux/arm64")));
}

TEST_F(DockerfileDoor, SomeArgumentsAreForTheClient) {
  args_.dockerfile.build_args = {"BUILDKIT_SYNTAX=example/frontend:1 more", "BUILDKIT_MULTI_PLATFORM=1", "BUILDKIT_INLINE_CACHE=true"};
  const auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  EXPECT_EQ(door->frontend.name, "gateway.v0");
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("source", "example/frontend:1")));
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("cmdline", "example/frontend:1 more")));
  EXPECT_THAT(door->frontend.attributes, Contains(Pair("multi-platform", "true")));
  EXPECT_TRUE(door->inline_cache);
  args_.dockerfile.build_args = {"BUILDKIT_SYNTAX="};
  EXPECT_THAT(error(), HasSubstr("the image of the frontend is missing"));
  args_.dockerfile.build_args = {"BUILDKIT_INLINE_CACHE=false"};
  EXPECT_FALSE(open()->inline_cache);
}

TEST_F(DockerfileDoor, NamedContextsAreDirectoriesOrReferences) {
  args_.dockerfile.build_contexts = {"docker.io/library/alpine:latest=docker-image://example/alpine", "src=" + (root_ / "docker").string(),
                                     "dockerfile=" + (root_ / "docker").string(), "far=https://example.com/x.git"};
  const auto door = open();
  ASSERT_TRUE(door.has_value()) << door.error().text;
  const auto& attributes = door->frontend.attributes;
  EXPECT_THAT(attributes, Contains(Pair("context:alpine", "docker-image://example/alpine")));
  EXPECT_THAT(attributes, Contains(Pair("context:src", "local:src")));
  EXPECT_THAT(attributes, Contains(Pair("context:dockerfile", "local:_dockerfile")));
  EXPECT_THAT(attributes, Contains(Pair("context:far", "https://example.com/x.git")));
  EXPECT_THAT(attributes, Contains(Key("frontend.caps")));
  EXPECT_EQ(door->contexts.at("src")->root, (root_ / "docker").string());
  EXPECT_EQ(door->contexts.at("dockerfile")->root, args_.context);
  args_.dockerfile.build_contexts = {"a=.", "a:latest=."};
  EXPECT_THAT(error(), HasSubstr("named twice"));
  args_.dockerfile.build_contexts = {"a"};
  EXPECT_THAT(error(), HasSubstr("expected NAME=DIR"));
  args_.dockerfile.build_contexts = {"A=."};
  EXPECT_THAT(error(), HasSubstr("cannot be a name"));
  args_.dockerfile.build_contexts = {"a=" + (root_ / "nowhere").string()};
  EXPECT_THAT(error(), HasSubstr("nowhere"));
}

TEST_F(DockerfileDoor, TheKeyIsThatOfTheDirectories) {
  const std::string key = open()->shared_key;
  EXPECT_EQ(open()->shared_key, key);
  args_.dockerfile.build_contexts = {"a=" + (root_ / "docker").string()};
  EXPECT_NE(open()->shared_key, key);
  args_.dockerfile.build_contexts.clear();
  args_.paranoid = true;
  EXPECT_NE(open()->shared_key, open()->shared_key);
}

TEST_F(DockerfileDoor, AVariableSwitchesTheDefaultProvenanceOff) {
  EXPECT_TRUE(open()->attested.provenance);
  EXPECT_FALSE(open()->attested.sbom);
  variables_["BUILDX_NO_DEFAULT_ATTESTATIONS"] = "1";
  EXPECT_FALSE(open()->attested.provenance);
}

}  // namespace
}  // namespace peelbox::cli
