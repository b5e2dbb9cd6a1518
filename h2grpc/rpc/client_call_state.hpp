// One outgoing call: how HTTP/2's events become a gRPC status.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <string>

#include "h2grpc/rpc/call_state.hpp"
#include "h2grpc/rpc/metadata.hpp"

namespace peelbox::h2grpc {

class client_call_state final : public call_state {
 public:
  /// `id` 0: the stream could not be opened.
  client_call_state(std::shared_ptr<call_host> host, h2::stream_id id, std::string path,
                    std::optional<std::size_t> high_water);

  void start_deadline(std::chrono::milliseconds limit);

  void on_headers(h2::header_list headers, bool end_stream) override;
  void on_end() override;
  void on_closed(const h2::stream_closed& closed) override;
  void on_connection_end(const failure& why) override;

  void half_close();
  task<result<metadata>> initial_metadata();
  task<grpc_status> finish();
  void cancel();
  /// The handle is gone.
  void release();
  const metadata& trailing() const noexcept { return trailing_; }
  /// Ends the call abnormally: receive() fails with `code`, and the stream is reset if it still exists.
  void abort(grpc_status status, errc code, h2::error_code reset);

 private:
  std::optional<failure> send_ended() const override;
  void on_bad_message(const failure& why) override;
  void complete(grpc_status status, h2::error_code reset);
  void end_late();

  std::string path_;
  metadata initial_;
  metadata trailing_;
  bool head_received_ = false;
  bool half_closed_ = false;
  std::optional<grpc_status> status_;
  std::optional<asio::steady_timer> deadline_;
  std::chrono::milliseconds limit_{0};  // that of deadline_
};

}  // namespace peelbox::h2grpc
