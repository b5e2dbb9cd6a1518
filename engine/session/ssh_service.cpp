#include "engine/session/ssh_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/session/agent_messages.hpp"
#include "engine/session/bytes_message.hpp"
#include "engine/session/unary_handler.hpp"
#include "proto/sshforward.pb.h"

namespace peelbox::session {

namespace {

namespace ssh_wire = moby::sshforward::v1;
using h2grpc::code;
using h2grpc::make_status;

using shared_book = std::shared_ptr<const ssh_book>;

grpc_status unknown_id(const std::string& id) {
  // The daemon's own words for a session without agents (session/sshforward).
  return make_status(code::not_found, fmt::format("no SSH key \"{}\" forwarded from the client", id));
}

grpc_status broken_agent(const failure& why) {
  return make_status(why.code == errc::cancelled ? code::cancelled : code::unavailable, why.text);
}

std::string id_or_default(std::string id) { return id.empty() ? "default" : std::move(id); }

task<grpc_status> check_agent(h2grpc::server_call& call, shared_book book) {
  result<ssh_wire::CheckAgentRequest> request = co_await receive_request<ssh_wire::CheckAgentRequest>(call, "SSH/CheckAgent");
  if (request.has_error()) co_return no_request(request.error());
  const std::string id = id_or_default(request->id());
  if (!book->contains(id)) co_return unknown_id(id);
  ssh_wire::CheckAgentResponse reply;
  co_return co_await answer_with(call, std::move(reply));
}

/// The step's end of the connection, as bytes.
class step_end {
 public:
  explicit step_end(h2grpc::server_call& call) : call_(call) {}

  /// Empty at the end.
  task<result<byte_slice>> read() {
    for (;;) {
      result<std::optional<byte_slice>> message = co_await call_.receive();
      if (message.has_error()) co_return message.error();
      if (!message.value()) co_return byte_slice();
      result<byte_slice> data = decode_bytes_message(**message);
      if (data.has_error() || !data->empty()) co_return data;
    }
  }

  task<result<void>> write(std::string bytes) {
    byte_chain chain(byte_slice::of(std::move(bytes)));
    byte_chain message = encode_bytes_message(std::move(chain));
    result<void> sent = co_await call_.send(std::move(message));
    co_return sent;
  }

