#include "engine/filesync/sender.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "engine/filesync/entry_times.hpp"
#include "engine/filesync/announcer.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/file_reader.hpp"
#include "engine/filesync/fingerprint.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/sender_core.hpp"
#include "engine/filesync/walker.hpp"

namespace peelbox::filesync {

namespace {

/// Entries are announced in batches of about this many bytes.
constexpr std::size_t batch_bytes = 32 * 1024;
/// Daemons before v0.13 take messages of 4 MiB.
constexpr std::size_t max_packet_size = 2 * 1024 * 1024;
constexpr std::size_t min_packet_size = 4 * 1024;
/// How long the peer may take to accept the packet that tells it why the transfer failed.
constexpr std::chrono::seconds error_packet_limit(5);

// A transfer whose fingerprint is told afterwards.
struct described {
  std::string name;
  request_filters filters;
  announced_tree& tree;
};

// One transfer. The main coroutine sends, a child receives; both run on the network thread.
class transfer {
 public:
  transfer(executor ex, std::shared_ptr<const context_source> source, opened_context context,
           std::shared_ptr<const fingerprinted_context> judged, packet_channel& channel, blocking_pool& pool,
           transfer_stats& stats, described* told)
      : channel_(channel),
        pool_(pool),
        times_(context.times),
        stats_(stats),
        wake_(std::make_shared<wakeup>(std::move(ex))),
        core_(stats),
        announcer_(core_.files(), stats),
        judged_(std::move(judged)),
        told_(told),
        reader_(context.tree, pool, wake_,
                {std::clamp(source->packet_size, min_packet_size, max_packet_size), source->read_ahead,
                 judged_ != nullptr}) {
    if (judged_ && judged_->has_entries) return;
    walker_.emplace(context.tree, context.rules, pool, wake_,
                    walk_options{source->reset_owner, std::max<std::size_t>(source->walk_ahead, 1), context.times});
    if (!judged_ && told_ == nullptr) return;
    const request_filters& f = judged_ ? judged_->filters : told_->filters;
    announcer_.describe_to(digest_.emplace(judged_ ? judged_->name : told_->name, f.include, f.exclude, f.follow_paths));
  }
  ~transfer() { wake_->close(); }

  // Both ways of ending join the receiving child before this object goes.
  task<result<void>> run() {
    return task_group::run([this](task_group& group) {
      group.spawn(receive_all());
      return send_all();
    });
  }

 private:
  task<result<void>> receive_all() {
    while (!core_.finished()) {
      result<std::optional<byte_slice>> message = co_await channel_.receive();
      if (!message) co_return message.error();
      if (!*message)
        co_return failure(errc::closed, "the daemon closed the file transfer before it was complete",
                          origin::peer);
      const result<packet> p = decode_packet((*message)->view());
      if (!p) co_return p.error();
      const result<void> accepted = core_.received(*p);
      if (!accepted) co_return accepted.error();
      wake_->notify_here();
    }
    co_return result<void>();
  }

  task<result<void>> send_all() {
    while (!core_.finished()) {
      bool progress = false;
      if (!core_.list_is_finished()) {
        const result<bool> announced = collect_entries();
        if (!announced) co_return announced.error();
        if (announcer_.pending()) {
          const bool last = *announced;
          packet_batch batch = announcer_.take();
          if (last && times_) {
            const auto write = [times = times_] { return times->save(); };
            auto saving = pool_.run(write);
            co_await std::move(saving);
          }
          // Before it is sent: the answer may come while sending waits.
          if (last) core_.list_finished();
          auto sending = channel_.send_batch(std::move(batch));
          result<void> sent = co_await std::move(sending);
          if (!sent) co_return sent.error();
          progress = true;
        }
      }
      start_reading();
      if (std::optional<result<file_reader::piece>> piece = reader_.poll()) {
        if (!*piece) co_return piece->error();
        start_reading();
        auto sending = send_piece(std::move(**piece));
        result<void> sent = co_await std::move(sending);
        if (!sent) co_return sent.error();
        progress = true;
      }
      if (!progress) {
        co_await wake_->wait();
      } else {
        // Sending may not have waited at all; others on this thread have to run too, and requests to be
        // received.
        co_await asio::post(asio::use_awaitable);
      }
    }
    auto sending = channel_.send(fin_packet());
    result<void> sent = co_await std::move(sending);
    co_return sent;
  }

