#include "engine/session/content_service.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <set>
#include <utility>

#include "engine/async/varint.hpp"
#include "engine/session/unary_handler.hpp"
#include "proto/content.pb.h"

namespace peelbox::session {

namespace {

namespace content_wire = containerd::services::content::v1;
using h2grpc::code;
using h2grpc::make_status;

constexpr std::size_t read_unit = 1 << 20;

enum action : int { action_stat = 0, action_write = 1, action_commit = 2 };

/// What the calls of all sessions share.
struct shared_stores {
  store_book stores;
  blocking_pool& pool;
  /// Store and ref of what is being written now.
  std::set<std::pair<const content_store*, std::string>> writing;
};
using shared = std::shared_ptr<shared_stores>;

grpc_status status_of(const failure& why) {
  switch (why.code) {
    case errc::not_found: return make_status(code::not_found, why.text);
    case errc::usage: return make_status(code::invalid_argument, why.text);
    case errc::permission: return make_status(code::permission_denied, why.text);
    case errc::context: return make_status(code::failed_precondition, why.text);
    case errc::cancelled: return make_status(code::cancelled, why.text);
    default: return make_status(code::internal, why.text);
  }
}

struct chosen_store {
  std::shared_ptr<const content_store> store;
  std::shared_ptr<arrivals> seen;
  grpc_status status;
};

chosen_store store_of(h2grpc::server_call& call, const shared& all) {
  const auto id = call.request_metadata().get("buildkit-attachable-store-id");
  if (!id) return {nullptr, nullptr, make_status(code::invalid_argument, "no store is named: buildkit-attachable-store-id is missing")};
  const auto found = all->stores.find(std::string(*id));
  if (found == all->stores.end())
    return {nullptr, nullptr, make_status(code::not_found, "the client has no content store " + std::string(*id))};
  return {found->second.store, found->second.seen, {}};
}

task<result<content_store::blob>> open_blob(shared all, std::shared_ptr<const content_store> store, std::string digest) {
  auto open = [store, digest = std::move(digest)] { return store->open(digest); };
  result<content_store::blob> found = co_await all->pool.run(std::move(open));
  co_return found;
}

task<grpc_status> info(h2grpc::server_call& call, shared all) {
  chosen_store chosen = store_of(call, all);
  if (!chosen.store) co_return chosen.status;
  result<content_wire::InfoRequest> request = co_await receive_request<content_wire::InfoRequest>(call, "Content/Info");
  if (request.has_error()) co_return no_request(request.error());
  std::string digest = request->digest();
  result<content_store::blob> found = co_await open_blob(all, chosen.store, digest);
  if (found.has_error()) co_return status_of(found.error());
  content_wire::InfoResponse reply;
  reply.mutable_info()->set_digest(digest);
  reply.mutable_info()->set_size(static_cast<std::int64_t>(found->size));
  co_return co_await answer_with(call, std::move(reply));
}

/// ReadContentResponse without a copy of the data.
byte_chain encode_piece(std::uint64_t offset, std::string data) {
  std::array<char, 2 + 2 * max_varint> head{};
  char* end = head.data();
  if (offset != 0) {
    *end++ = 1 << 3;
    end = put_varint(end, offset);
  }
  *end++ = (2 << 3) | 2;
  end = put_varint(end, data.size());
  byte_chain message;
  message.append_copy(std::string_view(head.data(), static_cast<std::size_t>(end - head.data())));
  message.append(byte_slice::of(std::move(data)));
  return message;
}

result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_failure(errno, "cannot read a blob");
    if (n == 0) return failure(errc::context, "a blob became shorter while it was read", origin::user);
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

task<grpc_status> read(h2grpc::server_call& call, shared all) {
  chosen_store chosen = store_of(call, all);
  if (!chosen.store) co_return chosen.status;
  result<content_wire::ReadContentRequest> request = co_await receive_request<content_wire::ReadContentRequest>(call, "Content/Read");
  if (request.has_error()) co_return no_request(request.error());
  std::string digest = request->digest();
  result<content_store::blob> found = co_await open_blob(all, chosen.store, std::move(digest));
  if (found.has_error()) co_return status_of(found.error());
  const auto blob = std::make_shared<const content_store::blob>(std::move(*found));
  if (request->offset() < 0 || static_cast<std::uint64_t>(request->offset()) > blob->size)
    co_return make_status(code::out_of_range, "the blob has no such part");
  std::uint64_t at = static_cast<std::uint64_t>(request->offset());
  const std::uint64_t left = blob->size - at;
  // Who reads into a buffer asks for as much as that holds (containerd, core/content/proxy).
  const std::uint64_t wanted = request->size() <= 0 ? left : std::min(left, static_cast<std::uint64_t>(request->size()));
  for (const std::uint64_t end = at + wanted; at < end;) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(read_unit, end - at));
    auto job = [blob, at, size] { return read_at(blob->fd.get(), at, size); };
    result<std::string> piece = co_await all->pool.run(std::move(job));
    if (piece.has_error()) co_return status_of(piece.error());
    byte_chain message = encode_piece(at, std::move(*piece));
    result<void> sent = co_await call.send(std::move(message));
    // The daemon ends the call when it has what it wanted.
    if (sent.has_error()) co_return make_status(code::cancelled, sent.error().text);
    at += size;
  }
  co_return grpc_status{};
}

