#include "cli/buildctl/build.hpp"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "cli/build.hpp"
#include "cli/buildctl/cache_metrics.hpp"
#include "cli/events_file.hpp"
#include "cli/exit_code.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/async/write_all.hpp"

namespace peelbox::cli::buildctl {

namespace {

/// Any failure; buildctl knows no other one.
constexpr int build_failed = 1;

int fail(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return build_failed;
}

/// A file of --debug-json-cache-metrics, or one of the standard outputs.
class metrics_output {
 public:
  static result<metrics_output> open(const std::string& name) {
    metrics_output made;
    if (name == "stdout" || name == "stderr") {
      made.to_stdout_ = name == "stdout";
      return made;
    }
    made.file_ = unique_fd(::open(name.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    made.name_ = name;
    if (!made.file_) return errno_failure(errno, "--debug-json-cache-metrics: cannot open " + name);
    return made;
  }
  result<void> write(const std::string& text, const surroundings& with) {
    if (!file_ && to_stdout_) with.answer.text(text);
    else if (!file_) with.say(text.substr(0, text.size() - 1));
    else if (const int error = write_all(file_.get(), text); error != 0)
      return errno_failure(error, "--debug-json-cache-metrics: cannot write " + name_);
    return {};
  }

 private:
  bool to_stdout_ = false;
  unique_fd file_;
  std::string name_;
};

}  // namespace

task<int> run_build(build_args build, std::string trace, std::string metrics_name, const surroundings& with) {
  std::shared_ptr<events_file> events;
  if (!trace.empty()) {
    auto opened = events_file::open(trace);
    if (opened.has_error()) co_return fail(opened.error(), with);
    events = std::move(*opened);
    build.listeners.push_back(events);
    with.say("tracing logs to " + trace);
  }
  std::optional<metrics_output> metrics;
  const auto counts = std::make_shared<cache_metrics>();
  if (!metrics_name.empty()) {
    auto opened = metrics_output::open(metrics_name);
    if (opened.has_error()) co_return fail(opened.error(), with);
    metrics = std::move(*opened);
    build.listeners.push_back(counts);
  }
  const auto began = std::chrono::steady_clock::now();
  const int code = co_await run_build_command(build, with);
  if (events && events->write_failure()) co_return fail(*events->write_failure(), with);
  if (code != exit_ok) co_return build_failed;
  if (!metrics) co_return exit_ok;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  const result<void> written = metrics->write(counts->text(took), with);
  co_return written.has_error() ? fail(written.error(), with) : static_cast<int>(exit_ok);
}

}  // namespace peelbox::cli::buildctl
