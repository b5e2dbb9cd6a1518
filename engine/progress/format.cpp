#include "engine/progress/format.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace peelbox::progress {
namespace {

void append_number(std::uint64_t n, std::string& out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  out.append(digits.data(), end);
}

void append_fraction(std::uint64_t n, int decimals, std::string& out) {
  out.push_back('.');
  std::array<char, 3> digits;
  for (int i = decimals; i-- > 0; n /= 10) digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + n % 10);
  out.append(digits.data(), static_cast<std::size_t>(decimals));
}

}  // namespace

void append_bytes(std::int64_t bytes, std::string& out) {
  static constexpr std::array<std::string_view, 7> units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  const std::uint64_t n = bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
  std::size_t unit = 0;
  std::uint64_t size = 1;
  while (n / size >= 1000) {
    size *= 1000;
    ++unit;
  }
  const std::uint64_t whole = n / size;
  append_number(whole, out);
  if (unit > 0 && whole < 100) {
    const int decimals = whole < 10 ? 2 : 1;
    append_fraction(n % size / (size / (whole < 10 ? 100 : 10)), decimals, out);
  }
  out.append(units[unit]);
}

void append_count(std::uint64_t count, std::string& out) {
  const std::size_t begin = out.size();
  append_number(count, out);
  for (std::size_t at = out.size(); at > begin + 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
}

void append_seconds(duration d, int decimals, std::string& out) {
  static constexpr std::array<std::uint64_t, 4> scale{1'000'000'000, 100'000'000, 10'000'000, 1'000'000};
  static constexpr std::array<std::uint64_t, 4> per_second{1, 10, 100, 1000};
  const auto i = static_cast<std::size_t>(decimals);
  const std::uint64_t n = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0)) / scale[i];
  append_number(n / per_second[i], out);
  if (decimals > 0) append_fraction(n % per_second[i], decimals, out);
}

void append_log_time(duration d, std::string& out) {
  append_seconds(d, d < std::chrono::seconds(10) ? 3 : d < std::chrono::seconds(100) ? 2 : 1, out);
}

namespace {

void append_files(std::uint64_t count, std::string& out) {
  append_count(count, out);
  out.append(count == 1 ? " file" : " files");
}

void append_rate(double rate, std::string& out) {
  if (rate < 1) return;
  out.append(", ");
  append_bytes(static_cast<std::int64_t>(std::min(rate, 1e18)), out);
  out.append("/s");
}

void append_transfer(const step_status& s, bool live, std::string& out) {
  using phase = context_transfer::phase;
  const context_transfer& t = *s.transfer;
  const auto bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(t.bytes_sent, INT64_MAX));
  const std::uint64_t asked = std::max(t.files_asked, t.files_sent);
  if (asked == 0 && t.files_seen == 0 && t.state == phase::scanning) return;
  out.push_back(' ');
  if (asked == 0) {
    if (t.state == phase::failed) out.append("failed, ");
    append_files(t.files_seen, out);
    // Until the daemon asks for a file, nobody knows whether it will.
    out.append(t.state == phase::done ? " unchanged" : t.state == phase::sending ? " compared" : " scanned");
    return;
  }
  append_bytes(bytes, out);
  if (t.state == phase::done) {
    out.append(" in ");
    append_files(t.files_sent, out);
    if (t.files_seen > t.files_sent) {
      out.append(" of ");
      append_count(t.files_seen, out);
    }
  } else {
    out.append(", ");
    append_count(t.files_sent, out);
    out.append(" of ");
    append_files(asked, out);
  }
  if (live || t.state == phase::done) append_rate(s.rate, out);
  if (t.state == phase::failed) out.append(", failed");
  if (live && t.state == phase::scanning) {
    out.append(", scanned ");
    append_count(t.files_seen, out);
    out.append(" so far");
  }
}

}  // namespace

void append_amount(const step_status& s, bool live, std::string& out) {
  if (s.transfer) {
    append_transfer(s, live, out);
    return;
  }
  if (s.total > 0) {
    out.push_back(' ');
    append_bytes(s.current, out);
    out.append(" / ");
    append_bytes(s.total, out);
    // Some daemons announce a total that is too small; then no percentage would be true.
    if (live && s.current <= s.total) {
      out.push_back(' ');
      append_number(static_cast<std::uint64_t>(static_cast<double>(s.current) / static_cast<double>(s.total) * 100), out);
      out.push_back('%');
    }
  } else if (s.current > 0) {
    out.push_back(' ');
    append_bytes(s.current, out);
  }
}

duration status_time(const step_status& s, wall_time now) {
  if (!s.started) return duration{0};
  return std::max(s.completed.value_or(now) - *s.started, duration{0});
}

void append_warning(const step_warning& w, std::string& out) {
  out.append("WARN: ").append(w.brief);
  if (w.where.empty() && w.url.empty()) return;
  out.append(" (").append(w.where);
  if (!w.where.empty() && !w.url.empty()) out += ", ";
  out.append(w.url).push_back(')');
}

void append_error_block(const step& s, std::size_t most, std::string& out) {
  const std::size_t count = std::min(most, s.tail.size());
  if (count == 0) return;
  out.append("------\n > ").append(s.name).append(":\n");
  for (std::size_t i = s.tail.size() - count; i < s.tail.size(); ++i) {
    append_log_time(s.tail[i].at, out);
    out.push_back(' ');
    out.append(s.tail[i].text).push_back('\n');
  }
  out.append("------\n");
}

}  // namespace peelbox::progress
