#include "transport/program_output.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/async/timeout.hpp"
#include "transport/process_stream.hpp"

namespace peelbox::transport {
namespace {

task<result<std::string>> read_all(std::vector<std::string> argv, std::string name, std::chrono::seconds limit, std::size_t most) {
  process_rules rules;
  rules.patience = limit + std::chrono::seconds(1);  // the caller's limit comes first
  rules.most_starts = 1;
  rules.words_are_failure = false;
  auto starting = start_process_stream(std::move(argv), name, std::move(rules));
  result<stream_ptr> program = co_await std::move(starting);
  if (program.has_error()) co_return program.error();
  result<void> ended = co_await (*program)->shutdown_write();
  if (ended.has_error() && ended.error().code == errc::cancelled) co_return ended.error();
  std::string out;
  for (;;) {
    result<byte_view> got = co_await (*program)->read();
    if (got.has_error()) co_return got.error();
    if (got->empty()) co_return out;
    out += as_text(*got);
    if (out.size() > most) co_return failure(errc::limit, fmt::format("{}: it wrote more than {} KiB", name, most >> 10), origin::peer);
  }
}

}  // namespace

task<result<std::string>> program_output(std::vector<std::string> argv, std::string name, std::chrono::seconds limit, std::size_t most) {
  std::string late = fmt::format("{}: no answer within {} s", name, limit.count());
  auto reading = read_all(std::move(argv), std::move(name), limit, most);
  auto limited = with_timeout(std::move(reading), limit, std::move(late));
  co_return co_await std::move(limited);
}

}  // namespace peelbox::transport
