#include "transport/stdcopy_stream.hpp"

#include <deque>
#include <utility>

#include "transport/stdcopy.hpp"

namespace peelbox::transport {
namespace {

constexpr std::size_t tail_size = 2000;

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

void stderr_tail::append(std::string_view text) {
  if (text.size() > tail_size) text.remove_prefix(text.size() - tail_size);
  text_ += text;
  if (text_.size() > tail_size) text_.erase(0, text_.size() - tail_size);
}

std::string stderr_tail::text() const {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text_.find_first_not_of(blank);
  if (first == std::string::npos) return {};
  return text_.substr(first, text_.find_last_not_of(blank) - first + 1);
}

stream_ptr make_stdcopy_stream(stream_ptr inner, std::string name) {
  return std::make_unique<stdcopy_stream>(std::move(inner), std::move(name));
}

}  // namespace peelbox::transport
