// One incoming call: answers it, and notices when nobody waits for the answer.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "h2grpc/grpc/request_head.hpp"
#include "h2grpc/rpc/call_state.hpp"
#include "h2grpc/rpc/metadata.hpp"

namespace peelbox::h2grpc {

class server_call_state final : public call_state {
 public:
  server_call_state(std::shared_ptr<call_host> host, h2::stream_id id, request_head head);

  /// Honours the request's grpc-timeout.
  void start_deadline();

  void on_headers(h2::header_list headers, bool end_stream) override;
  void on_end() override;
  void on_closed(const h2::stream_closed& closed) override;
  void on_connection_end(const failure& why) override;

  const request_head& head() const noexcept { return head_; }
  void send_initial_metadata(const metadata& m);
  void finish(const grpc_status& status, const metadata& trailing);
  void set_urgent();
  bool cancelled() const noexcept { return cancelled_; }
  void on_cancelled(std::function<void()> react);
  /// The handle is gone.
  void release();

 private:
  std::optional<failure> send_ended() const override;
  void before_send() override;
  void on_bad_message(const failure& why) override;
  void cancel(failure why);
  /// The stream is gone.
  void end();

  request_head head_;
  bool responded_ = false;
  bool finished_ = false;
  bool cancelled_ = false;
  std::function<void()> react_;
  std::optional<asio::steady_timer> deadline_;
};

}  // namespace peelbox::h2grpc
