#include "engine/client/observed_stream.hpp"

#include <utility>

namespace peelbox::client {

namespace {

class observed_stream final : public transport::stream {
 public:
  observed_stream(transport::stream_ptr inner, std::shared_ptr<traffic> seen)
      : inner_(std::move(inner)), seen_(std::move(seen)) {}

  task<result<byte_view>> read() override {
    result<byte_view> bytes = co_await inner_->read();
    if (bytes.has_value()) seen_->bytes_in += bytes->size();
    co_return bytes;
  }
  task<result<void>> write(byte_chain bytes) override {
    seen_->bytes_out += bytes.size();
    return inner_->write(std::move(bytes));
  }
  task<result<void>> shutdown_write() override { return inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  std::string describe() const override { return inner_->describe(); }

 private:
  transport::stream_ptr inner_;
  std::shared_ptr<traffic> seen_;
};

}  // namespace

transport::stream_ptr observe(transport::stream_ptr stream, std::shared_ptr<traffic> seen) {
  return std::make_unique<observed_stream>(std::move(stream), std::move(seen));
}

}  // namespace peelbox::client
