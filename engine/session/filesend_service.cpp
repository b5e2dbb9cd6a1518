#include "engine/session/filesend_service.hpp"

#include <charconv>
#include <utility>

#include "engine/filesync/receiver.hpp"
#include "engine/session/bytes_message.hpp"
#include "engine/session/call_packets.hpp"

namespace peelbox::session {

namespace {

using h2grpc::code;
using h2grpc::make_status;

/// Bytes gathered before a pool thread writes them; the daemon sends pieces of 4 KiB to 3 MiB.
constexpr std::size_t write_unit = 512 << 10;
/// The same for a consumer, which writes to a socket.
constexpr std::size_t consumer_unit = 256 << 10;

std::size_t exporter_id(const h2grpc::metadata& headers) {
  // Daemons before v0.13 send none: there is one exporter.
  const std::string text(headers.get("buildkit-attachable-exporter-id").value_or("0"));
  std::size_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

grpc_status failed(export_targets& targets, const failure& why) {
  if (!targets.first_failure && why.code != errc::cancelled) targets.first_failure = why;
  return make_status(why.code == errc::cancelled ? code::cancelled : code::internal, why.text);
}

task<result<void>> flush(std::shared_ptr<output_file> file, byte_chain& pending, blocking_pool& pool) {
  auto job = [file, bytes = std::move(pending)]() -> result<void> { return file->write(bytes); };
  result<void> written = co_await pool.run(std::move(job));
  co_return written;
}

task<grpc_status> receive_file(h2grpc::server_call& call, std::shared_ptr<export_targets> targets,
                               std::shared_ptr<output_file> file, blocking_pool& pool) {
  byte_chain pending;
  for (;;) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error()) co_return failed(*targets, message.error());
    if (!message.value()) break;
    result<byte_slice> data = decode_bytes_message(**message);
    if (data.has_error()) co_return failed(*targets, data.error());
    targets->received.bytes_transferred += data->size();
    pending.append(std::move(*data));
    if (pending.size() < write_unit) continue;
    result<void> written = co_await flush(file, pending, pool);
    if (written.has_error()) co_return failed(*targets, written.error());
  }
  result<void> written = co_await flush(file, pending, pool);
  if (written.has_error()) co_return failed(*targets, written.error());
  auto settle = [file] { return file->settle(); };
  result<void> settled = co_await pool.run(std::move(settle));
  if (settled.has_error()) co_return failed(*targets, settled.error());
  co_return grpc_status{};
}

task<grpc_status> receive_directory(h2grpc::server_call& call, std::shared_ptr<export_targets> targets,
                                    directory_target target, blocking_pool& pool) {
  if (target.delete_others && call.request_metadata().get("buildkit-exporter-multi-platform") != "1")
    co_return failed(*targets, failure(errc::unsupported,
                                       "mode=delete of output " + target.path +
                                           " needs BuildKit 0.31 or newer; nothing was written or removed. Leave mode=delete "
                                           "out, and empty the directory yourself, or use a newer daemon.",
                                       origin::user));
  call_packets packets(call);
  filesync::receive_options options;
  options.delete_others = target.delete_others;
  auto receiving = filesync::receive_tree(target.path, packets, pool, targets->received, options);
  result<void> received = co_await std::move(receiving);
  if (received.has_error()) co_return failed(*targets, received.error());
  co_return grpc_status{};
}

/// Gathers the daemon's small messages into pieces that are worth a write.
task<result<std::optional<byte_chain>>> next_piece(h2grpc::server_call& call, export_targets& targets, bool& ended) {
  byte_chain piece;
  while (!ended && piece.size() < consumer_unit) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error()) co_return message.error();
    if (!message.value()) {
      ended = true;
      break;
    }
    result<byte_slice> data = decode_bytes_message(**message);
    if (data.has_error()) co_return data.error();
    targets.received.bytes_transferred += data->size();
    piece.append(std::move(*data));
  }
  if (piece.empty()) co_return std::optional<byte_chain>();
  co_return std::optional<byte_chain>(std::move(piece));
}

task<grpc_status> give_to_consumer(h2grpc::server_call& call, std::shared_ptr<export_targets> targets,
                                   consumer_target target) {
  bool ended = false;
  // A named object, so that it lives in this frame as long as the consumer runs.
  piece_source pieces = [&call, &ended, t = targets.get()] { return next_piece(call, *t, ended); };
  result<bool> wanted = co_await target.consume(call.request_metadata(), std::move(pieces));
  if (wanted.has_error()) co_return failed(*targets, wanted.error());
  // To the daemon this status means "the client has it" (exporter/oci/export.go).
  if (!*wanted) co_return make_status(code::already_exists, "the image is there already");
  co_return grpc_status{};
}

task<grpc_status> receive_diff_copy(h2grpc::server_call& call, std::shared_ptr<export_targets> targets, blocking_pool& pool) {
  const std::size_t id = exporter_id(call.request_metadata());
  const auto asked = targets->by_id.find(id);
  if (asked == targets->by_id.end())
    co_return make_status(code::not_found, "no output was asked for exporter " + std::to_string(id));
  const export_target target = asked->second;
  if (const auto* file = std::get_if<file_target>(&target)) {
    if (!file->file) co_return make_status(code::failed_precondition, "this output has no file");
    std::shared_ptr<output_file> open_file = file->file;
    co_return co_await receive_file(call, targets, std::move(open_file), pool);
  }
  if (const auto* consumer = std::get_if<consumer_target>(&target)) {
    consumer_target copy = *consumer;
    co_return co_await give_to_consumer(call, targets, std::move(copy));
  }
  directory_target directory = std::get<directory_target>(target);
  co_return co_await receive_directory(call, targets, std::move(directory), pool);
}

}  // namespace

void add_filesend_service(h2grpc::method_table& methods, std::shared_ptr<export_targets> targets,
                          blocking_pool& pool) {
  methods.add("/moby.filesync.v1.FileSend/DiffCopy", [targets = std::move(targets), &pool](h2grpc::server_call& call) {
    return receive_diff_copy(call, targets, pool);
  });
}

}  // namespace peelbox::session
