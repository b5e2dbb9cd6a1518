#include "transport/stdcopy_stream.hpp"

#include <deque>
#include <utility>

#include "transport/stdcopy.hpp"
#include "transport/stderr_tail.hpp"

namespace peelbox::transport {
namespace {

class stdcopy_stream final : public stream {
 public:
  stdcopy_stream(stream_ptr inner, std::string name) : inner_(std::move(inner)), name_(std::move(name)) {}

  task<result<byte_view>> read() override {
    for (;;) {
      if (!ready_.empty()) {
        const byte_view next = ready_.front();
        ready_.pop_front();
        co_return next;
      }
      result<byte_view> got = co_await inner_->read();
      if (got.has_error()) co_return got;
      if (got->empty()) co_return end();
      // The pieces point into the inner stream's buffer, which is valid until its next read.
      result<void> fed = frames_.feed(*got, [this](stdcopy::source from, byte_view content) {
        if (from == stdcopy::source::error) errors_.append(as_text(content));
        else ready_.push_back(content);
      });
      if (fed.has_error()) co_return fed.error().in(name_);
      if (!ready_.empty()) said_something_ = true;
    }
  }
  task<result<void>> write(byte_chain bytes) override { return inner_->write(std::move(bytes)); }
  task<result<void>> shutdown_write() override { return inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  std::string describe() const override { return name_; }

 private:
  result<byte_view> end() const {
    if (!errors_.empty()) return failure(errc::connection, name_ + ": " + errors_.text(), origin::peer);
    if (!frames_.at_boundary())
      return failure(errc::connection, name_ + ": the connection ended in the middle of a frame", origin::peer);
    if (!said_something_)
      return failure(errc::connection, name_ + ": the program ended without a word", origin::peer);
    return byte_view();
  }

  stream_ptr inner_;
  std::string name_;
  stdcopy frames_;
  std::deque<byte_view> ready_;
  stderr_tail errors_;
  bool said_something_ = false;
};

}  // namespace

stream_ptr make_stdcopy_stream(stream_ptr inner, std::string name) {
  return std::make_unique<stdcopy_stream>(std::move(inner), std::move(name));
}

}  // namespace peelbox::transport
