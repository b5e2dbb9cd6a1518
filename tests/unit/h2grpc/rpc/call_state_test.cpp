// Calls told of events directly, at moments that two connections meet only by chance.
#include <gtest/gtest.h>

#include <thread>

#include "h2grpc/grpc/request_head.hpp"
#include "h2grpc/rpc/client_call_state.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::h2grpc::test {
namespace {

using namespace std::chrono_literals;

class host final : public call_host {
 public:
  explicit host(asio::io_context& io)
      : call_host(session_, writer_, io.get_executor(), {1 << 20, 1 << 20}), writer_(io.get_executor()) {}
  h2::session& session() noexcept { return session_; }
  void forget(h2::stream_id) override {}
  bool hold_received(std::ptrdiff_t, std::ptrdiff_t) override { return true; }

 private:
  h2::session session_{{}};
  event writer_;
};

grpc_status reset_by_server(std::chrono::milliseconds deadline, std::chrono::milliseconds after) {
  asio::io_context io;
  const auto on = std::make_shared<host>(io);
  const h2::stream_id id = on->session().open(make_request({}), false);
  const auto call = std::make_shared<client_call_state>(on, id, "/t.S/Late", std::nullopt);
  call->start_deadline(deadline);
  std::this_thread::sleep_for(after);
  call->on_closed({id, h2::error_code::cancel, true, {}});
  return peelbox::test::run_task(io, call->finish());
}

TEST(CallState, AResetThatAnswersOurDeadlineIsTheDeadline) {
  const grpc_status late = reset_by_server(1ms, 3ms);
  EXPECT_EQ(late.code, static_cast<int>(code::deadline_exceeded)) << late.message;
  EXPECT_NE(late.message.find("1 ms"), std::string::npos) << late.message;
  const grpc_status early = reset_by_server(1h, 0ms);
  EXPECT_EQ(early.code, static_cast<int>(code::cancelled)) << early.message;
}

}  // namespace
}  // namespace peelbox::h2grpc::test
