#include "engine/client/repeat.hpp"

#include <algorithm>
#include <utility>

namespace peelbox::client {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_pause = 1s;
constexpr std::chrono::milliseconds longest_pause = 30s;

/// After a loss, an address that does not answer is the same daemon on its way back.
bool is_unreachable(errc code) noexcept { return code == errc::connection || code == errc::closed || code == errc::timed_out; }

}  // namespace

std::optional<std::string> spoilt_output(const build_options& options) {
  for (const solve_request& service : options.services)
    for (const export_request& one : service.exports) {
      const auto* file = std::get_if<session::file_target>(&one.where);
      if (file != nullptr && file->file && !file->file->can_begin_again()) return file->file->path();
      if (std::holds_alternative<session::consumer_target>(one.where)) return "the program that embeds this one";
    }
  return std::nullopt;
}

std::optional<failure> repetition::loss(const result<build_outcome>& ended) const {
  if (ended.has_error()) {
    const failure& why = ended.error();
    const bool counts = why.code == errc::lost || (made_ > 0 && is_unreachable(why.code));
    return counts ? std::optional(why) : std::nullopt;
  }
  for (const result<service_outcome>& service : ended->services)
    if (service.has_error() && service.error().code == errc::lost) return service.error();
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> repetition::next(const result<build_outcome>& ended, double jitter) {
  std::optional<failure> lost = loss(ended);
  if (!lost) return std::nullopt;
  if (!first_) first_ = lost;
  last_ = std::move(lost);
  if (made_ == most_) return std::nullopt;
  auto pause = first_pause;
  for (unsigned i = 0; i < made_ && pause < longest_pause; ++i) pause *= 2;
  ++made_;
  const double part = 1.0 - 0.5 * std::clamp(jitter, 0.0, 1.0);
  return std::chrono::milliseconds(static_cast<long long>(static_cast<double>(std::min(pause, longest_pause).count()) * part));
}

failure repetition::told(const failure& why) const {
  failure all(errc::lost, fmt::format("{}; tried again {}, the last time: {}", first_->text, made_ == 1 ? "once" : fmt::format("{} times", made_), why.text),
              first_->who);
  return all;
}

result<build_outcome> repetition::settle(result<build_outcome> ended) const {
  if (made_ == 0 || !loss(ended)) return ended;
  if (ended.has_error()) return told(ended.error());
  for (result<service_outcome>& service : ended->services)
    if (service.has_error() && service.error().code == errc::lost) service = told(service.error());
  return ended;
}

}  // namespace peelbox::client
