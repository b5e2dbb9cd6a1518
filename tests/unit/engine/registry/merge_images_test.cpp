#include "engine/registry/merge_images.hpp"

#include <gmock/gmock.h>

#include "tests/unit/engine/registry/fake_registry.hpp"

namespace peelbox::registry {
namespace {

using test::all_faults;
using test::fake_registry;
using test::fault;
using testing::ElementsAre;
using testing::HasSubstr;

merge_source named(const char* repository, const char* tag) { return {{"reg", repository, tag, {}}, std::nullopt}; }

merge_request wanted() {
  merge_request what;
  what.sources = {named("from", "amd64"), named("from", "arm64")};
  what.targets = {{"reg", "to", "1", {}}, {"reg", "from", "latest", {}}};
  return what;
}

void two_images(fake_registry& at) {
  at.image("from", "amd64", "amd64", "one");
  at.image("from", "arm64", "arm64", "other");
}

result<merge_outcome> merge_at(fake_registry& at, merge_request what) {
  std::optional<result<merge_outcome>> outcome;
  test::with_client(at, [&](client& c) -> task<void> {
    auto merging = merge_images(c, what, nullptr);
    result<merge_outcome> got = co_await std::move(merging);
    outcome.emplace(std::move(got));
  });
  return std::move(*outcome);
}

TEST(MergeImages, NamesTheIndexInEachRepositoryAndDoesNothingTwice) {
  fake_registry at;
  two_images(at);
  const auto made = merge_at(at, wanted());
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(oci::digest_of(at.manifests["to:1"].second), made->digest);
  EXPECT_EQ(at.manifests["from:latest"].second, at.manifests["to:1"].second);
  for (const auto& entry : made->index.entries) EXPECT_TRUE(at.manifests.contains("to@" + entry.what.digest));
  EXPECT_TRUE(at.blobs.contains("to@" + oci::digest_of("one")));
  EXPECT_THAT(made->unchanged, ElementsAre(false, false));
  at.asked.clear();
  const auto again = merge_at(at, wanted());
  EXPECT_THAT(again->unchanged, ElementsAre(true, true));
  for (const std::string& line : at.asked) EXPECT_TRUE(line.starts_with("GET") || line.starts_with("HEAD")) << line;
}

TEST(MergeImages, ADryRunWritesNothing) {
  fake_registry at;
  two_images(at);
  merge_request what = wanted();
  what.dry_run = true;
  EXPECT_EQ(merge_at(at, what)->index.entries.size(), 2u);
  for (const std::string& line : at.asked) EXPECT_TRUE(line.starts_with("GET") || line.starts_with("HEAD")) << line;
}

TEST(MergeImages, OneImageIsCopiedAsItIsOrPutIntoAnIndex) {
  fake_registry at;
  two_images(at);
  merge_request what = wanted();
  what.sources.pop_back();
  EXPECT_EQ(merge_at(at, what)->index.media_type, oci::media_oci_index);
  what.prefer_index = false;
  EXPECT_EQ(merge_at(at, what)->index.media_type, oci::media_oci_manifest);
  // An index keeps its digest, with everything that is in it.
  what.prefer_index = true;
  what.sources = {named("to", "1")};
  what.targets = {{"reg", "third", "x", {}}};
  at.manifest("to", "1", std::string(oci::media_oci_index), merge({entry_of_manifest(oci::media_oci_manifest, at.image("to", "", "amd64", "z"), at.manifests["to@" + at.image("to", "", "amd64", "z")].second.size(), {"linux", "amd64", ""}, "")}, {parse_index_annotation("a=b").value()})->bytes);
  const auto copied = merge_at(at, what);
  ASSERT_TRUE(copied.has_value()) << copied.error().text;
  EXPECT_EQ(copied->digest, oci::digest_of(at.manifests["to:1"].second));
}

TEST(MergeImages, APlatformThatIsNotTheImagesOwnIsRefused) {
  fake_registry at;
  two_images(at);
  const std::string digest = at.image("from", "", "riscv64", "third");
  const std::string lie = merge({entry_of_manifest(oci::media_oci_manifest, digest, at.manifests["from@" + digest].second.size(), {"linux", "s390x", ""}, "")}, {})->bytes;
  at.manifest("from", "lie", std::string(oci::media_oci_index), lie);
  merge_request what = wanted();
  what.sources.push_back(named("from", "lie"));
  const auto made = merge_at(at, what);
  EXPECT_EQ(made.error().code, errc::usage);
  EXPECT_THAT(made.error().text, HasSubstr("is said to be for linux/s390x, but its configuration is for linux/riscv64"));
  EXPECT_FALSE(at.manifests.contains("to:1"));
}

TEST(MergeImages, ASourceThatIsNotThereIsNamedAndNothingIsWritten) {
  fake_registry at;
  two_images(at);
  merge_request what = wanted();
  what.sources.push_back(named("from", "s390x"));
  const auto made = merge_at(at, what);
  EXPECT_EQ(made.error().code, errc::not_found);
  EXPECT_THAT(made.error().text, HasSubstr("reg/from:s390x"));
  for (const std::string& line : at.asked) EXPECT_TRUE(line.starts_with("GET")) << line;
}

TEST(MergeImages, AFaultAtAnyStepChangesNothingOfTheResult) {
  for (const fault what : all_faults)
    for (int step = 0, steps = 1; step < steps; ++step) {
      fake_registry at;
      two_images(at);
      at.what = what;
      at.fault_at = step;
      const auto made = merge_at(at, wanted());
      ASSERT_TRUE(made.has_value()) << static_cast<int>(what) << " at " << step << ": " << made.error().text;
      EXPECT_EQ(oci::digest_of(at.manifests["to:1"].second), made->digest);
      steps = std::max(steps, at.steps);
      ASSERT_LT(steps, 100);
    }
}

}  // namespace
}  // namespace peelbox::registry