 private:
  h2grpc::server_call& call_;
};

/// Answers one request, the kind first; the reply has no length yet.
using agent_of_ours = std::function<task<result<std::string>>(std::string request)>;

/// Request and reply in turns, until the step closes its end.
task<grpc_status> serve_agent(h2grpc::server_call& call, agent_of_ours answer) {
  step_end step(call);
  agent_framer requests;
  for (;;) {
    result<byte_slice> bytes = co_await step.read();
    if (bytes.has_error()) co_return broken_agent(bytes.error());
    if (bytes->empty()) co_return grpc_status{};
    requests.take(bytes->text());
    for (;;) {
      result<std::optional<std::string>> request = requests.next();
      if (request.has_error()) co_return make_status(code::invalid_argument, request.error().text);
      if (!request.value()) break;
      std::string asked = std::move(**request);
      std::string said = agent_refusal();
      if (is_allowed_request(asked)) {
        result<std::string> reply = co_await answer(std::move(asked));
        if (reply.has_error()) co_return broken_agent(reply.error());
        said = std::move(*reply);
      }
      std::string framed = agent_frame(said);
      result<void> sent = co_await step.write(std::move(framed));
      if (sent.has_error()) co_return broken_agent(sent.error());
    }
  }
}

/// What one connection to the user's agent has received.
struct agent_connection {
  transport::stream_ptr stream;
  agent_framer replies;
};

task<result<std::string>> ask_agent(std::shared_ptr<agent_connection> agent, std::string request) {
  std::string framed = agent_frame(request);
  byte_chain bytes(byte_slice::of(std::move(framed)));
  result<void> sent = co_await agent->stream->write(std::move(bytes));
  if (sent.has_error()) co_return sent.error();
  for (;;) {
    result<std::optional<std::string>> reply = agent->replies.next();
    if (reply.has_error()) co_return reply.error();
    if (reply.value()) co_return std::move(**reply);
    result<byte_view> more = co_await agent->stream->read();
    if (more.has_error()) co_return more.error();
    if (more->empty()) co_return failure(errc::closed, "the SSH agent closed the connection");
    agent->replies.take(as_text(*more));
  }
}

task<result<std::string>> sign(std::shared_ptr<const key_ring> keys, sign_request request, blocking_pool& pool) {
  const auto key = std::find_if(keys->begin(), keys->end(), [&](const ssh_key& one) { return one.public_key() == request.key; });
  if (key == keys->end()) co_return agent_refusal();
  auto job = [one = *key, asked = std::move(request)] { return one.sign(asked.data, asked.flags); };
  result<std::string> signature = co_await pool.run(std::move(job));
  if (signature.has_error()) co_return agent_refusal();
  co_return sign_response(*signature);
}

task<result<std::string>> ask_keys(std::shared_ptr<const key_ring> keys, std::string request, blocking_pool& pool) {
  if (std::optional<sign_request> asked = parse_sign_request(request)) {
    sign_request one = std::move(*asked);
    result<std::string> reply = co_await sign(std::move(keys), std::move(one), pool);
    co_return reply;
  }
  if (static_cast<agent_kind>(request.front()) != agent_kind::request_identities) co_return agent_refusal();
  std::vector<agent_identity> all;
  for (const ssh_key& key : *keys) all.push_back({key.public_key(), key.comment()});
  co_return identities_answer(all);
}

task<result<void>> to_socket(h2grpc::server_call& call, transport::stream& socket) {
  step_end step(call);
  for (;;) {
    result<byte_slice> bytes = co_await step.read();
    if (bytes.has_error()) co_return bytes.error();
    if (bytes->empty()) break;
    byte_chain chain(std::move(*bytes));
    result<void> written = co_await socket.write(std::move(chain));
    if (written.has_error()) co_return written;
  }
  result<void> ended = co_await socket.shutdown_write();
  co_return ended;
}

/// Ends with the socket's end, and then ends the other direction too.
task<result<void>> from_socket(h2grpc::server_call& call, transport::stream& socket, bool& ended) {
  step_end step(call);
  for (;;) {
    result<byte_view> bytes = co_await socket.read();
    if (bytes.has_error()) co_return bytes.error();
    if (bytes->empty()) break;
    std::string copy(as_text(*bytes));
    result<void> sent = co_await step.write(std::move(copy));
    if (sent.has_error()) co_return sent;
  }
  ended = true;
  co_return failure(errc::closed, "the socket was closed");
}

task<grpc_status> pass_everything(h2grpc::server_call& call, transport::stream_ptr socket) {
  bool ended = false;
  const executor ex = co_await asio::this_coro::executor;
  task_group both(ex);
  both.spawn(to_socket(call, *socket));
  both.spawn(from_socket(call, *socket, ended));
  const wake why = co_await both.join();
  if (why == wake::cancelled) co_return make_status(code::cancelled, "the connection was given up");
  both.rethrow();
  if (!ended && both.first_failure()) co_return broken_agent(*both.first_failure());
  co_return grpc_status{};
}

task<grpc_status> forward_socket(h2grpc::server_call& call, forwarded_socket socket) {
  result<transport::stream_ptr> connected = co_await socket.connect();
  if (connected.has_error()) co_return broken_agent(connected.error());
  if (socket.raw) {
    transport::stream_ptr stream = std::move(*connected);
    grpc_status passed = co_await pass_everything(call, std::move(stream));
    co_return passed;
  }
  auto agent = std::make_shared<agent_connection>();
  agent->stream = std::move(*connected);
  agent_of_ours answer = [agent](std::string request) { return ask_agent(agent, std::move(request)); };
  grpc_status served = co_await serve_agent(call, std::move(answer));
  co_return served;
}

task<grpc_status> forward_agent(h2grpc::server_call& call, shared_book book, blocking_pool& pool) {
  const std::string id = id_or_default(std::string(call.request_metadata().get("buildkit.ssh.id").value_or("")));
  const auto found = book->find(id);
  if (found == book->end()) co_return unknown_id(id);
  if (const auto* socket = std::get_if<forwarded_socket>(&found->second)) {
    forwarded_socket copy = *socket;
    grpc_status forwarded = co_await forward_socket(call, std::move(copy));
    co_return forwarded;
  }
  auto keys = std::make_shared<const key_ring>(std::get<key_ring>(found->second));
  agent_of_ours answer = [keys, &pool](std::string request) { return ask_keys(keys, std::move(request), pool); };
  grpc_status served = co_await serve_agent(call, std::move(answer));
  co_return served;
}

}  // namespace

attachable ssh_agents(ssh_book book, blocking_pool& pool) {
  return [book = std::make_shared<const ssh_book>(std::move(book)), &pool](h2grpc::method_table& methods) {
    methods.add("/moby.sshforward.v1.SSH/CheckAgent", [book](h2grpc::server_call& call) { return check_agent(call, book); });
    methods.add("/moby.sshforward.v1.SSH/ForwardAgent",
                [book, &pool](h2grpc::server_call& call) { return forward_agent(call, book, pool); });
  };
}

}  // namespace peelbox::session
