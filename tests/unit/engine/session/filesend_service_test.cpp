#include "engine/session/filesend_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/async/task_group.hpp"
#include "engine/filesync/sender.hpp"
#include "h2grpc/rpc/connection.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::session {
namespace {

using testing::HasSubstr;

/// The daemon's end of an export.
class export_packets final : public filesync::packet_channel {
 public:
  explicit export_packets(h2grpc::client_call& call) : call_(call) {}
  task<result<void>> send(byte_chain packet) override { return call_.send(std::move(packet)); }
  task<result<std::optional<byte_slice>>> receive() override { return call_.receive(); }

 private:
  h2grpc::client_call& call_;
};

task<grpc_status> export_directory(std::string from, h2grpc::metadata headers, std::shared_ptr<export_targets> targets,
                                   blocking_pool& pool) {
  const logger log;
  const executor ex = co_await asio::this_coro::executor;
  test::memory_pair wire = test::make_memory_pair(ex);
  h2grpc::method_table services;
  add_filesend_service(services, targets, pool);
  auto client = h2grpc::connection::create(h2grpc::role::server, std::move(wire.b), {}, ex, log);
  auto daemon = h2grpc::connection::create(h2grpc::role::client, std::move(wire.a), {}, ex, log);
  grpc_status status;
  auto all = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([](std::shared_ptr<h2grpc::connection> c, const h2grpc::method_table& m) -> task<result<void>> {
      (void)co_await h2grpc::serve(c, m);
      co_return result<void>();
    }(client, services));
    group.spawn([](std::shared_ptr<h2grpc::connection> c) -> task<result<void>> {
      (void)co_await c->run();
      co_return result<void>();
    }(daemon));
    h2grpc::client_call call = daemon->open("/moby.filesync.v1.FileSend/DiffCopy", headers);
    export_packets packets(call);
    auto source = std::make_shared<filesync::context_source>();
    source->root = from;
    filesync::transfer_stats sent;
    auto sending = filesync::send_tree(source, {}, packets, pool, sent);
    (void)co_await std::move(sending);
    call.half_close();
    status = co_await call.finish();
    group.cancel();
    co_return result<void>();
  });
  EXPECT_TRUE(all.has_value());
  co_return status;
}

struct exported {
  grpc_status status;
  std::shared_ptr<export_targets> targets;
};

exported run_export(const std::string& from, const directory_target& to, const h2grpc::metadata& headers) {
  exported out{{}, std::make_shared<export_targets>()};
  out.targets->by_id.emplace(0, to);
  blocking_pool pool(2);
  out.status = test::run_task(export_directory(from, headers, out.targets, pool));
  return out;
}

TEST(FileSend, ADirectoryIsMergedWithWhatIsThere) {
  test::temp_dir from;
  test::temp_dir to;
  test::make_tree(from.path(), {"a/x file new"});
  test::make_tree(to.path(), {"a/old file stays"});
  EXPECT_EQ(run_export(from.path(), {to.path()}, {}).status.code, 0);
  EXPECT_EQ(test::read_file(to / "a/x"), "new");
  EXPECT_EQ(test::read_file(to / "a/old"), "stays");
}

TEST(FileSend, DeleteModeRemovesWhatWasNotExported) {
  test::temp_dir from;
  test::temp_dir to;
  test::make_tree(from.path(), {"a/x file new"});
  test::make_tree(to.path(), {"a/old file goes", "b/c file goes"});
  EXPECT_EQ(run_export(from.path(), {to.path(), true}, {{"buildkit-exporter-multi-platform", "1"}}).status.code, 0);
  EXPECT_EQ(test::read_file(to / "a/x"), "new");
  EXPECT_FALSE(std::filesystem::exists(to / "a/old"));
  EXPECT_FALSE(std::filesystem::exists(to / "b"));
}

// Daemons before v0.31 know no such mode and send one platform after the other.
TEST(FileSend, DeleteModeIsRefusedWhenTheDaemonDoesNotKnowIt) {
  test::temp_dir from;
  test::temp_dir to;
  test::make_tree(from.path(), {"a/x file new"});
  test::make_tree(to.path(), {"a/old file stays"});
  const exported out = run_export(from.path(), {to.path(), true}, {});
  EXPECT_NE(out.status.code, 0);
  ASSERT_TRUE(out.targets->first_failure);
  EXPECT_THAT(out.targets->first_failure->text, HasSubstr("needs BuildKit 0.31"));
  EXPECT_EQ(test::read_file(to / "a/old"), "stays");
  EXPECT_FALSE(std::filesystem::exists(to / "a/x"));
}

}  // namespace
}  // namespace peelbox::session
