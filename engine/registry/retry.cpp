#include "engine/registry/retry.hpp"

#include <algorithm>
#include <charconv>

namespace peelbox::registry {
namespace {

std::optional<std::chrono::milliseconds> back_off(const retry_policy& policy, int tried, double jitter) {
  if (tried >= policy.tries) return std::nullopt;
  auto wait = policy.first;
  for (int i = 1; i < tried && wait < policy.longest; ++i) wait *= 2;
  wait = std::min(wait, policy.longest);
  const double part = 1.0 - 0.5 * std::clamp(jitter, 0.0, 1.0);
  return std::chrono::milliseconds(static_cast<long long>(static_cast<double>(wait.count()) * part));
}

}  // namespace

bool worth_retrying(int status) noexcept {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

std::optional<std::chrono::seconds> retry_after(std::string_view header) {
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error != std::errc() || header.empty() || end != header.data() + header.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::optional<std::chrono::milliseconds> wait_after(const retry_policy& policy, int tried, const http::reply& got, double jitter) {
  if (!worth_retrying(got.status)) return std::nullopt;
  const auto own = back_off(policy, tried, jitter);
  const auto asked = retry_after(got.header("retry-after"));
  if (!own || !asked) return own;
  if (*asked > policy.longest) return std::nullopt;
  return std::max<std::chrono::milliseconds>(*asked, *own);
}

std::optional<std::chrono::milliseconds> wait_after(const retry_policy& policy, int tried, const failure& why, double jitter) {
  if (why.code != errc::connection && why.code != errc::closed && why.code != errc::timed_out) return std::nullopt;
  return back_off(policy, tried, jitter);
}

}  // namespace peelbox::registry
