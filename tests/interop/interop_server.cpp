// grpc.testing.TestService over h2grpc: the server half of gRPC's interoperability tests
// (grpc/grpc, doc/interop-test-descriptions.md).
//
//     interop_server --port P      (0: any; the line "listening on PORT" says which)
//
// Ends when its standard input ends, so it cannot outlive the script that started it.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/async/sleep.hpp"
#include "h2grpc/rpc/server.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "tests/interop/interop.pb.h"
#include "transport/socket_stream.hpp"

namespace peelbox {
namespace {

namespace rpc = grpc::testing;
using h2grpc::server_call;
using asio::ip::tcp;

constexpr std::string_view service = "/grpc.testing.TestService/";
constexpr int largest_reply = 8 << 20;

/// The metadata that the caller wants back: one name in front of the reply, one behind it.
struct echoes {
  h2grpc::metadata initial;
  h2grpc::metadata trailing;

  explicit echoes(const h2grpc::metadata& request) {
    if (const auto v = request.get("x-grpc-test-echo-initial"))
      initial.add("x-grpc-test-echo-initial", std::string(*v));
    if (const auto v = request.get("x-grpc-test-echo-trailing-bin"))
      trailing.add("x-grpc-test-echo-trailing-bin", std::string(*v));
  }
};

grpc_status as_status(const failure& f) { return h2grpc::make_status(h2grpc::code::internal, f.text); }
grpc_status ok() { return h2grpc::make_status(h2grpc::code::ok); }

bool valid_size(int size) { return size >= 0 && size <= largest_reply; }
grpc_status wrong_size() { return h2grpc::make_status(h2grpc::code::invalid_argument, "size out of range"); }

template <class Message>
task<result<Message>> receive_one(server_call& call) {
  auto bytes = co_await call.receive();
  if (bytes.has_error()) co_return bytes.error();
  if (!bytes->has_value()) co_return failure(errc::protocol, "the request is missing");
  co_return h2grpc::decode<Message>(**bytes, call.path());
}

task<grpc_status> empty_call(server_call& call) {
  auto request = co_await receive_one<rpc::Empty>(call);
  if (request.has_error()) co_return as_status(request.error());
  auto sent = co_await call.send(h2grpc::encode(rpc::Empty()));
  co_return sent.has_error() ? as_status(sent.error()) : ok();
}

task<grpc_status> unary_call(server_call& call) {
  echoes echo(call.request_metadata());
  auto request = co_await receive_one<rpc::SimpleRequest>(call);
  if (request.has_error()) co_return as_status(request.error());
  call.send_initial_metadata(std::move(echo.initial));
  if (request->has_response_status())
    co_return grpc_status{request->response_status().code(), request->response_status().message(), {}};
  if (!valid_size(request->response_size())) co_return wrong_size();
  rpc::SimpleResponse reply;
  reply.mutable_payload()->set_body(std::string(static_cast<std::size_t>(request->response_size()), '\0'));
  auto sent = co_await call.send(h2grpc::encode(reply));
  if (sent.has_error()) co_return as_status(sent.error());
  call.finish(ok(), std::move(echo.trailing));
  co_return ok();
}

task<grpc_status> streaming_input_call(server_call& call) {
  std::size_t total = 0;
  for (;;) {
    auto bytes = co_await call.receive();
    if (bytes.has_error()) co_return as_status(bytes.error());
    if (!bytes->has_value()) break;
    auto request = h2grpc::decode<rpc::StreamingInputCallRequest>(**bytes, call.path());
    if (request.has_error()) co_return as_status(request.error());
    total += request->payload().body().size();
  }
  rpc::StreamingInputCallResponse reply;
  reply.set_aggregated_payload_size(static_cast<std::int32_t>(total));
  auto sent = co_await call.send(h2grpc::encode(reply));
  co_return sent.has_error() ? as_status(sent.error()) : ok();
}

task<result<void>> send_replies(server_call& call, const rpc::StreamingOutputCallRequest& request) {
  for (const auto& wanted : request.response_parameters()) {
    if (!valid_size(wanted.size())) co_return failure(errc::usage, "size out of range");
    if (wanted.interval_us() > 0) co_await sleep_for(std::chrono::microseconds(wanted.interval_us()));
    rpc::StreamingOutputCallResponse reply;
    reply.mutable_payload()->set_body(std::string(static_cast<std::size_t>(wanted.size()), '\0'));
    auto sent = co_await call.send(h2grpc::encode(reply));
    if (sent.has_error()) co_return sent;
  }
  co_return result<void>();
}

task<grpc_status> streaming_output_call(server_call& call) {
  auto request = co_await receive_one<rpc::StreamingOutputCallRequest>(call);
  if (request.has_error()) co_return as_status(request.error());
  auto sent = co_await send_replies(call, *request);
  co_return sent.has_error() ? as_status(sent.error()) : ok();
}

task<grpc_status> full_duplex_call(server_call& call) {
  echoes echo(call.request_metadata());
  call.send_initial_metadata(std::move(echo.initial));
  for (;;) {
    auto bytes = co_await call.receive();
    if (bytes.has_error()) co_return as_status(bytes.error());
    if (!bytes->has_value()) break;
    auto request = h2grpc::decode<rpc::StreamingOutputCallRequest>(**bytes, call.path());
    if (request.has_error()) co_return as_status(request.error());
    if (request->has_response_status())
      co_return grpc_status{request->response_status().code(), request->response_status().message(), {}};
    auto sent = co_await send_replies(call, *request);
    if (sent.has_error()) co_return as_status(sent.error());
  }
  call.finish(ok(), std::move(echo.trailing));
  co_return ok();
}

h2grpc::method_table methods() {
  h2grpc::method_table table;
  const auto add = [&](std::string_view name, task<grpc_status> (*handler)(server_call&)) {
    table.add(std::string(service) + std::string(name), handler);
  };
  add("EmptyCall", empty_call);
  add("UnaryCall", unary_call);
  add("StreamingInputCall", streaming_input_call);
  add("StreamingOutputCall", streaming_output_call);
  add("FullDuplexCall", full_duplex_call);
  return table;
}

task<void> serve_one(tcp::socket socket, const h2grpc::method_table& table, const logger& log) {
  const executor ex = co_await asio::this_coro::executor;
  auto stream = transport::make_socket_stream(transport::stream_socket(std::move(socket)), "client");
  auto connection = h2grpc::connection::create(h2grpc::role::server, std::move(stream), {}, ex, log);
  const failure why = co_await h2grpc::serve(connection, table);
  if (why.code != errc::closed) std::fprintf(stderr, "connection: %s\n", why.text.c_str());
}

task<void> accept_all(tcp::acceptor& listener, const h2grpc::method_table& table, const logger& log) {
  const executor ex = co_await asio::this_coro::executor;
  for (;;) {
    auto [error, socket] = co_await listener.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(ex, serve_one(std::move(socket), table, log), asio::detached);
  }
}

int run(unsigned short port) {
  asio::io_context io(1);
  const h2grpc::method_table table = methods();
  const logger log;
  tcp::acceptor listener(io, {asio::ip::address_v4::loopback(), port});
  std::printf("listening on %u\n", static_cast<unsigned>(listener.local_endpoint().port()));
  std::fflush(stdout);
  asio::co_spawn(io, accept_all(listener, table, log), asio::detached);
  asio::posix::stream_descriptor input(io, 0);
  char ignored = 0;
  input.async_read_some(asio::buffer(&ignored, 1), [&](auto, auto) { io.stop(); });
  io.run();
  // What is still under way ends with the process.
  std::_Exit(0);
}

}  // namespace
}  // namespace peelbox

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "--port") {
    std::fputs("usage: interop_server --port PORT\n", stderr);
    return 2;
  }
  return peelbox::run(static_cast<unsigned short>(std::atoi(argv[2])));
}
