#include "engine/client/status_stream.hpp"

#include <utility>

#include "engine/client/status_events.hpp"
#include "engine/progress/event_sink.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

namespace wire_v1 = moby::buildkit::v1;

// A slow daemon sends one event at a time, and each time the code and data that read and show it have left the processor's
// caches. So messages gather after each one that was read; the first after a silence is read at once. They gather a little
// longer than a display's interval, so that it can show them at once and needs no timer of its own.
constexpr std::chrono::milliseconds gathered_time = progress::shown_every + std::chrono::milliseconds(2);
constexpr std::size_t gathered_bytes = 32 << 10;

/// Since v0.12 the daemon tells the time of its clock, so that we can convert its times.
std::optional<progress::duration> clock_offset(const result<h2grpc::metadata>& headers) {
  if (headers.has_error()) return std::nullopt;
  const auto text = headers->get("buildkit-current-timestamp");
  if (!text) return std::nullopt;
  const auto theirs = parse_rfc3339(*text);
  if (!theirs) return std::nullopt;
  return std::chrono::time_point_cast<progress::duration>(std::chrono::system_clock::now()) - *theirs;
}

}  // namespace

task<grpc_status> read_status_stream(std::shared_ptr<h2grpc::connection> control, std::string ref,
                                     std::function<task<bool>(progress::batch)> take) {
  wire_v1::StatusRequest request;
  request.set_ref(ref);
  h2grpc::client_call call = control->open("/moby.buildkit.v1.Control/Status", h2grpc::metadata());
  result<void> sent = co_await call.send(h2grpc::encode(request));
  call.half_close();
  std::optional<progress::duration> offset;
  bool first = true;
  while (sent.has_value()) {
    if (!first && !call.has_message()) co_await call.gather(gathered_bytes, gathered_time);
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    if (std::exchange(first, false)) {
      result<h2grpc::metadata> headers = co_await call.initial_metadata();
      offset = clock_offset(headers);
    }
    result<wire_v1::StatusResponse> decoded = h2grpc::decode<wire_v1::StatusResponse>(**message, "Control/Status");
    if (decoded.has_error()) break;
    progress::batch events = to_events(std::move(*decoded));
    events.clock_offset = offset;
    const bool more = co_await take(std::move(events));
    if (!more) {
      call.cancel();
      break;
    }
  }
  co_return co_await call.finish();
}

}  // namespace peelbox::client
