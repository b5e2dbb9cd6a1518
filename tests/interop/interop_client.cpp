// The client half of gRPC's interoperability tests (grpc/grpc, doc/interop-test-descriptions.md) over h2grpc.
//
//     interop_client --server_host HOST --server_port PORT --test_case NAME
//
// Exit code 0: the case passed. Every case has a limit of time.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/timeout.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "tests/interop/interop.pb.h"
#include "transport/dialer.hpp"

namespace peelbox {
namespace {

namespace rpc = grpc::testing;
using h2grpc::client_call;
using connection_ptr = std::shared_ptr<h2grpc::connection>;
using namespace std::chrono_literals;

const std::string service = "/grpc.testing.TestService/";
constexpr auto case_limit = 20s;

failure wrong(const std::string& what) { return failure(errc::protocol, what, origin::peer); }

result<void> expect_status(const grpc_status& status, h2grpc::code code) {
  if (status.code == static_cast<int>(code)) return {};
  return wrong("status " + std::to_string(status.code) + " (" + status.message + ") instead of " +
               std::to_string(static_cast<int>(code)));
}

result<void> expect_size(std::size_t got, std::size_t wanted) {
  if (got == wanted) return {};
  return wrong(std::to_string(got) + " bytes instead of " + std::to_string(wanted));
}

std::string zeros(std::size_t size) { return std::string(size, '\0'); }

rpc::SimpleRequest large_request() {
  rpc::SimpleRequest request;
  request.set_response_size(314159);
  request.mutable_payload()->set_body(zeros(271828));
  return request;
}

rpc::StreamingOutputCallRequest output_request(int reply_size, std::size_t payload_size) {
  rpc::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(reply_size);
  request.mutable_payload()->set_body(zeros(payload_size));
  return request;
}

/// The size of the next reply of a streaming call; a failure when there is none.
task<result<std::size_t>> next_size(client_call& call) {
  auto bytes = co_await call.receive();
  if (bytes.has_error()) co_return bytes.error();
  if (!bytes->has_value()) co_return wrong("a reply is missing");
  auto reply = h2grpc::decode<rpc::StreamingOutputCallResponse>(**bytes, "reply");
  if (reply.has_error()) co_return reply.error();
  co_return reply->payload().body().size();
}

task<result<void>> expect_end(client_call& call) {
  auto bytes = co_await call.receive();
  if (bytes.has_error()) co_return bytes.error();
  if (bytes->has_value()) co_return wrong("there is a reply too many");
  const grpc_status status = co_await call.finish();
  co_return expect_status(status, h2grpc::code::ok);
}

task<result<void>> empty_unary(connection_ptr to) {
  auto call = h2grpc::unary<rpc::Empty>(to, service + "EmptyCall", rpc::Empty());
  auto reply = co_await std::move(call);
  if (reply.has_error()) co_return reply.error();
  co_return expect_size(reply->ByteSizeLong(), 0);
}

task<result<void>> large_unary(connection_ptr to) {
  auto call = h2grpc::unary<rpc::SimpleResponse>(to, service + "UnaryCall", large_request());
  auto reply = co_await std::move(call);
  if (reply.has_error()) co_return reply.error();
  if (reply->payload().body() != zeros(314159)) co_return wrong("the payload is not 314159 zeros");
  co_return result<void>();
}

task<result<void>> client_streaming(connection_ptr to) {
  client_call call = to->open(service + "StreamingInputCall", {});
  for (const std::size_t size : {27182u, 8u, 1828u, 45904u}) {
    rpc::StreamingInputCallRequest request;
    request.mutable_payload()->set_body(zeros(size));
    auto sent = co_await call.send(h2grpc::encode(request));
    if (sent.has_error()) co_return sent;
  }
  call.half_close();
  auto bytes = co_await call.receive();
  if (bytes.has_error()) co_return bytes.error();
  if (!bytes->has_value()) co_return wrong("the reply is missing");
  auto reply = h2grpc::decode<rpc::StreamingInputCallResponse>(**bytes, "reply");
  if (reply.has_error()) co_return reply.error();
  auto size = expect_size(static_cast<std::size_t>(reply->aggregated_payload_size()), 74922);
  if (size.has_error()) co_return size;
  co_return co_await expect_end(call);
}

task<result<void>> server_streaming(connection_ptr to) {
  client_call call = to->open(service + "StreamingOutputCall", {});
  rpc::StreamingOutputCallRequest request;
  const std::vector<int> sizes{31415, 9, 2653, 58979};
  for (const int size : sizes) request.add_response_parameters()->set_size(size);
  auto sent = co_await call.send(h2grpc::encode(request));
  if (sent.has_error()) co_return sent;
  call.half_close();
  for (const int size : sizes) {
    auto got = co_await next_size(call);
    if (got.has_error()) co_return got.error();
    auto same = expect_size(*got, static_cast<std::size_t>(size));
    if (same.has_error()) co_return same;
  }
  co_return co_await expect_end(call);
}

task<result<void>> ping_pong(connection_ptr to) {
  client_call call = to->open(service + "FullDuplexCall", {});
  const std::vector<std::pair<int, std::size_t>> rounds{{31415, 27182}, {9, 8}, {2653, 1828}, {58979, 45904}};
  for (const auto& [reply, payload] : rounds) {
    auto sent = co_await call.send(h2grpc::encode(output_request(reply, payload)));
    if (sent.has_error()) co_return sent;
    auto got = co_await next_size(call);
    if (got.has_error()) co_return got.error();
    auto same = expect_size(*got, static_cast<std::size_t>(reply));
    if (same.has_error()) co_return same;
  }
  call.half_close();
  co_return co_await expect_end(call);
}

task<result<void>> empty_stream(connection_ptr to) {
  client_call call = to->open(service + "FullDuplexCall", {});
  call.half_close();
  co_return co_await expect_end(call);
}

task<result<void>> cancel_after_begin(connection_ptr to) {
  client_call call = to->open(service + "StreamingInputCall", {});
  call.cancel();
  const grpc_status status = co_await call.finish();
  co_return expect_status(status, h2grpc::code::cancelled);
}

task<result<void>> cancel_after_first_response(connection_ptr to) {
  client_call call = to->open(service + "FullDuplexCall", {});
  auto sent = co_await call.send(h2grpc::encode(output_request(31415, 27182)));
  if (sent.has_error()) co_return sent;
  auto got = co_await next_size(call);
  if (got.has_error()) co_return got.error();
  call.cancel();
  const grpc_status status = co_await call.finish();
  co_return expect_status(status, h2grpc::code::cancelled);
}

task<result<void>> timeout_on_sleeping_server(connection_ptr to) {
  h2grpc::call_options options;
  options.deadline = 1ms;
  client_call call = to->open(service + "FullDuplexCall", {}, options);
  rpc::StreamingOutputCallRequest request;
  request.mutable_payload()->set_body(zeros(27182));
  // The limit may have passed before this is sent; only the status counts.
  auto sent = co_await call.send(h2grpc::encode(request));
  const grpc_status status = co_await call.finish();
  co_return expect_status(status, h2grpc::code::deadline_exceeded);
}

result<void> expect_echoes(const h2grpc::metadata& initial, const h2grpc::metadata& trailing) {
  if (initial.get("x-grpc-test-echo-initial") != "test_initial_metadata_value")
    return wrong("the initial metadata did not come back");
  if (trailing.get("x-grpc-test-echo-trailing-bin") != "\xab\xab\xab")
    return wrong("the trailing metadata did not come back");
  return {};
}

task<result<void>> custom_metadata(connection_ptr to) {
  const h2grpc::metadata sent_metadata{{"x-grpc-test-echo-initial", "test_initial_metadata_value"},
                                       {"x-grpc-test-echo-trailing-bin", "\xab\xab\xab"}};
  const std::string simple = large_request().SerializeAsString();
  const std::string output = output_request(314159, 271828).SerializeAsString();
  const std::vector<std::pair<std::string, std::string>> calls{{"UnaryCall", simple}, {"FullDuplexCall", output}};
  for (const auto& [method, request] : calls) {
    client_call call = to->open(service + method, sent_metadata);
    auto sent = co_await call.send(byte_chain(byte_slice::of(request)));
    if (sent.has_error()) co_return sent;
    call.half_close();
    auto initial = co_await call.initial_metadata();
    if (initial.has_error()) co_return initial.error();
    auto reply = co_await call.receive();
    if (reply.has_error()) co_return reply.error();
    if (!reply->has_value()) co_return wrong("the reply is missing");
    auto ended = co_await expect_end(call);
    if (ended.has_error()) co_return ended;
    auto echoed = expect_echoes(*initial, call.trailing_metadata());
    if (echoed.has_error()) co_return echoed.error().in(method);
  }
  co_return result<void>();
}

/// The call ends with code 2 and the wanted words.
task<result<void>> expect_echoed_status(client_call& call, std::string request, std::string words) {
  auto sent = co_await call.send(byte_chain(byte_slice::of(std::move(request))));
  call.half_close();
  const grpc_status status = co_await call.finish();
  if (status.code != 2) co_return wrong("status " + std::to_string(status.code) + " instead of 2");
  if (status.message != words) co_return wrong("message \"" + status.message + "\"");
  co_return result<void>();
}

task<result<void>> status_code_and_message(connection_ptr to) {
  const std::string words = "test status message";
  rpc::SimpleRequest simple;
  simple.mutable_response_status()->set_code(2);
  simple.mutable_response_status()->set_message(words);
  client_call unary = to->open(service + "UnaryCall", {});
  auto first = co_await expect_echoed_status(unary, simple.SerializeAsString(), words);
  if (first.has_error()) co_return first;
  rpc::StreamingOutputCallRequest output;
  *output.mutable_response_status() = simple.response_status();
  client_call duplex = to->open(service + "FullDuplexCall", {});
  co_return co_await expect_echoed_status(duplex, output.SerializeAsString(), words);
}

task<result<void>> special_status_message(connection_ptr to) {
  const std::string words = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n";
  rpc::SimpleRequest simple;
  simple.mutable_response_status()->set_code(2);
  simple.mutable_response_status()->set_message(words);
  client_call call = to->open(service + "UnaryCall", {});
  co_return co_await expect_echoed_status(call, simple.SerializeAsString(), words);
}

task<result<void>> expect_unimplemented(connection_ptr to, std::string path) {
  client_call call = to->open(std::move(path), {});
  auto sent = co_await call.send(h2grpc::encode(rpc::Empty()));
  call.half_close();
  const grpc_status status = co_await call.finish();
  co_return expect_status(status, h2grpc::code::unimplemented);
}

task<result<void>> unimplemented_method(connection_ptr to) {
  return expect_unimplemented(std::move(to), service + "UnimplementedCall");
}
task<result<void>> unimplemented_service(connection_ptr to) {
  return expect_unimplemented(std::move(to), "/grpc.testing.UnimplementedService/UnimplementedCall");
}

using test_case = task<result<void>> (*)(connection_ptr);

const std::map<std::string_view, test_case> cases{
    {"empty_unary", empty_unary},
    {"large_unary", large_unary},
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
    {"custom_metadata", custom_metadata},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
};

task<failure> run_connection(connection_ptr connection) { return connection->run(); }

/// Runs the case twice on one connection, because its remains must not harm the next call.
task<result<void>> run_case(transport::endpoint where, test_case run, const logger& log) {
  const executor ex = co_await asio::this_coro::executor;
  const transport::dial_options dialling;
  auto stream = co_await transport::dial(where, dialling);
  if (stream.has_error()) co_return stream.error();
  h2grpc::connection_options options;
  options.authority = where.authority();
  auto connection = h2grpc::connection::create(h2grpc::role::client, std::move(*stream), options, ex, log);
  event ended(ex);
  std::optional<failure> why;
  asio::co_spawn(ex, run_connection(connection), [&](std::exception_ptr, failure f) {
    why = std::move(f);
    ended.notify();
  });
  result<void> r;
  for (int i = 0; i < 2 && r.has_value(); ++i) r = co_await run(connection);
  connection->shutdown();
  while (!why) {
    if (co_await ended.wait_for(5s) == wake::timed_out) co_return wrong("the connection did not end");
  }
  if (r.has_value() && why->code != errc::closed) co_return why->in("after the case");
  co_return r;
}

int run(const std::string& host, const std::string& port, std::string_view name) {
  const auto found = cases.find(name);
  const auto where = transport::parse_endpoint("tcp://" + host + ":" + port);
  if (found == cases.end() || where.has_error()) {
    std::fprintf(stderr, "%s\n", where.has_error() ? where.error().text.c_str() : "unknown test case");
    return 2;
  }
  asio::io_context io(1);
  const logger log;
  std::optional<result<void>> outcome;
  auto work = run_case(*where, found->second, log);
  asio::co_spawn(io, with_timeout(std::move(work), case_limit, "the case did not end in time"),
                 [&](std::exception_ptr e, result<void> r) {
                   if (!e) outcome = std::move(r);
                   io.stop();
                 });
  io.run_for(case_limit + 5s);
  if (!outcome) std::fputs("the case did not end\n", stderr);
  else if (outcome->has_error()) std::fprintf(stderr, "%s\n", outcome->error().text.c_str());
  return outcome && outcome->has_value() ? 0 : 1;
}

}  // namespace
}  // namespace peelbox

int main(int argc, char** argv) {
  std::map<std::string_view, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  if (options.size() != 3 || !options.contains("--server_host") || !options.contains("--server_port") ||
      !options.contains("--test_case")) {
    std::fputs("usage: interop_client --server_host HOST --server_port PORT --test_case NAME\n", stderr);
    return 2;
  }
  return peelbox::run(options["--server_host"], options["--server_port"], options["--test_case"]);
}
