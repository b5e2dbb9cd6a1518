#include "cli/piped_input.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "transport/standard_stream.hpp"

namespace peelbox::cli {

namespace {

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

}  // namespace

task<result<std::string>> read_standard_input(std::string_view flag, std::size_t most) {
  if (isatty(STDIN_FILENO) != 0)
    co_return wrong(fmt::format("{} -: standard input is a terminal; pipe something into it, or name a file", flag));
  transport::stream_ptr standard = co_await transport::open_standard_input();
  std::string text;
  for (;;) {
    result<byte_view> piece = co_await standard->read();
    if (piece.has_error()) co_return piece.error().in(fmt::format("{} -", flag));
    if (piece->empty()) break;
    if (piece->size() > most - text.size())
      co_return wrong(fmt::format("{} -: standard input has more than {} MiB", flag, most >> 20));
    text.append(reinterpret_cast<const char*>(piece->data()), piece->size());
  }
  if (text.empty())
    co_return wrong(fmt::format("{} -: nothing came from standard input; did the command before the pipe fail?", flag));
  co_return text;
}

}  // namespace peelbox::cli
