#include "engine/registry/client.hpp"

#include <gmock/gmock.h>

#include "tests/unit/engine/registry/fake_registry.hpp"

namespace peelbox::registry {
namespace {

using test::all_faults;
using test::fake_registry;
using test::fault;
using testing::HasSubstr;

const repository from{"reg", "team/from"}, to{"reg", "to"};

TEST(RegistryClient, WhatIsNotItsDigestIsRefused) {
  fake_registry at;
  const std::string digest = at.image("a", "1", "amd64", "layer");
  at.manifests["a@" + digest].second += " ";
  const std::string blob = at.blob("a", "bytes");
  at.blobs["a@" + blob] = "other";
  test::with_client(at, [&](client& c) -> task<void> {
    auto reading = c.manifest({"reg", "a", {}, digest});
    const auto got = co_await std::move(reading);
    EXPECT_EQ(got.error().code, errc::protocol);
    EXPECT_THAT(got.error().text, HasSubstr("not " + digest));
    auto reading_blob = c.small_blob({"reg", "a"}, blob, 5, 100);
    const auto bytes = co_await std::move(reading_blob);
    EXPECT_EQ(bytes.error().code, errc::protocol);
    for (const std::uint64_t size : {4u, 6u}) {
      auto reading_other = c.small_blob({"reg", "a"}, blob, size, 100);
      const auto other = co_await std::move(reading_other);
      EXPECT_EQ(other.error().code, errc::protocol) << size;
    }
    auto reading_large = c.small_blob({"reg", "a"}, blob, 101, 100);
    const auto large = co_await std::move(reading_large);
    EXPECT_EQ(large.error().code, errc::limit);
    auto reading_sha512 = c.manifest({"reg", "a", {}, "sha512:" + std::string(128, 'a')});
    const auto sha512 = co_await std::move(reading_sha512);
    EXPECT_EQ(sha512.error().code, errc::unsupported);
  });
}

TEST(RegistryClient, AManifestHasABound) {
  fake_registry at;
  at.manifest("a", "1", "x", std::string(oci::max_manifest_bytes + 1, ' '));
  test::with_client(at, [&](client& c) -> task<void> {
    auto reading = c.manifest({"reg", "a", "1", {}});
    const auto got = co_await std::move(reading);
    EXPECT_EQ(got.error().code, errc::limit);
  });
}

TEST(RegistryClient, ABlobIsMountedAndElseCopiedInPieces) {
  for (const bool mounts : {true, false}) {
    fake_registry at;
    at.mounts = mounts;
    const std::string digest = at.blob(from.name, std::string(2500, 'x'));
    test::with_client(at, [&](client& c) -> task<void> {
      auto copying = c.copy_blob(from, to, digest, 2500);
      const auto done = co_await std::move(copying);
      EXPECT_TRUE(done.has_value()) << done.error().text;
    }, 1000);
    EXPECT_EQ(at.blobs["to@" + digest].size(), 2500u);
    std::size_t pieces = 0;
    for (const auto& line : at.asked) pieces += line.starts_with("PATCH");
    EXPECT_EQ(pieces, mounts ? 0u : 3u);
  }
}

TEST(RegistryClient, ABlobOfAnotherRegistryIsCopied) {
  fake_registry at;
  const std::string digest = at.blob("a", "bytes");
  test::with_client(at, [&](client& c) -> task<void> {
    auto copying = c.copy_blob({"one", "a"}, {"other", "b"}, digest, 5);
    const auto done = co_await std::move(copying);
    EXPECT_TRUE(done.has_value());
  });
  EXPECT_EQ(at.blobs["b@" + digest], "bytes");
}

/// Whatever happens at whichever step, the copy is there in the end and right.
TEST(RegistryClient, ACopySurvivesAFaultAtEveryStep) {
  for (const bool mounts : {true, false})
    for (const fault what : all_faults) {
      int steps = 1;
      for (int step = 0; step < steps; ++step) {
        fake_registry at;
        at.wants = "bearer";
        at.mounts = mounts;
        at.what = what;
        at.fault_at = step;
        const std::string digest = at.blob(from.name, std::string(2500, 'x'));
        test::with_client(at, [&](client& c) -> task<void> {
          auto copying = c.copy_blob(from, to, digest, 2500);
          const auto done = co_await std::move(copying);
          EXPECT_TRUE(done.has_value()) << static_cast<int>(what) << " at " << step << ": " << done.error().text;
        }, 1000);
        EXPECT_EQ(at.blobs["to@" + digest].size(), 2500u) << static_cast<int>(what) << " at " << step;
        steps = std::max(steps, at.steps);
        ASSERT_LT(steps, 100);
      }
      EXPECT_GT(steps, 4);
    }
}

TEST(RegistryClient, ABlobOfOursSurvivesAFaultAtEveryStep) {
  for (const std::size_t chunk : {100u, 5000u})
    for (const fault what : all_faults)
      for (int step = 0, steps = 1; step < steps; ++step) {
        fake_registry at;
        at.what = what;
        at.fault_at = step;
        const std::string bytes(250, 'y');
        test::with_client(at, [&](client& c) -> task<void> {
          auto putting = c.put_blob(to, oci::digest_of(bytes), bytes);
          const auto done = co_await std::move(putting);
          EXPECT_TRUE(done.has_value()) << static_cast<int>(what) << " at " << step << ": " << done.error().text;
        }, chunk);
        EXPECT_EQ(at.blobs["to@" + oci::digest_of(bytes)], bytes);
        steps = std::max(steps, at.steps);
        ASSERT_LT(steps, 100);
      }
}

}  // namespace
}  // namespace peelbox::registry
