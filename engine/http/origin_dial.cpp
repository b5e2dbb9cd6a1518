#include "engine/http/origin_dial.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/async/timeout.hpp"
#include "transport/hijack_stream.hpp"

namespace peelbox::http {
namespace {

task<result<transport::stream_ptr>> dial_tcp(origin_address to, transport::dial_limits limits) {
  transport::endpoint where;
  where.kind = transport::scheme::tcp;
  where.text = to.text();
  where.host = to.host;
  where.port = to.port;
  transport::dial_options plain;
  plain.limits = limits;
  auto dialling = transport::dial(where, plain);
  co_return co_await std::move(dialling);
}

/// Asks a proxy for a way to `to` (RFC 9110, 9.3.6).
task<result<transport::stream_ptr>> connect_through(transport::stream_ptr on, proxy through, origin_address to) {
  const std::string authority =
      fmt::format("{}:{}", to.host.find(':') == to.host.npos ? to.host : "[" + to.host + "]", to.port);
  transport::http_headers headers;
  add_proxy_credentials(through, headers);
  result<std::string> head = transport::http_request_head("CONNECT", authority, authority, headers);
  if (head.has_error()) co_return head.error();
  byte_chain bytes(byte_slice::of(std::move(*head)));
  result<void> sent = co_await on->write(std::move(bytes));
  if (sent.has_error()) co_return sent.error();
  transport::http_reply reply(64 << 10, true);
  for (;;) {
    result<byte_view> got = co_await on->read();
    if (got.has_error()) co_return got.error();
    result<bool> done = got->empty() ? reply.end() : reply.feed(*got);
    if (done.has_error()) co_return done.error();
    if (*done) break;
  }
  if (reply.status() / 100 != 2)
    co_return failure(errc::connection,
                      fmt::format("the proxy {} refuses a connection to {}: {} {}", through.where.text(), authority,
                                  reply.status(), reply.reason()),
                      origin::peer);
  std::string left = reply.take_leftover();
  if (left.empty()) co_return std::move(on);
  co_return transport::make_prefixed_stream(std::move(on), std::move(left));
}

}  // namespace

void add_proxy_credentials(const proxy& through, transport::http_headers& headers) {
  const std::string_view both = through.credentials;
  if (both.empty()) return;
  const auto colon = both.find(':');
  headers.emplace_back("Proxy-Authorization", basic_credentials(both.substr(0, colon), colon == both.npos ? std::string_view() : both.substr(colon + 1)));
}

task<result<transport::stream_ptr>> dial_origin(origin_address to, origin_dial how) {
  auto dialling = dial_tcp(how.through ? how.through->where : to, how.limits);
  result<transport::stream_ptr> stream = co_await std::move(dialling);
  if (stream.has_error()) co_return stream.error();
  if (how.through) {
    if (how.through->where.tls) {
      auto handshake = transport::start_tls(std::move(*stream), how.proxy_tls, how.through->where.host, how.limits.handshake);
      stream = co_await std::move(handshake);
      if (stream.has_error()) co_return stream.error();
    }
    if (!to.tls) co_return stream;
    auto work = connect_through(std::move(*stream), *how.through, to);
    std::string late =
        fmt::format("the proxy {} did not answer within {} ms", how.through->where.text(), how.limits.overall.count());
    stream = co_await with_timeout(std::move(work), how.limits.overall, std::move(late));
    if (stream.has_error()) co_return stream.error();
  }
  if (!to.tls) co_return stream;
  auto handshake = transport::start_tls(std::move(*stream), how.tls, to.host, how.limits.handshake);
  co_return co_await std::move(handshake);
}

}  // namespace peelbox::http
