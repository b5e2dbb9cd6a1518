#include "engine/session/content_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/oci/layout_index.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/content.pb.h"
#include "tests/support/service_call.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::session {
namespace {

namespace wire = containerd::services::content::v1;
using h2grpc::code;
using testing::HasSubstr;
using testing::IsEmpty;

std::string method(const char* name) { return std::string("/containerd.services.content.v1.Content/") + name; }

h2grpc::metadata store_header(const std::string& id) {
  h2grpc::metadata headers;
  headers.add("buildkit-attachable-store-id", id);
  return headers;
}

std::string blob_path(const std::string& directory, const std::string& digest) {
  return directory + "/blobs/sha256/" + digest.substr(digest.find(':') + 1);
}

std::string put_blob(const std::string& directory, const std::string& text) {
  const std::string digest = oci::digest_of(text);
  test::write_file(blob_path(directory, digest), text);
  return digest;
}

std::vector<std::string> blobs_of(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/blobs/sha256")) names.push_back(entry.path().filename());
  return names;
}

/// A daemon's end: what the tests say to one store.
struct client_of_store {
  std::shared_ptr<h2grpc::connection> daemon;
  std::string store;

  task<result<std::int64_t>> info(std::string digest) {
    wire::InfoRequest request;
    request.set_digest(digest);
    h2grpc::metadata headers = store_header(store);
    result<wire::InfoResponse> reply = co_await h2grpc::unary<wire::InfoResponse>(daemon, method("Info"), request, headers);
    if (reply.has_error()) co_return reply.error();
    co_return reply->info().size();
  }

  task<result<std::string>> read(std::string digest, std::int64_t offset, std::int64_t size) {
    wire::ReadContentRequest request;
    request.set_digest(digest);
    request.set_offset(offset);
    request.set_size(size);
    h2grpc::client_call call = daemon->open(method("Read"), store_header(store));
    byte_chain bytes = h2grpc::encode(request);
    result<void> sent = co_await call.send(std::move(bytes));
    call.half_close();
    std::string text;
    while (sent.has_value()) {
      result<std::optional<byte_slice>> message = co_await call.receive();
      if (message.has_error() || !message.value()) break;
      const auto piece = h2grpc::decode<wire::ReadContentResponse>(**message, "Read");
      EXPECT_EQ(piece->offset(), offset + static_cast<std::int64_t>(text.size()));
      text += piece->data();
    }
    const grpc_status status = co_await call.finish();
    if (!status.ok()) co_return h2grpc::status_failure(status, "Read");
    co_return text;
  }
};

struct written {
  grpc_status status;
  std::vector<wire::WriteContentResponse> replies;
};

wire::WriteContentRequest step(int action, std::int64_t offset = 0, const std::string& data = {}) {
  wire::WriteContentRequest request;
  request.set_action(action);
  request.set_offset(offset);
  request.set_data(data);
  return request;
}

/// One Write dialogue; each request waits for its reply.
task<written> write_steps(client_of_store to, std::vector<wire::WriteContentRequest> steps) {
  written out;
  h2grpc::client_call call = to.daemon->open(method("Write"), store_header(to.store));
  for (const wire::WriteContentRequest& one : steps) {
    byte_chain bytes = h2grpc::encode(one);
    result<void> sent = co_await call.send(std::move(bytes));
    if (sent.has_error()) break;
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    out.replies.push_back(*h2grpc::decode<wire::WriteContentResponse>(**message, "Write"));
  }
  call.half_close();
  out.status = co_await call.finish();
  co_return out;
}

class ContentService : public testing::Test {
 protected:
  void ask(std::function<task<void>(client_of_store)> part) {
    store_book stores;
    stores["local:cache"] = {std::make_shared<const content_store>(dir_.path(), content_store::access::write), seen_};
    stores["oci:base"] = {std::make_shared<const content_store>(dir_.path(), content_store::access::read), nullptr};
    test::run_task(test::ask_service(content(std::move(stores), pool_), [part](std::shared_ptr<h2grpc::connection> daemon) {
      return part({std::move(daemon), "local:cache"});
    }));
  }