  // True when the list is complete.
  result<bool> collect_entries() {
    walk_run run;
    while (announcer_.pending_bytes() < batch_bytes) {
      const result<walker::state> state = next_run(run);
      if (!state) return state.error();
      if (*state == walker::state::wait) return false;
      if (*state == walker::state::end) {
        // Before the end of the list is sent: the daemon takes no tree without it.
        if (digest_) {
          std::string digest = digest_->finish();
          if (judged_ && digest != judged_->digest)
            return failure(errc::context, "the context changed since the build began", origin::user);
          if (told_ != nullptr) told_->tree = {std::move(digest), digest_->newest_change()};
        }
        announcer_.finish();
        return true;
      }
      announcer_.add(run);
    }
    return false;
  }

  result<walker::state> next_run(walk_run& run) {
    if (walker_) return walker_->poll(run);
    if (replayed_ == judged_->entries.size()) return walker::state::end;
    run = judged_->entries[replayed_++];
    return walker::state::run;
  }

  void start_reading() {
    while (core_.has_request() && reader_.has_room()) reader_.add(core_.next_request());
    reader_.flush();
  }

  task<result<void>> send_piece(file_reader::piece piece) {
    stats_.bytes_transferred += piece.payload;
    stats_.files_grown += piece.grown.size();
    if (stats_.first_grown.empty() && !piece.grown.empty()) stats_.first_grown = std::move(piece.grown.front());
    // Before it is sent: the peer's FIN may come while sending waits.
    for (std::size_t i = 0; i < piece.files_ended; ++i) core_.file_finished();
    return channel_.send_batch(std::move(piece.packets));
  }

  packet_channel& channel_;
  blocking_pool& pool_;
  const std::shared_ptr<const entry_times> times_;
  transfer_stats& stats_;
  std::shared_ptr<wakeup> wake_;
  sender_core core_;
  announcer announcer_;
  const std::shared_ptr<const fingerprinted_context> judged_;
  described* const told_;
  std::size_t replayed_ = 0;           // of the judged entries
  std::optional<walker> walker_;       // unless these are announced
  std::optional<fingerprint> digest_;  // of what this walk finds, to be compared or told
  file_reader reader_;
};

// The peer is told what went wrong on our side; what it or the carrier did, it knows.
bool tell_peer(const failure& why) {
  return why.code == errc::context || why.code == errc::usage || why.code == errc::io ||
         why.code == errc::permission || why.code == errc::not_found || why.code == errc::limit;
}

task<result<void>> try_transfer(std::shared_ptr<const context_source> source, request_filters filters,
                                packet_channel& channel, blocking_pool& pool, transfer_stats& live,
                                std::shared_ptr<const fingerprinted_context> judged, described* told) {
  const executor ex = co_await asio::this_coro::executor;
  opened_context context;
  if (judged) {
    context = judged->opened;
  } else {
    auto open = pool.run([source, f = std::move(filters)] { return open_context(*source, f); });
    result<opened_context> opened = co_await std::move(open);
    if (!opened) co_return opened.error();
    context = std::move(*opened);
  }
  transfer t(ex, source, std::move(context), std::move(judged), channel, pool, live, told);
  result<void> done = co_await t.run();
  co_return done;
}

task<result<transfer_stats>> transfer_tree(std::shared_ptr<const context_source> source, request_filters filters,
                                           packet_channel& channel, blocking_pool& pool, transfer_stats& live,
                                           std::shared_ptr<const fingerprinted_context> judged, described* told) {
  auto running = try_transfer(std::move(source), std::move(filters), channel, pool, live, std::move(judged), told);
  result<void> done = co_await std::move(running);
  if (!done) {
    failure why = done.error();
    if (tell_peer(why)) {
      byte_chain packet = error_packet(why.text);
      auto telling = with_timeout(channel.send(std::move(packet)), error_packet_limit, "");
      result<void> heard = co_await std::move(telling);
      if (!heard) why.text += " (the daemon could not be told)";
    }
    co_return why;
  }
  co_return live;
}

}  // namespace

task<result<transfer_stats>> send_tree(std::shared_ptr<const context_source> source, request_filters filters,
                                       packet_channel& channel, blocking_pool& pool, transfer_stats& live,
                                       std::shared_ptr<const fingerprinted_context> judged) {
  return transfer_tree(std::move(source), std::move(filters), channel, pool, live, std::move(judged), nullptr);
}

task<result<transfer_stats>> send_and_describe(std::shared_ptr<const context_source> source, std::string name,
                                               request_filters filters, packet_channel& channel, blocking_pool& pool,
                                               transfer_stats& live, announced_tree& told) {
  described what{std::move(name), filters, told};
  auto running = transfer_tree(std::move(source), std::move(filters), channel, pool, live, nullptr, &what);
  co_return co_await std::move(running);
}

}  // namespace peelbox::filesync