/// The only call that writes this ref of this store.
class held_ref {
 public:
  held_ref() = default;
  held_ref(const held_ref&) = delete;
  held_ref& operator=(const held_ref&) = delete;
  ~held_ref() {
    if (all_) all_->writing.erase(key_);
  }
  bool take(const shared& all, const content_store* store, const std::string& ref) {
    key_ = {store, ref};
    if (!all->writing.insert(key_).second) return false;
    all_ = all;
    return true;
  }
  explicit operator bool() const noexcept { return all_ != nullptr; }
  const std::string& name() const noexcept { return key_.second; }

 private:
  shared all_;
  std::pair<const content_store*, std::string> key_;
};

/// One dialogue of Write (containerd, plugins/services/content/contentserver).
struct ingest {
  std::shared_ptr<const content_store> store;
  held_ref ref;
  std::shared_ptr<blob_writer> writer;
  std::uint64_t total = 0;
  std::string expected;

  std::uint64_t offset() const noexcept { return writer ? writer->size() : 0; }
};

task<result<void>> begin(shared all, ingest& state) {
  auto job = [store = state.store] { return store->begin(); };
  result<std::unique_ptr<blob_writer>> made = co_await all->pool.run(std::move(job));
  if (made.has_error()) co_return made.error();
  state.writer = std::move(*made);
  co_return result<void>();
}

task<result<void>> append(shared all, ingest& state, std::string data) {
  if (!state.writer) {
    result<void> begun = co_await begin(all, state);
    if (begun.has_error()) co_return begun;
  }
  auto job = [writer = state.writer, data = std::move(data)] { return writer->write(data); };
  result<void> written = co_await all->pool.run(std::move(job));
  co_return written;
}

void note(const chosen_store& chosen, const std::string& digest, std::uint64_t bytes) {
  if (!chosen.seen) return;
  chosen.seen->last = digest;
  chosen.seen->bytes += bytes;
}

/// Takes what the request says of the whole; not OK when it contradicts what was said before.
grpc_status learn(const content_wire::WriteContentRequest& request, const shared& all, ingest& state) {
  if (!state.ref) {
    if (request.ref().empty()) return make_status(code::invalid_argument, "the first message of a write names no ref");
    if (!state.ref.take(all, state.store.get(), request.ref()))
      return make_status(code::unavailable, "ref " + request.ref() + " locked: another call writes it");
  } else if (!request.ref().empty() && request.ref() != state.ref.name()) {
    return make_status(code::invalid_argument, "a write has one ref");
  }
  if (request.total() < 0 || request.offset() < 0) return make_status(code::invalid_argument, "a size below zero");
  const auto total = static_cast<std::uint64_t>(request.total());
  if (total != 0 && state.total != 0 && total != state.total)
    return make_status(code::failed_precondition, "the size of the blob changed during its write");
  if (total != 0) state.total = total;
  if (!request.expected().empty()) {
    if (!state.expected.empty() && request.expected() != state.expected)
      return make_status(code::failed_precondition, "the digest of the blob changed during its write");
    state.expected = request.expected();
  }
  return {};
}

task<grpc_status> take_data(shared all, ingest& state, content_wire::WriteContentRequest& request) {
  const auto offset = static_cast<std::uint64_t>(request.offset());
  if (request.data().empty()) co_return grpc_status{};
  // Offset 0 begins again; elsewhere it only says where the writer is.
  if (offset == 0 && state.offset() != 0 && request.action() == action_write) state.writer.reset();
  if (offset != state.offset() && !(offset == 0 && request.action() == action_commit))
    co_return make_status(code::out_of_range, "the write goes on at another place than it stopped");
  if (state.total != 0 && state.offset() + request.data().size() > state.total)
    co_return make_status(code::failed_precondition, "the blob is larger than was said");
  std::string data = std::move(*request.mutable_data());
  result<void> written = co_await append(all, state, std::move(data));
  if (written.has_error()) co_return status_of(written.error());
  co_return grpc_status{};
}

