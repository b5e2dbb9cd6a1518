#include "engine/docker/credential_helper.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/data/json.hpp"
#include "transport/child_process.hpp"

namespace peelbox::docker {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t most_output = 64 << 10;
constexpr std::size_t most_errors = 4 << 10;
/// A pipe takes this much without a reader (pipe(7): PIPE_BUF).
constexpr std::size_t longest_server = 4096;

struct channel_ends {
  unique_fd read;
  unique_fd write;
};

result<channel_ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
  return channel_ends{unique_fd(ends[0]), unique_fd(ends[1])};
}

/// Reads what is there; false when the other end is closed.
bool take(int fd, std::string& to, std::size_t most, bool& more) {
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    const auto count = static_cast<std::size_t>(n);
    const std::size_t room = most - std::min(most, to.size());
    if (count > room) more = true;
    to.append(part.data(), std::min(count, room));
    if (more) return true;  // a flood must not keep us here; the caller decides what to do
  }
}

struct outcome {
  std::string out;
  std::string err;
};

/// Reads both outputs until the child has ended.
result<outcome> converse(transport::child_process& program, const std::string& name, int out, int err, std::chrono::milliseconds limit,
                         int stop) {
  const auto until = clock::now() + limit;
  outcome o;
  for (;;) {
    const bool ended = program.poll_ended();
    bool too_much = false;
    bool ignored = false;
    if (out >= 0 && !take(out, o.out, most_output, too_much)) out = -1;
    if (err >= 0 && !take(err, o.err, most_errors, ignored)) err = -1;
    if (too_much) return failure(errc::limit, fmt::format("{}: it wrote more than {} KiB", name, most_output >> 10));
    // All that the child wrote before its end has been read. A grandchild may keep the pipes open; we do not wait for it.
    if (ended) return o;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
    if (left.count() <= 0)
      return failure(errc::timed_out,
                     fmt::format("{}: no answer within {} s: does it wait for a password or a key? Unlock the key or the "
                                 "keyring before you build",
                                 name, std::chrono::ceil<std::chrono::seconds>(limit).count()));
    // poll() skips negative descriptors.
    std::array<pollfd, 4> waits{
        {{out, POLLIN, 0}, {err, POLLIN, 0}, {program.exit_descriptor(), POLLIN, 0}, {stop, POLLIN, 0}}};
    constexpr int without_pidfd = 20;
    const int pause = program.exit_descriptor() < 0 ? std::min<int>(without_pidfd, static_cast<int>(left.count()) + 1)
                                                    : static_cast<int>(left.count()) + 1;
    (void)::poll(waits.data(), waits.size(), pause);
    if (waits[3].revents != 0) return failure(errc::cancelled, name + ": cancelled");
  }
}

result<helper_login> parse_answer(const std::string& program, std::string_view text) {
  const failure not_understood(errc::protocol,
                               program + ": its answer is not a JSON object with Username and Secret", origin::peer);
  const auto tree = data::parse_json(text, program);
  if (tree.has_error()) return not_understood;
  const data::json::value* username = data::member(*tree, "Username");
  const data::json::value* secret = data::member(*tree, "Secret");
  if (username == nullptr || !username->is_string() || secret == nullptr || !secret->is_string()) return not_understood;
  return helper_login{std::string(data::text_of(*tree, "Username")), std::string(data::text_of(*tree, "Secret"))};
}

}  // namespace

result<helper_login> run_credential_helper(const std::string& name, const std::string& server,
                                           std::chrono::milliseconds limit, int stop) {
  const bool plain = !name.empty() && name.size() <= 100 &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return is_alnum(c) || c == '-' || c == '_' || c == '.';
                     });
  if (!plain)
    return failure(errc::usage, fmt::format("\"{}\" cannot be the name of a credential helper", name.substr(0, 100)),
                   origin::user);
  const std::string program = "docker-credential-" + name;
  if (server.empty() || server.size() > longest_server)
    return failure(errc::usage, program + ": the registry's name is empty or too long", origin::user);

  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  for (const auto* pipe : {&in, &out, &err})
    if (pipe->has_error()) return pipe->error().in(program);
  // Written before the child exists. It all fits into the pipe, so the write neither waits nor finds a closed end.
  const ssize_t written = ::write(in->write.get(), server.data(), server.size());
  if (written != static_cast<ssize_t>(server.size())) return errno_failure(errno, program);
  in->write.reset();
  auto running = transport::child_process::start({program, "get"}, {in->read.get(), out->write.get(), err->write.get()},
                                                 SIGKILL);
  if (running.has_error() && running.error().code == errc::not_found)
    return failure(errc::not_found, running.error().text + ", but Docker's config.json names it", origin::user);
  if (running.has_error()) return running.error();
  in->read.reset();
  out->write.reset();
  err->write.reset();
  ::fcntl(out->read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(err->read.get(), F_SETFL, O_NONBLOCK);

  auto said = converse(*running, program, out->read.get(), err->read.get(), limit, stop);
  if (said.has_error()) {
    running->stop(std::chrono::milliseconds(0));
    return said.error();
  }
  if (running->succeeded()) return parse_answer(program, said->out);
  // The helpers say "no login" on stdout (docker-credential-helpers, credentials/error.go).
  std::string_view words = trimmed(said->out);
  if (words == "credentials not found in native keychain") return helper_login();
  if (words.empty()) words = trimmed(said->err);
  return failure(errc::io, fmt::format("{} failed ({}): {}", program, running->end_text(),
                                       words.empty() ? std::string_view("it gave no reason") : words.substr(0, 300)));
}

}  // namespace peelbox::docker
