#include "engine/session/upload_service.hpp"

#include <gtest/gtest.h>

#include "engine/session/bytes_message.hpp"
#include "tests/support/service_call.hpp"

namespace peelbox::session {
namespace {

struct pulled {
  std::string bytes;
  std::size_t messages = 0;
  grpc_status status;
};

task<pulled> pull(std::shared_ptr<h2grpc::connection> daemon, std::string path) {
  h2grpc::metadata headers;
  headers.add("urlpath", path);
  headers.add("urlhost", "buildkit-session");
  auto call = daemon->open("/moby.upload.v1.Upload/Pull", std::move(headers));
  pulled got;
  for (;;) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    result<byte_slice> data = decode_bytes_message(**message);
    got.bytes.append(reinterpret_cast<const char*>(data->data()), data->size());
    ++got.messages;
  }
  got.status = co_await call.finish();
  co_return got;
}

TEST(UploadService, GivesTheBeginningAndTheRestOnce) {
  const std::string rest(1 << 20, 'r');
  test::run_task([&]() -> task<void> {
    const executor ex = co_await asio::this_coro::executor;
    test::memory_pair pipe = test::make_memory_pair(ex);
    auto what = std::make_shared<upload>("begin ", std::move(pipe.a));
    const std::string url = what->url();
    EXPECT_TRUE(url.starts_with("http://buildkit-session/"));
    const std::string path = url.substr(url.rfind('/'));
    const test::daemon_part part = [&](std::shared_ptr<h2grpc::connection> daemon) -> task<void> {
      const pulled other = co_await pull(daemon, "/somebody");
      EXPECT_EQ(other.status.code, static_cast<int>(h2grpc::code::not_found));
      EXPECT_FALSE(what->taken());
      (void)co_await task_group::run([&](task_group& group) -> task<result<void>> {
        group.spawn([](transport::stream& writer, const std::string& bytes) -> task<result<void>> {
          (void)co_await writer.write(byte_chain(byte_slice::of(bytes)));
          (void)co_await writer.shutdown_write();
          co_return result<void>();
        }(*pipe.b, rest));
        const pulled got = co_await pull(daemon, path);
        EXPECT_TRUE(got.status.ok()) << got.status.message;
        EXPECT_EQ(got.bytes, "begin " + rest);
        EXPECT_GT(got.messages, 1u);
        co_return result<void>();
      });
      const pulled again = co_await pull(daemon, path);
      EXPECT_EQ(again.status.code, static_cast<int>(h2grpc::code::failed_precondition));
      EXPECT_TRUE(again.bytes.empty());
    };
    auto asking = test::ask_service(uploads(what), part);
    co_await std::move(asking);
  }());
}

TEST(UploadService, WhatCannotBeReadIsNoShorterUpload) {
  test::run_task([]() -> task<void> {
    const executor ex = co_await asio::this_coro::executor;
    test::memory_pair pipe = test::make_memory_pair(ex);
    pipe.a->close();
    auto what = std::make_shared<upload>("", std::move(pipe.a));
    const std::string path = what->url().substr(what->url().rfind('/'));
    const test::daemon_part part = [&](std::shared_ptr<h2grpc::connection> daemon) -> task<void> {
      const pulled got = co_await pull(daemon, path);
      EXPECT_FALSE(got.status.ok());
    };
    auto asking = test::ask_service(uploads(what), part);
    co_await std::move(asking);
  }());
}

}  // namespace
}  // namespace peelbox::session