task<grpc_status> commit(shared all, ingest& state, content_wire::WriteContentResponse& reply) {
  if (!state.writer) {
    result<void> begun = co_await begin(all, state);
    if (begun.has_error()) co_return status_of(begun.error());
  }
  auto job = [writer = state.writer, total = state.total, expected = state.expected] { return writer->commit(total, expected); };
  result<std::string> digest = co_await all->pool.run(std::move(job));
  if (digest.has_error()) co_return status_of(digest.error());
  reply.set_digest(*digest);
  co_return grpc_status{};
}

task<grpc_status> write(h2grpc::server_call& call, shared all) {
  chosen_store chosen = store_of(call, all);
  if (!chosen.store) co_return chosen.status;
  if (!chosen.store->writable())
    co_return make_status(code::permission_denied, chosen.store->directory() + " is only read in this build");
  ingest state;
  state.store = chosen.store;
  for (;;) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error()) co_return make_status(code::cancelled, message.error().text);
    if (!message.value()) co_return grpc_status{};
    result<content_wire::WriteContentRequest> request = h2grpc::decode<content_wire::WriteContentRequest>(**message, "Content/Write");
    if (request.has_error()) co_return no_request(request.error());
    grpc_status fine = learn(*request, all, state);
    if (!fine.ok()) co_return fine;
    if (!state.expected.empty() && state.offset() == 0) {
      result<content_store::blob> there = co_await open_blob(all, state.store, state.expected);
      if (there.has_value()) note(chosen, state.expected, 0);
      if (there.has_value()) co_return make_status(code::already_exists, "content " + state.expected + ": already exists");
      if (there.error().code != errc::not_found) co_return status_of(there.error());
    }
    content_wire::WriteContentResponse reply;
    if (request->action() != action_stat) fine = co_await take_data(all, state, *request);
    if (fine.ok() && request->action() == action_commit) fine = co_await commit(all, state, reply);
    if (!fine.ok()) co_return fine;
    if (request->action() == action_commit) note(chosen, reply.digest(), state.offset());
    reply.set_action(request->action());
    reply.set_offset(static_cast<std::int64_t>(state.offset()));
    reply.set_total(static_cast<std::int64_t>(state.total));
    byte_chain bytes = h2grpc::encode(reply);
    result<void> sent = co_await call.send(std::move(bytes));
    if (sent.has_error()) co_return make_status(code::cancelled, sent.error().text);
    if (request->action() == action_commit) co_return grpc_status{};
  }
}

/// What was written and not finished is gone, so no ref has a status.
task<grpc_status> status(h2grpc::server_call& call, shared) {
  result<content_wire::StatusRequest> request = co_await receive_request<content_wire::StatusRequest>(call, "Content/Status");
  if (request.has_error()) co_return no_request(request.error());
  co_return make_status(code::not_found, "ref " + request->ref() + ": not found");
}

task<grpc_status> list_statuses(h2grpc::server_call& call, shared) {
  content_wire::ListStatusesResponse none;
  co_return co_await answer_with(call, std::move(none));
}

task<grpc_status> abort(h2grpc::server_call& call, shared) {
  result<content_wire::AbortRequest> request = co_await receive_request<content_wire::AbortRequest>(call, "Content/Abort");
  if (request.has_error()) co_return no_request(request.error());
  content_wire::Empty done;
  co_return co_await answer_with(call, std::move(done));
}

/// No daemon asks what else there is.
task<grpc_status> list(h2grpc::server_call&, shared) { co_return grpc_status{}; }

}  // namespace

attachable content(store_book stores, blocking_pool& pool) {
  auto all = std::make_shared<shared_stores>(shared_stores{std::move(stores), pool, {}});
  return [all](h2grpc::method_table& methods) {
    using handler = task<grpc_status> (*)(h2grpc::server_call&, shared);
    const auto add = [&](const char* name, handler run) {
      methods.add(std::string("/containerd.services.content.v1.Content/") + name,
                  [all, run](h2grpc::server_call& call) { return run(call, all); });
    };
    add("Info", info);
    add("Read", read);
    add("Write", write);
    add("Status", status);
    add("ListStatuses", list_statuses);
    add("List", list);
    add("Abort", abort);
  };
}

}  // namespace peelbox::session
