#include "engine/filesync/receiver.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/async/event.hpp"
#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "engine/filesync/disk_writer.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/receiver_core.hpp"

namespace peelbox::filesync {

namespace {

/// How long the sender may take to accept the packet that tells it why we stop.
constexpr std::chrono::seconds error_packet_patience(5);
/// What a step without data counts in the bound of what is not yet written.
constexpr std::size_t step_cost = 256;

using steps = std::vector<disk_step>;

result<void> do_steps(disk_writer& disk, steps& all) {
  for (auto& step : all) {
    result<void> done;
    switch (step.what) {
      case disk_step::kind::make_entry:
        done = disk.make_entry(std::move(step.entry));
        break;
      case disk_step::kind::begin_file:
        done = disk.begin_file(step.id, std::move(step.entry));
        break;
      case disk_step::kind::write:
        done = disk.write(step.id, step.data.view());
        break;
      case disk_step::kind::end_file:
        done = disk.end_file(step.id);
        break;
    }
    if (!done) return done;
  }
  return {};
}

// Three coroutines on the network thread: one receives, one writes to disk in order, one sends requests and
// FIN. Receiving waits only for the disk, never for sending, so the two peers cannot wait for each other.
class reception {
 public:
  reception(executor ex, std::shared_ptr<disk_writer> disk, packet_channel& channel, blocking_pool& pool,
            transfer_stats& stats, const receive_options& options)
      : disk_(std::move(disk)),
        channel_(channel),
        pool_(pool),
        options_(options),
        core_(stats),
        changed_(std::move(ex)) {}

  task<result<void>> run() {
    return task_group::run([this](task_group& group) {
      group.spawn(write_all());
      group.spawn(send_all());
      return receive_all();
    });
  }

 private:
  task<result<void>> receive_all() {
    while (!core_.got_fin()) {
      result<std::optional<byte_slice>> message = co_await channel_.receive();
      if (!message) co_return message.error();
      if (!*message) {
        // Everything is on disk and the sender knows it; an orderly end instead of its FIN loses nothing.
        if (fin_sent_) co_return result<void>();
        co_return failure(errc::closed, "the daemon closed the file transfer before it was complete",
                          origin::peer);
      }
      result<packet> p = decode_packet((*message)->view());
      if (!p) co_return p.error();
      const std::size_t before = queue_.size();
      result<void> accepted = core_.received(std::move(*p), **message, queue_);
      if (!accepted) co_return accepted.error();
      for (std::size_t i = before; i < queue_.size(); ++i) queued_ += step_cost + queue_[i].data.size();
      changed_.notify();
      while (queued_ > options_.write_behind) co_await changed_.wait();
    }
    co_return result<void>();
  }

  task<result<void>> write_all() {
    while (true) {
      while (queue_.empty() && !core_.complete()) co_await changed_.wait();
      if (queue_.empty()) break;
      auto batch = std::make_shared<steps>(std::exchange(queue_, {}));
      const std::size_t cost = queued_;
      auto writing = pool_.run([disk = disk_, batch] { return do_steps(*disk, *batch); });
      result<void> written = co_await std::move(writing);
      if (!written) co_return written.error();
      queued_ -= cost;
      changed_.notify();
    }
    auto finishing = pool_.run([disk = disk_] { return disk->finish(); });
    result<void> finished = co_await std::move(finishing);
    if (!finished) co_return finished.error();
    on_disk_ = true;
    changed_.notify();
    co_return result<void>();
  }

  task<result<void>> send_all() {
    while (!on_disk_) {
      const std::optional<std::uint32_t> id = core_.next_request();
      if (!id) {
        co_await changed_.wait();
        continue;
      }
      auto sending = channel_.send(request_packet(*id));
      result<void> sent = co_await std::move(sending);
      if (!sent) co_return sent.error();
    }
    // Before it is sent: the answer may come while sending waits.
    fin_sent_ = true;
    auto sending = channel_.send(fin_packet());
    result<void> sent = co_await std::move(sending);
    co_return sent;
  }

  std::shared_ptr<disk_writer> disk_;  // shared with the pool
  packet_channel& channel_;
  blocking_pool& pool_;
  const receive_options options_;
  receiver_core core_;
  event changed_;
  steps queue_;
  std::size_t queued_ = 0;  // cost of queue_ and of what is being written
  bool on_disk_ = false;
  bool fin_sent_ = false;
};

task<result<void>> try_receive(std::string destination, packet_channel& channel, blocking_pool& pool,
                               transfer_stats& live, receive_options options) {
  const executor ex = co_await asio::this_coro::executor;
  auto opening =
      pool.run([destination, options] { return disk_writer::open(destination, options.delete_others); });
  result<std::unique_ptr<disk_writer>> disk = co_await std::move(opening);
  if (!disk) co_return disk.error();
  reception r(ex, std::move(*disk), channel, pool, live, options);
  result<void> done = co_await r.run();
  co_return done;
}

bool tell_sender(const failure& why) {
  return why.code == errc::protocol || why.code == errc::io || why.code == errc::permission ||
         why.code == errc::not_found;
}

}  // namespace

task<result<void>> receive_tree(std::string destination, packet_channel& channel, blocking_pool& pool,
                                transfer_stats& live, receive_options options) {
  auto running = try_receive(std::move(destination), channel, pool, live, options);
  result<void> done = co_await std::move(running);
  if (!done && tell_sender(done.error())) {
    auto telling = with_timeout(channel.send(error_packet(done.error().text)), error_packet_patience, "");
    // If the sender cannot be told any more, the end of the call tells it.
    result<void> told = co_await std::move(telling);
    static_cast<void>(told);
  }
  co_return done;
}

}  // namespace peelbox::filesync
