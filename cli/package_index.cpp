#include "cli/package_index.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/wrong.hpp"
#include "engine/detect/apk_archive.hpp"
#include "engine/docker/config.hpp"
#include "engine/http/client.hpp"
#include "engine/oci/digest.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr std::size_t most_bytes = std::size_t{256} << 20;
constexpr hours fresh{24};

/// Reads an APKINDEX.tar.gz, or its text.
result<detect::package_index> read_index(std::string_view bytes, const std::string& source) {
  if (!detect::is_gzip(bytes)) return detect::package_index::parse(bytes, source);
  const auto names = detect::names_of_apk_archive(bytes);
  if (names.has_error()) return names.error().in(source);
  return detect::package_index::parse(*names, source);
}

result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 64 * 1024> piece{};
  while (file && text.size() <= most_bytes) {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof() && text.size() <= most_bytes)
    return wrong(fmt::format("{}: {}", path, std::generic_category().message(errno == 0 ? EIO : errno)));
  if (text.size() > most_bytes) return wrong(fmt::format("{}: is larger than 256 MiB", path));
  return text;
}

struct copy {
  std::string names;
  std::chrono::system_clock::time_point made;
};

std::string copy_path(const std::string& url) {
  const std::string dir = index_cache_directory();
  if (dir.empty()) return {};
  oci::sha256 hash;
  hash.update(url);
  return fmt::format("{}/{}.txt", dir, hash.finish().substr(7));
}

std::optional<copy> read_copy(const std::string& url) {
  const std::string path = copy_path(url);
  if (path.empty()) return std::nullopt;
  std::error_code error;
  const auto changed = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  auto text = read_file(path);
  if (text.has_error()) return std::nullopt;
  return copy{std::move(*text), std::chrono::time_point_cast<std::chrono::system_clock::duration>(std::chrono::file_clock::to_sys(changed))};
}

void keep_copy(const std::string& url, const std::string& names, std::vector<std::string>& notes) {
  const std::string path = copy_path(url);
  if (path.empty()) {
    notes.emplace_back("the package index is not kept: neither XDG_CACHE_HOME nor HOME is set");
    return;
  }
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (auto done = session::write_file(path, names); done.has_error())
    notes.push_back("the package index is not kept: " + done.error().text);
}

std::string age_of(const copy& kept) {
  const auto age = std::chrono::duration_cast<hours>(std::chrono::system_clock::now() - kept.made).count();
  return age < 48 ? fmt::format("{} hours", age) : fmt::format("{} days", age / 24);
}

/// RFC 9110, 5.6.7; the names do not depend on the locale.
std::string http_date(std::chrono::system_clock::time_point when) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(t.tm_wday)], t.tm_mday,
                     months[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

task<result<http::reply>> fetch_index(http::url from, std::optional<std::chrono::system_clock::time_point> since) {
  http::client_options options;
  options.variables = process_environment();
  options.redirections = 5;
  http::client web(std::move(options));
  http::request ask;
  ask.headers.emplace_back("Accept", "*/*");
  if (since) ask.headers.emplace_back("If-Modified-Since", http_date(*since));
  http::limits most;
  most.reply = std::chrono::minutes(2);
  most.body = most_bytes;
  auto asking = web.send(std::move(from), std::move(ask), most);
  co_return co_await std::move(asking);
}

/// What to use without the network.
chosen_index without_network(const std::string& url, const std::optional<copy>& kept, const std::string& why) {
  chosen_index out;
  if (kept) {
    if (auto index = detect::package_index::parse(kept->names, url); index.has_value()) {
      out.index = std::move(*index);
      out.notes.push_back(fmt::format("{}: {}; the copy of {} ago is used", url, why, age_of(*kept)));
      return out;
    }
  }
  out.notes.push_back(fmt::format("{}: {}; the {} is used", url, why, out.index.source()));
  return out;
}

}  // namespace

std::string index_cache_directory() {
  // The XDG base directory specification: a relative path counts as none.
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && cache[0] == '/') return std::string(cache) + "/peelbox/package-index";
  const char* home = std::getenv("HOME");
  return home && home[0] == '/' ? std::string(home) + "/.cache/peelbox/package-index" : std::string();
}

task<result<chosen_index>> choose_package_index(std::string where, bool offline, blocking_pool& pool) {
  if (!where.starts_with("http://") && !where.starts_with("https://")) {
    auto work = [where]() -> result<chosen_index> {
      const auto bytes = read_file(where);
      if (bytes.has_error()) return bytes.error().in("--package-index");
      auto index = read_index(*bytes, where);
      if (index.has_error()) return index.error().in("--package-index");
      return chosen_index{std::move(*index), {}};
    };
    co_return co_await pool.run(std::move(work));
  }
  const result<http::url> address = http::parse_url(where);
  if (address.has_error()) co_return address.error().in("--package-index");
  auto look = [where] { return read_copy(where); };
  const std::optional<copy> kept = co_await pool.run(std::move(look));
  const auto now = std::chrono::system_clock::now();
  if (kept && kept->made <= now && now - kept->made < fresh) {
    if (auto index = detect::package_index::parse(kept->names, where); index.has_value())
      co_return chosen_index{std::move(*index), {}};
  }
  if (offline) co_return without_network(where, kept, "not asked, because of --offline");
  auto asking = fetch_index(*address, kept ? std::optional(kept->made) : std::nullopt);
  const result<http::reply> reply = co_await std::move(asking);
  if (reply.has_error()) co_return without_network(where, kept, reply.error().text);
  const bool unchanged = reply->status == 304 && kept;
  if (!reply->ok() && !unchanged) co_return without_network(where, kept, fmt::format("answered {} {}", reply->status, reply->reason));
  auto take = [where, kept, unchanged, body = reply->body]() -> chosen_index {
    std::string names = unchanged ? kept->names : body;
    if (!unchanged && detect::is_gzip(body)) {
      auto unpacked = detect::names_of_apk_archive(body);
      if (unpacked.has_error()) return without_network(where, kept, unpacked.error().text);
      names = std::move(*unpacked);
    }
    auto index = detect::package_index::parse(names, where);
    if (index.has_error()) return without_network(where, kept, "what it answered is no package index");
    chosen_index out{std::move(*index), {}};
    keep_copy(where, names, out.notes);
    return out;
  };
  co_return co_await pool.run(std::move(take));
}

}  // namespace peelbox::cli
