// The builds that a daemon remembers: list, follow, delete.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/log.hpp"
#include "engine/client/daemon.hpp"
#include "engine/progress/event_sink.hpp"

namespace peelbox::client {

/// One build (api/services/control/control.proto BuildHistoryRecord). Times are the daemon's; its text is untrusted.
struct history_record {
  std::string ref;
  std::string frontend;
  std::map<std::string, std::string> frontend_attributes;
  struct exporter {
    std::string type;
    std::map<std::string, std::string> attributes;
  };
  std::vector<exporter> exporters;
  std::map<std::string, std::string> exporter_response;
  progress::wall_time created{};
  std::optional<progress::wall_time> completed;  ///< none: it is running
  std::optional<grpc_status> error;
  std::int32_t generation = 0;
  bool pinned = false;
  // Zero on daemons that do not count them.
  std::int32_t cached_steps = 0;
  std::int32_t total_steps = 0;
  std::int32_t completed_steps = 0;
  std::int32_t warnings = 0;
  std::int64_t log_bytes = 0;
  /// What is kept of it in the daemon's content store.
  struct blob {
    std::string media_type;
    std::string digest;
    std::int64_t size = 0;
  };
  std::optional<blob> logs;
  std::optional<blob> trace;
  /// By platform; that of a result without platforms is "".
  std::vector<std::pair<std::string, blob>> attestations;

  enum class outcome { running, built, failed, cancelled };
  outcome state() const;
  /// The image's name; else what the client called the build; else where its sources were. Empty when it told none.
  std::string name() const;
};

std::string_view to_string(history_record::outcome state) noexcept;

/// One piece of news about builds (control.proto, BuildHistoryEvent).
struct history_event {
  enum class kind { started, complete, deleted };
  kind what = kind::started;
  history_record record;
};

/// The record that `ref` names: a whole ref, or the beginning of one; "latest" is the newest. failure{usage} when it
/// matches none or several.
result<history_record> find_record(const std::vector<history_record>& records, std::string_view ref);

/// A connection to one daemon for these questions, on one thread; it ends with `use`.
///
/// Questions fail with errc::lost when the connection broke, unsupported when the daemon has no history, else errc::remote with
/// the daemon's status. Cancelling abandons them.
class history {
 public:
  /// Connects, checks that the daemon has a history (v0.11: else errc::unsupported), runs `use`, disconnects. Its result is that
  /// of `use`. Both arguments must outlive it.
  static task<result<void>> open(std::shared_ptr<route> way, const logger& log,
                                 std::function<task<result<void>>(history& daemon)> use);

  /// Running builds and those that have ended, newest first.
  task<result<std::vector<history_record>>> list();
  /// How many builds run now.
  task<result<std::size_t>> running();
  /// Deletes the record of an ended build; its cache stays. Deleting a record that is not there is no error (history.go).
  task<result<void>> remove(std::string ref);
  /// Keeps the record of an ended build from being forgotten, or lets it be forgotten again.
  task<result<void>> pin(std::string ref, bool pinned);
  /// Gives `take` what happens to builds, until it returns false or the daemon ends the list. `ref` alone, unless it is empty. Without
  /// `completed` builds that have ended before are left out; `lasting` goes on with what comes.
  task<result<void>> watch(std::string ref, bool completed, bool lasting, std::function<bool(const history_event&)> take);
  /// A blob of the daemon's content store; see read_blob().
  task<result<void>> read(std::string digest, std::function<bool(std::string_view piece)> take);
  /// Gives `events` everything that a build reports, from its start; of an ended build all at once. Ends when the build
  /// ends. Cancelling it does not disturb the build. `events` is closed in any case.
  task<result<void>> follow(std::string ref, progress::event_sink& events);
  /// The record of a build that has ended. A daemon writes it a moment later, so this waits up to `patience` after the last news, then
  /// fails with errc::timed_out.
  task<result<history_record>> ended(std::string ref, std::chrono::seconds patience);

  const std::string& name() const noexcept { return name_; }

 private:
  history(std::shared_ptr<h2grpc::connection> control, std::string name)
      : control_(std::move(control)), name_(std::move(name)) {}
  failure explain(const grpc_status& status) const;

  std::shared_ptr<h2grpc::connection> control_;
  std::string name_;
};

}  // namespace peelbox::client
