#include "engine/kubernetes/exec_stream.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/kubernetes/api_status.hpp"
#include "engine/kubernetes/exec_frames.hpp"
#include "transport/helper_advice.hpp"
#include "transport/stderr_tail.hpp"

namespace peelbox::kubernetes {
namespace {

class exec_stream final : public transport::stream {
 public:
  exec_stream(std::unique_ptr<http::websocket> on, std::string name, pod_fate fate)
      : on_(std::move(on)), name_(std::move(name)), fate_(std::move(fate)) {}

  task<result<byte_view>> read() override {
    auto reading = read_on();
    result<byte_view> got = co_await std::move(reading);
    const bool lost = got.has_error() ? got.error().code == errc::connection : got->empty() && !ending_;
    if (!lost || !fate_) co_return got;
    // Once: whoever reads again after the end gets the end.
    const pod_fate ask = std::exchange(fate_, nullptr);
    auto asking = ask();
    const std::string what = co_await std::move(asking);
    if (what.empty()) co_return got;
    co_return failure(errc::connection, got.has_error() ? fmt::format("{}. {}", got.error().text, what) : fmt::format("{}: {}", name_, what), origin::peer);
  }

  task<result<void>> write(byte_chain bytes) override {
    while (!bytes.empty()) {
      byte_chain message = next_input(bytes);
      auto writing = on_->write(std::move(message));
      result<void> sent = co_await std::move(writing);
      if (sent.has_error()) co_return sent.error().in(name_);
    }
    co_return result<void>();
  }

  task<result<void>> shutdown_write() override {
    ending_ = true;
    if (on_->protocol() != exec_v5) co_return result<void>();
    byte_chain message = end_of_input();
    auto writing = on_->write(std::move(message));
    co_return co_await std::move(writing);
  }

  void close() noexcept override {
    ending_ = true;
    on_->abort();
  }
  std::string describe() const override { return name_; }

 private:
  task<result<byte_view>> read_on() {
    for (;;) {
      if (ended_) co_return byte_view();
      auto reading = on_->read();
      result<std::optional<byte_view>> got = co_await std::move(reading);
      if (got.has_error()) co_return said_before(got.error());
      if (!*got)
        co_return said_before(failure(errc::connection, "the server ended the connection without telling how the program ended",
                                      origin::peer));
      const result<exec_message> message = parse_exec_message(**got);
      if (message.has_error()) co_return message.error().in(name_);
      if (message->on == channel::error) errors_.append(as_text(message->content));
      // The first message of a channel is empty and no end.
      if (message->on == channel::out && !message->content.empty()) co_return message->content;
      if (message->on == channel::status && !message->content.empty()) co_return end(as_text(message->content));
    }
  }

  /// With what the program said, which usually is the reason.
  failure said_before(failure why) const {
    if (why.code == errc::cancelled) return why;
    const std::string words = errors_.text();
    why.text = fmt::format("{}: {}{}{}", name_, why.text, words.empty() ? "" : ": ", words);
    return why;
  }

  result<byte_view> end(std::string_view text) {
    const std::optional<api_status> status = parse_status(text);
    if (status && status->success) {
      ended_ = true;
      return byte_view();
    }
    const std::string words = errors_.text();
    std::string what = std::string(text.substr(0, 300));
    if (status) what = status->message;
    if (status && status->exit_code) what = fmt::format("the program ended with exit code {}", *status->exit_code);
    std::string all = fmt::format("{}: {}{}{}", name_, what, words.empty() ? "" : ": ", words);
    const std::string advice = transport::helper_advice("exec", all, name_);
    if (!advice.empty()) all += ". " + advice;
    return failure(errc::connection, std::move(all), origin::peer);
  }

  std::unique_ptr<http::websocket> on_;
  std::string name_;
  transport::stderr_tail errors_;
  pod_fate fate_;
  bool ended_ = false;
  bool ending_ = false;  ///< we have said that there is no more input
};

}  // namespace

transport::stream_ptr make_exec_stream(std::unique_ptr<http::websocket> on, std::string name, pod_fate fate) {
  return std::make_unique<exec_stream>(std::move(on), std::move(name), std::move(fate));
}

}  // namespace peelbox::kubernetes
