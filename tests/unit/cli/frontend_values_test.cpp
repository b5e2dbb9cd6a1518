#include "cli/frontend_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::optional<std::string> only_home(std::string_view name) {
  return name == "HOME" ? std::optional<std::string>("/home/me") : std::nullopt;
}

TEST(FrontendValues, AnArgumentWithoutValueIsTheVariable) {
  const std::vector<std::string> given{"A=1", "B=x=y", "HOME", "UNSET", "EMPTY=", "A=2"};
  const auto values = named_values("--build-arg", given, only_home);
  ASSERT_TRUE(values.has_value());
  EXPECT_THAT(*values, ElementsAre(Pair("A", "2"), Pair("B", "x=y"), Pair("EMPTY", ""), Pair("HOME", "/home/me")));
  const std::vector<std::string> nameless{"=x"};
  EXPECT_THAT(named_values("--label", nameless, only_home).error().text, HasSubstr("--label =x: the name is missing"));
}

std::string hosts(std::vector<std::string> texts) {
  const auto entries = host_entries(texts);
  return entries.has_error() ? entries.error().text : *entries;
}

TEST(FrontendValues, HostsHaveAddresses) {
  EXPECT_EQ(hosts({"db:10.0.0.7", "six=[::1]", "colons:2001:db8::1"}), "db=10.0.0.7,six=::1,colons=2001:db8::1");
  EXPECT_EQ(hosts({}), "");
  EXPECT_THAT(hosts({"db"}), HasSubstr("expected HOST:IP"));
  EXPECT_THAT(hosts({"db:localhost"}), HasSubstr("localhost is no IP address"));
  EXPECT_THAT(hosts({"db:host-gateway"}), HasSubstr("write the address"));
}

std::string limits(std::vector<std::string> texts) {
  const auto entries = ulimit_entries(texts);
  return entries.has_error() ? entries.error().text : *entries;
}

TEST(FrontendValues, LimitsHaveASoftAndAHardValue) {
  EXPECT_EQ(limits({"nofile=1024", "core=0:-1", "nproc=1:2"}), "nofile=1024:1024,core=0:-1,nproc=1:2");
  for (const char* bad : {"nofile", "nofile=", "nofile=a", "nofile=1:b", "files=1", "nofile=2:1", "nofile=-1:4"})
    EXPECT_THAT(limits({bad}), HasSubstr("expected NAME=SOFT[:HARD]")) << bad;
}

TEST(FrontendValues, SizesHaveUnits) {
  EXPECT_EQ(*size_in_bytes("--shm-size", "1024"), "1024");
  EXPECT_EQ(*size_in_bytes("--shm-size", "64m"), "67108864");
  EXPECT_EQ(*size_in_bytes("--shm-size", "1.5GiB"), "1610612736");
  EXPECT_EQ(*size_in_bytes("--shm-size", "2 kb"), "2048");
  EXPECT_EQ(*size_in_bytes("--shm-size", "7b"), "7");
  for (const char* bad : {"", "m", "-1m", "1x", "1bb", "nan", "inf", "1e300t"})
    EXPECT_THAT(size_in_bytes("--shm-size", bad).error().text, HasSubstr("expected a size such as 64m")) << bad;
}

TEST(FrontendValues, AnnotationsNameWhatTheyAreOn) {
  EXPECT_THAT(*annotation_attributes("a=b=c"), ElementsAre(Pair("annotation.a", "b=c")));
  EXPECT_THAT(*annotation_attributes("index,manifest[linux/amd64]:a=b"),
              ElementsAre(Pair("annotation-index.a", "b"), Pair("annotation[linux/amd64].a", "b")));
  EXPECT_THAT(*annotation_attributes("manifest-descriptor:a="), ElementsAre(Pair("annotation-manifest-descriptor.a", "")));
  for (const char* bad : {"a", "=b", "index:=b", "indx:a=b", "index[:a=b"}) EXPECT_TRUE(annotation_attributes(bad).has_error()) << bad;
}

TEST(FrontendValues, TheDaemonFetchesUrls) {
  for (const char* url : {"https://example.com/x.git#main:dir", "git@example.com:a/b.git", "ssh://git@example.com/a", "github.com/a/b"})
    EXPECT_TRUE(is_remote_context(url)) << url;
  for (const char* path : {".", "src", "/a/b", "dir/me@host:x", "a:b", "@x:y"}) EXPECT_FALSE(is_remote_context(path)) << path;
}

}  // namespace
}  // namespace peelbox::cli
