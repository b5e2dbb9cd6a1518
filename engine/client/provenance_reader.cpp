#include "engine/client/provenance_reader.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "engine/async/timeout.hpp"
#include "engine/client/content_reader.hpp"
#include "engine/client/history_stream.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

namespace wire_v1 = moby::buildkit::v1;
using texts = std::map<std::string, std::string>;

/// The record of the build; std::nullopt when the daemon does not have it.
task<result<std::optional<wire_v1::BuildHistoryRecord>>> read_record(std::shared_ptr<h2grpc::connection> control,
                                                                     std::string ref) {
  wire_v1::BuildHistoryRequest request;
  request.set_ref(std::move(ref));
  request.set_earlyexit(true);
  std::optional<wire_v1::BuildHistoryRecord> record;
  auto take = [&record](const wire_v1::BuildHistoryEvent& event) {
    if (event.type() == history_complete) record = event.record();
    return true;
  };
  const grpc_status status = co_await read_history_stream(control, std::move(request), take);
  if (!status.ok() && status.code != static_cast<int>(h2grpc::code::unimplemented))
    co_return h2grpc::status_failure(status, "build history");
  co_return record;
}

/// Stops reading when a daemon sends more than it announced.
task<result<std::string>> read_predicate(std::shared_ptr<h2grpc::connection> control, provenance_blob blob) {
  std::string text;
  std::function<bool(std::string_view)> take = [&](std::string_view piece) {
    text += piece;
    return text.size() <= blob.size;
  };
  auto reading = read_blob(std::move(control), blob.digest, take);
  result<void> read = co_await std::move(reading);
  if (read.has_error()) co_return read.error();
  if (text.size() != blob.size)
    co_return failure(errc::protocol, fmt::format("the daemon's content is not {} of {} bytes", blob.digest, blob.size),
                      origin::peer);
  co_return text;
}

task<result<texts>> read_all(std::shared_ptr<h2grpc::connection> control, std::string ref, provenance_mode mode) {
  texts all;
  const auto record = co_await read_record(control, std::move(ref));
  if (record.has_error()) co_return record.error();
  if (!record.value()) co_return all;
  const result<std::vector<provenance_blob>> blobs = choose_provenance(**record);
  if (blobs.has_error()) co_return blobs.error();
  for (const provenance_blob& one : *blobs) {
    const result<std::string> predicate = co_await read_predicate(control, one);
    if (predicate.has_error()) co_return predicate.error();
    result<std::string> text = metadata_provenance(*predicate, one.predicate_type, mode);
    if (text.has_error()) co_return text.error();
    all[one.key] = std::move(*text);
  }
  co_return all;
}

}  // namespace

task<result<texts>> read_provenance(std::shared_ptr<h2grpc::connection> control, std::string ref, provenance_mode mode,
                                    std::chrono::steady_clock::duration limit) {
  std::string what = fmt::format("the daemon did not tell it within {} s",
                                 std::chrono::duration_cast<std::chrono::seconds>(limit).count());
  task<result<texts>> reading = read_all(std::move(control), std::move(ref), mode);
  co_return co_await with_timeout(std::move(reading), limit, std::move(what));
}

}  // namespace peelbox::client
