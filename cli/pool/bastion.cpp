#include "cli/pool/bastion.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "cli/pool/decide.hpp"
#include "transport/helper_command.hpp"
#include "transport/process_stream.hpp"
#include "transport/program_output.hpp"

namespace peelbox::cli::pool {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_of_signer = 1 << 20;

}  // namespace

/// Notices that ssh was refused.
class bastion::connection final : public transport::stream {
 public:
  connection(std::shared_ptr<bastion> of, transport::stream_ptr bytes) : of_(std::move(of)), bytes_(std::move(bytes)) {}

  task<result<byte_view>> read() override {
    auto reading = bytes_->read();
    result<byte_view> got = co_await std::move(reading);
    if (got.has_error() && got.error().text.find("Permission denied") != std::string::npos) of_->refused_ = true;
    co_return got;
  }
  task<result<void>> write(byte_chain bytes) override { return bytes_->write(std::move(bytes)); }
  task<result<void>> shutdown_write() override { return bytes_->shutdown_write(); }
  void close() noexcept override { bytes_->close(); }
  std::string describe() const override { return bytes_->describe(); }

 private:
  std::shared_ptr<bastion> of_;
  transport::stream_ptr bytes_;
};

task<result<void>> bastion::sign() {
  if (signer_.empty()) co_return result<void>();
  struct turn {
    bastion& of;
    ~turn() {
      of.signing_ = false;
      of.signed_.notify();
    }
  };
  signing_ = true;
  const turn mine{*this};
  refused_ = false;
  signed_at_ = steady_clock::now();
  constexpr auto limit = std::chrono::duration_cast<std::chrono::seconds>(transport::program_patience);
  auto signing = transport::program_output(signer_, "bastion_sign_command", limit, most_of_signer);
  const result<std::string> done = co_await std::move(signing);
  if (done.has_error()) co_return done.error();
  co_return result<void>();
}

task<result<transport::stream_ptr>> bastion::connect(std::string pod, std::string address) {
  const std::shared_ptr<bastion> kept = shared_from_this();
  while (signing_) {
    const wake woken = co_await signed_.wait();
    if (woken == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
  if (refused_ && steady_clock::now() - signed_at_ >= pause_) {
    auto signing = sign();
    const result<void> done = co_await std::move(signing);
    if (done.has_error()) co_return done.error();
  }
  result<std::vector<std::string>> argv = transport::ssh_forward_command(host_, address, daemon_port);
  if (argv.has_error()) co_return argv.error().in(pod);
  transport::process_rules rules;
  rules.gate = gate_;
  // Banners of the server; what has gone wrong has an exit code.
  rules.words_are_failure = false;
  std::string name = fmt::format("{} ({}) through ssh://{}", pod, address, host_);
  auto starting = transport::start_process_stream(std::move(*argv), std::move(name), std::move(rules));
  result<transport::stream_ptr> made = co_await std::move(starting);
  if (made.has_error()) co_return made.error();
  co_return transport::stream_ptr(std::make_unique<connection>(kept, std::move(*made)));
}

}  // namespace peelbox::cli::pool
