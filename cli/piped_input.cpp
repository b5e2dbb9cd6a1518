#include "cli/piped_input.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cli/wrong.hpp"
#include "transport/standard_stream.hpp"

namespace peelbox::cli {

namespace {

failure nothing_came(std::string_view flag) {
  return wrong(fmt::format("{} -: nothing came from standard input; did the command before the pipe fail?", flag));
}

/// Reads until `text` has `enough` bytes or the end; false at the end.
task<result<bool>> read_up_to(transport::stream& from, std::string_view flag, std::size_t enough, std::size_t most, std::string& text) {
  while (text.size() < enough) {
    result<byte_view> piece = co_await from.read();
    if (piece.has_error()) co_return piece.error().in(fmt::format("{} -", flag));
    if (piece->empty()) co_return false;
    if (piece->size() > most - text.size())
      co_return wrong(fmt::format("{} -: standard input has more than {} MiB", flag, most >> 20));
    text.append(reinterpret_cast<const char*>(piece->data()), piece->size());
  }
  co_return true;
}

/// The sum over tar's header, in which the field of the sum counts as blanks (POSIX.1-1988, 10.1.1; also before "ustar").
bool is_tar(std::string_view bytes) {
  constexpr std::size_t header = 512, field = 148, width = 8;
  if (bytes.size() < header || bytes[0] == '\0') return false;
  unsigned sum = 0, said = 0;
  for (std::size_t i = 0; i < header; ++i)
    sum += i >= field && i < field + width ? ' ' : static_cast<unsigned char>(bytes[i]);
  std::string_view text = bytes.substr(field, width);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), said, 8);
  return error == std::errc() && said == sum;
}

}  // namespace

bool is_archive(std::string_view bytes) {
  constexpr auto beginnings = std::to_array<std::string_view>({"\x1f\x8b", "BZh", "\xfd" "7zXZ"});
  return std::any_of(beginnings.begin(), beginnings.end(), [bytes](std::string_view one) { return bytes.starts_with(one); }) || is_tar(bytes);
}

bool begins_with_extension(std::string_view bytes) {
  constexpr std::size_t type = 156;
  return is_tar(bytes) && std::string_view("xLK").find(bytes[type]) != std::string_view::npos;
}

task<result<piped_context>> open_piped_context(std::string_view flag, std::size_t most) {
  if (isatty(STDIN_FILENO) != 0)
    co_return wrong(fmt::format("{} -: standard input is a terminal; pipe a Dockerfile or an archive into it, or name a directory", flag));
  piped_context piped;
  piped.rest = co_await transport::open_standard_input();
  result<bool> more = co_await read_up_to(*piped.rest, flag, archive_mark, most, piped.text);
  if (more.has_error()) co_return more.error();
  piped.archive = is_archive(piped.text);
  if (begins_with_extension(piped.text))
    co_return wrong("standard input is an archive that begins with an extended header (a long name, or a precise time), which the daemon's frontend "
                    "does not take for an archive; compress it, as with tar -cz");
  if (piped.archive) {
    // A stream may not be read behind its end.
    if (!*more) piped.rest.reset();
    co_return piped;
  }
  if (piped.text.starts_with("\x28\xb5\x2f\xfd"))
    co_return wrong("standard input is compressed with zstd, which the daemon's frontend does not read; use gzip, bzip2, xz or no compression");
  if (*more) more = co_await read_up_to(*piped.rest, flag, piped.text.max_size(), most, piped.text);
  if (more.has_error()) co_return more.error();
  piped.rest.reset();
  if (piped.text.empty()) co_return nothing_came(flag);
  co_return piped;
}

task<result<std::string>> read_standard_input(std::string_view flag, std::size_t most) {
  if (isatty(STDIN_FILENO) != 0)
    co_return wrong(fmt::format("{} -: standard input is a terminal; pipe something into it, or name a file", flag));
  transport::stream_ptr standard = co_await transport::open_standard_input();
  std::string text;
  result<bool> read = co_await read_up_to(*standard, flag, text.max_size(), most, text);
  if (read.has_error()) co_return read.error();
  if (text.empty()) co_return nothing_came(flag);
  co_return text;
}

}  // namespace peelbox::cli
