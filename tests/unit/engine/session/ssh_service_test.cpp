#include "engine/session/ssh_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/session/agent_messages.hpp"
#include "engine/session/bytes_message.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/sshforward.pb.h"
#include "tests/support/service_call.hpp"
#include "tests/support/ssh_keys.hpp"

namespace peelbox::session {
namespace {

using h2grpc::code;

/// Sends `bytes`, half-closes, and returns what came back.
struct answer {
  std::string bytes;
  grpc_status status;
};

task<answer> forward(std::shared_ptr<h2grpc::connection> daemon, std::string id, std::vector<std::string> pieces) {
  h2grpc::metadata headers;
  if (!id.empty()) headers.add("buildkit.ssh.id", id);
  h2grpc::client_call call = daemon->open("/moby.sshforward.v1.SSH/ForwardAgent", headers);
  for (const std::string& piece : pieces) {
    byte_chain chain(byte_slice::of(std::string(piece)));
    byte_chain message = encode_bytes_message(std::move(chain));
    result<void> sent = co_await call.send(std::move(message));
    if (sent.has_error()) break;
  }
  call.half_close();
  answer out;
  for (;;) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    out.bytes += decode_bytes_message(**message).value().text();
  }
  out.status = co_await call.finish();
  co_return out;
}

task<int> check(std::shared_ptr<h2grpc::connection> daemon, std::string id) {
  moby::sshforward::v1::CheckAgentRequest request;
  request.set_id(id);
  auto reply = co_await h2grpc::unary<moby::sshforward::v1::CheckAgentResponse>(daemon, "/moby.sshforward.v1.SSH/CheckAgent", request);
  co_return reply.has_error() && reply.error().status ? reply.error().status->code : 0;
}

std::string sign_question(const std::string& key) {
  std::string request = "\x0d";
  put_text(request, key);
  put_text(request, "data");
  put_u32(request, 0);
  return agent_frame(request);
}

using ask = std::function<task<void>(std::shared_ptr<h2grpc::connection>)>;

void with_book(ssh_book book, ask part) {
  blocking_pool pool(1);
  test::run_task(test::ask_service(ssh_agents(std::move(book), pool), std::move(part)));
}

TEST(SshService, KeysAreServedByAnAgentOfOurs) {
  const ssh_key key = ssh_key::parse(test::ed25519_openssh, "key").value();
  const std::string question = agent_frame("\x0b") + sign_question(key.public_key()) + sign_question("another") + agent_frame("\x11" "add this");
  const std::string expected = agent_frame(identities_answer({{key.public_key(), "ed@test"}})) + agent_frame(sign_response(key.sign("data", 0).value())) +
                               agent_frame("\5") + agent_frame("\5");
  ssh_book book;
  book.emplace("default", key_ring{key});
  with_book(std::move(book), [&](std::shared_ptr<h2grpc::connection> daemon) -> task<void> {
    auto known = check(daemon, "");
    EXPECT_EQ(co_await std::move(known), 0);
    auto unknown = check(daemon, "other");
    EXPECT_EQ(co_await std::move(unknown), static_cast<int>(code::not_found));
    auto whole_call = forward(daemon, "", {question});
    answer whole = co_await std::move(whole_call);
    EXPECT_EQ(whole.bytes, expected);
    EXPECT_TRUE(whole.status.ok()) << whole.status.message;
    std::vector<std::string> bytes;
    for (const char c : question) bytes.emplace_back(1, c);
    auto slow_call = forward(daemon, "default", bytes);
    answer slow = co_await std::move(slow_call);
    EXPECT_EQ(slow.bytes, expected);
    auto large_call = forward(daemon, "default", {std::string("\x7f\xff\xff\xff\x0b", 5)});
    answer large = co_await std::move(large_call);
    EXPECT_EQ(large.status.code, static_cast<int>(code::invalid_argument));
    auto none_call = forward(daemon, "other", {});
    answer none = co_await std::move(none_call);
    EXPECT_EQ(none.status.code, static_cast<int>(code::not_found));
  });
}

/// An agent that answers every message with itself, and what it was asked.
task<result<void>> echo(std::shared_ptr<transport::stream> end, std::shared_ptr<std::string> heard) {
  for (;;) {
    result<byte_view> bytes = co_await end->read();
    if (bytes.has_error() || bytes->empty()) break;
    std::string text(as_text(*bytes));
    *heard += text;
    byte_chain back(byte_slice::of(std::move(text)));
    result<void> sent = co_await end->write(std::move(back));
    if (sent.has_error()) break;
  }
  end->close();
  co_return result<void>();
}

task<result<transport::stream_ptr>> connect_echo(std::shared_ptr<std::string> heard) {
  const executor ex = co_await asio::this_coro::executor;
  test::memory_pair wire = test::make_memory_pair(ex);
  std::shared_ptr<transport::stream> far = std::move(wire.b);
  asio::co_spawn(ex, echo(far, heard), asio::detached);
  co_return std::move(wire.a);
}

TEST(SshService, ASocketIsAskedForWhatIsAllowedOnly) {
  const auto heard = std::make_shared<std::string>();
  ssh_book book;
  book.emplace("default", forwarded_socket{[heard] { return connect_echo(heard); }, false});
  with_book(std::move(book), [&](std::shared_ptr<h2grpc::connection> daemon) -> task<void> {
    auto filtered_call = forward(daemon, "default", {agent_frame("\x0b") + agent_frame("\x13") + agent_frame("\x0d" "sign")});
    answer filtered = co_await std::move(filtered_call);
    EXPECT_EQ(filtered.bytes, agent_frame("\x0b") + agent_frame("\5") + agent_frame("\x0d" "sign"));
    EXPECT_TRUE(filtered.status.ok()) << filtered.status.message;
  });
  EXPECT_EQ(*heard, agent_frame("\x0b") + agent_frame("\x0d" "sign"));
}

TEST(SshService, ARawSocketCarriesEverything) {
  const auto heard = std::make_shared<std::string>();
  ssh_book book;
  book.emplace("raw", forwarded_socket{[heard] { return connect_echo(heard); }, true});
  const std::string large(300'000, 'x');
  with_book(std::move(book), [&](std::shared_ptr<h2grpc::connection> daemon) -> task<void> {
    auto passed_call = forward(daemon, "raw", {"any bytes", large});
    answer passed = co_await std::move(passed_call);
    EXPECT_EQ(passed.bytes, "any bytes" + large);
    EXPECT_TRUE(passed.status.ok()) << passed.status.message;
  });
}

}  // namespace
}  // namespace peelbox::session