  test::temp_dir dir_;
  std::shared_ptr<arrivals> seen_ = std::make_shared<arrivals>();
  blocking_pool pool_{2};
};

TEST_F(ContentService, ReadsWhatIsThere) {
  const std::string large(3'000'000, 'x');
  const std::string digest = put_blob(dir_.path(), large + "end");
  ask([&](client_of_store store) -> task<void> {
    auto size_call = store.info(digest);
    result<std::int64_t> size = co_await std::move(size_call);
    EXPECT_EQ(size.value(), 3'000'003);
    auto all_call = store.read(digest, 0, 0);
    result<std::string> all = co_await std::move(all_call);
    EXPECT_EQ(all.value(), large + "end");
    auto part_call = store.read(digest, 2'999'999, 3);
    result<std::string> part = co_await std::move(part_call);
    EXPECT_EQ(part.value(), "xen");
    auto clamped_call = store.read(digest, 3'000'000, 1 << 20);
    result<std::string> clamped = co_await std::move(clamped_call);
    EXPECT_EQ(clamped.value(), "end");
    auto rest_call = store.read(digest, 3'000'000, 0);
    result<std::string> rest = co_await std::move(rest_call);
    EXPECT_EQ(rest.value(), "end");
    auto beyond_call = store.read(digest, 3'000'004, 0);
    result<std::string> beyond = co_await std::move(beyond_call);
    EXPECT_EQ(beyond.error().status->code, static_cast<int>(code::out_of_range));
    auto none_call = store.info(oci::digest_of("none"));
    result<std::int64_t> none = co_await std::move(none_call);
    EXPECT_EQ(none.error().status->code, static_cast<int>(code::not_found));
    auto broken_call = store.info("sha256:../../../etc/passwd");
    result<std::int64_t> broken = co_await std::move(broken_call);
    EXPECT_EQ(broken.error().status->code, static_cast<int>(code::invalid_argument));
    store.store = "oci:other";
    auto foreign_call = store.info(digest);
    result<std::int64_t> foreign = co_await std::move(foreign_call);
    EXPECT_EQ(foreign.error().status->code, static_cast<int>(code::not_found));
    EXPECT_THAT(foreign.error().text, HasSubstr("no content store oci:other"));
  });
}

TEST_F(ContentService, WritesInPieces) {
  const std::string digest = oci::digest_of("hello");
  ask([&](client_of_store store) -> task<void> {
    wire::WriteContentRequest first = step(0);
    first.set_ref("r");
    first.set_total(5);
    first.set_expected(digest);
    std::vector<wire::WriteContentRequest> steps{first, step(1, 0, "hel"), step(1, 3, "lo"), step(2, 5)};
    auto done_call = write_steps(store, steps);
    written done = co_await std::move(done_call);
    EXPECT_TRUE(done.status.ok()) << done.status.message;
    EXPECT_EQ(done.replies.size(), 4u);
    if (done.replies.size() == 4) {
      EXPECT_EQ(done.replies[1].offset(), 3);
      EXPECT_EQ(done.replies[3].digest(), digest);
    }
    auto again_call = write_steps(store, steps);
    written again = co_await std::move(again_call);
    EXPECT_EQ(again.status.code, static_cast<int>(code::already_exists));
    wire::WriteContentRequest alone = step(2, 0, "other");
    alone.set_ref("q");
    auto committed_call = write_steps(store, {alone});
    written committed = co_await std::move(committed_call);
    EXPECT_TRUE(committed.status.ok()) << committed.status.message;
  });
  EXPECT_EQ(test::read_file(blob_path(dir_.path(), digest)), "hello");
  EXPECT_EQ(test::read_file(blob_path(dir_.path(), oci::digest_of("other"))), "other");
}

TEST_F(ContentService, WhatDoesNotArriveWholeLeavesNothing) {
  const std::string digest = oci::digest_of("hello");
  ask([&](client_of_store store) -> task<void> {
    wire::WriteContentRequest first = step(0);
    first.set_ref("r");
    first.set_total(5);
    first.set_expected(digest);
    auto gap_call = write_steps(store, {first, step(1, 1, "ello")});
    written gap = co_await std::move(gap_call);
    EXPECT_EQ(gap.status.code, static_cast<int>(code::out_of_range));
    auto more_call = write_steps(store, {first, step(1, 0, "hello!")});
    written more = co_await std::move(more_call);
    EXPECT_EQ(more.status.code, static_cast<int>(code::failed_precondition));
    auto less_call = write_steps(store, {first, step(1, 0, "hell"), step(2, 4)});
    written less = co_await std::move(less_call);
    EXPECT_EQ(less.status.code, static_cast<int>(code::failed_precondition));
    EXPECT_THAT(less.status.message, HasSubstr("4 bytes instead of 5"));
    auto other_call = write_steps(store, {first, step(1, 0, "hallo"), step(2, 5)});
    written other = co_await std::move(other_call);
    EXPECT_THAT(other.status.message, HasSubstr("instead of " + digest));
    auto ended_call = write_steps(store, {first, step(1, 0, "hel")});
    written ended = co_await std::move(ended_call);
    EXPECT_TRUE(ended.status.ok());
    auto nameless_call = write_steps(store, {step(0)});
    written nameless = co_await std::move(nameless_call);
    EXPECT_EQ(nameless.status.code, static_cast<int>(code::invalid_argument));
    auto restarted_call = write_steps(store, {first, step(1, 0, "wrong"), step(1, 0, "hello"), step(2, 5)});
    written restarted = co_await std::move(restarted_call);
    EXPECT_TRUE(restarted.status.ok()) << restarted.status.message;
    store.store = "oci:base";
    auto refused_call = write_steps(store, {first});
    written refused = co_await std::move(refused_call);
    EXPECT_EQ(refused.status.code, static_cast<int>(code::permission_denied));
  });
  EXPECT_THAT(blobs_of(dir_.path()), testing::ElementsAre(digest.substr(7)));
}

TEST_F(ContentService, ARefHasOneWriter) {
  ask([&](client_of_store store) -> task<void> {
    wire::WriteContentRequest first = step(0);
    first.set_ref("r");
    h2grpc::client_call holder = store.daemon->open(method("Write"), store_header(store.store));
    byte_chain bytes = h2grpc::encode(first);
    result<void> sent = co_await holder.send(std::move(bytes));
    EXPECT_TRUE(sent.has_value());
    result<std::optional<byte_slice>> reply = co_await holder.receive();
    EXPECT_TRUE(reply.has_value());
    auto second_call = write_steps(store, {first});
    written second = co_await std::move(second_call);
    EXPECT_EQ(second.status.code, static_cast<int>(code::unavailable));
    holder.half_close();
    grpc_status ended = co_await holder.finish();
    EXPECT_TRUE(ended.ok());
    auto third_call = write_steps(store, {first});
    written third = co_await std::move(third_call);
    EXPECT_TRUE(third.status.ok()) << third.status.message;
  });
}

TEST(ContentStore, AnIndexIsReplacedInOneStep) {
  test::temp_dir dir;
  const content_store store(dir.path() + "/cache", content_store::access::write);
  EXPECT_EQ(store.index().value(), std::nullopt);
  const auto put = [&](const std::string& text) {
    auto writer = store.begin();
    EXPECT_TRUE(writer.value()->write(text).has_value());
    return writer.value()->commit(text.size(), "").value();
  };
  const auto descriptor = [](const std::string& digest) {
    return R"({"mediaType":"application/vnd.oci.image.index.v1+json","size":3,"digest":")" + digest + R"("})";
  };
  const oci::layout_name latest{"", "latest"};
  const std::string one = put("one");
  EXPECT_EQ(store.name(descriptor(oci::digest_of("never sent")), {&latest, 1}).error().code, errc::not_found);
  EXPECT_EQ(store.index().value(), std::nullopt);
  ASSERT_TRUE(store.name(descriptor(one), {&latest, 1}).has_value());
  EXPECT_EQ(oci::tagged_digest(store.index().value().value(), "latest").value(), one);
  EXPECT_EQ(test::read_file(dir.path() + "/cache/oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
  const std::string two = put("two");
  ASSERT_TRUE(store.name(descriptor(two), {&latest, 1}).has_value());
  EXPECT_EQ(oci::tagged_digest(store.index().value().value(), "latest").value(), two);
}

struct cache_directory {
  cache_directory() {
    layer = put_blob(path, "layer");
    const std::string config = put_blob(path, "config");
    const auto entry = [](const char* type, const std::string& digest) {
      return std::string(R"({"mediaType":")") + type + R"(","digest":")" + digest + R"(","size":6})";
    };
    manifest = put_blob(path, R"({"schemaVersion":2,"config":)" + entry("application/x", config) + R"(,"layers":[)" + entry("application/y", layer) + "]}");
    root = put_blob(path, R"({"manifests":[)" + entry("application/vnd.oci.image.manifest.v1+json", manifest) + "]}");
    const oci::layout_name latest{"", "latest"};
    EXPECT_TRUE(store.name(entry("application/vnd.oci.image.index.v1+json", root), {&latest, 1}).has_value());
    old = put_blob(path, "old");
  }

  test::temp_dir dir;
  const std::string path = dir.path();
  content_store store{path, content_store::access::write};
  std::string layer;
  std::string manifest;
  std::string root;
  std::string old;
};

TEST(ContentStore, WhatNoNameLeadsToIsRemoved) {
  cache_directory cache;
  test::write_file(cache.path + "/blobs/sha256/not a digest", "");
  EXPECT_EQ(cache.store.remove_unnamed().value(), 1u);
  EXPECT_EQ(cache.store.open(cache.old).error().code, errc::not_found);
  EXPECT_EQ(blobs_of(cache.path).size(), 5u);
  EXPECT_EQ(cache.store.remove_unnamed().value(), 0u);
}

TEST(ContentStore, NothingIsRemovedThatSomebodyMayNeed) {
  cache_directory cache;
  {
    const result<unique_fd> held = content_store(cache.path, content_store::access::write).hold();
    ASSERT_TRUE(held.has_value());
    EXPECT_THAT(cache.store.remove_unnamed().error().text, HasSubstr("another build writes into it"));
  }
  // Nobody knows what this one leads to.
  test::write_file(blob_path(cache.path, cache.manifest), "{}");
  EXPECT_TRUE(cache.store.remove_unnamed().has_error());
  std::filesystem::remove(blob_path(cache.path, cache.manifest));
  EXPECT_TRUE(cache.store.remove_unnamed().has_error());
  EXPECT_TRUE(cache.store.open(cache.old).has_value());
  EXPECT_TRUE(content_store(cache.path + "/none", content_store::access::write).remove_unnamed().has_error());
}

}  // namespace
}  // namespace peelbox::session
