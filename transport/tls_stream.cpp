#include "transport/tls_stream.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/async/event.hpp"
#include "engine/async/timeout.hpp"
#include "transport/endpoint.hpp"
#include "transport/tls_context.hpp"
#include "transport/tls_explain.hpp"

namespace peelbox::transport {

struct tls_setup {
  tls_options options;
  ssl_context_ptr context;
};

namespace {

using namespace std::chrono_literals;

constexpr std::size_t tls_read_size = 256 << 10;
/// Largest plaintext of a record (RFC 8446, 5.1).
constexpr std::size_t record_size = 16 << 10;
/// How much plaintext is encrypted before the result is written: with its ciphertext it fits into a second-level cache.
constexpr std::size_t batch_size = 8 * record_size;
constexpr std::size_t block_capacity = batch_size + 8 * 256;

/// A growing block of ciphertext.
struct block {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t capacity = 0;
  std::size_t used = 0;

  void append(const char* data, std::size_t size) {
    if (capacity - used < size) {
      const std::size_t larger = std::max(std::max(block_capacity, 2 * capacity), used + size);
      auto moved = std::make_unique_for_overwrite<std::byte[]>(larger);
      if (used > 0) std::memcpy(moved.get(), bytes.get(), used);
      bytes = std::move(moved);
      capacity = larger;
    }
    std::memcpy(bytes.get() + used, data, size);
    used += size;
  }
};

/// The memory that OpenSSL reads from and writes to. It never waits and knows no sockets.
struct wire {
  byte_view input;
  bool input_ended = false;
  std::shared_ptr<block> output = std::make_shared<block>();
};

int wire_read(BIO* bio, char* to, std::size_t size, std::size_t* count) {
  auto& w = *static_cast<wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *count = std::min(size, w.input.size());
  if (*count == 0) {
    if (!w.input_ended) BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(to, w.input.data(), *count);
  w.input = w.input.subspan(*count);
  return 1;
}

int wire_write(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
  static_cast<wire*>(BIO_get_data(bio))->output->append(from, size);
  *count = size;
  return 1;
}

long wire_control(BIO* bio, int command, long, void*) {
  const auto& w = *static_cast<wire*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return w.input_ended && w.input.empty() ? 1 : 0;
    default: return 0;
  }
}

int wire_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO* new_wire_bio(wire& w) {
  // One method table for the process; OpenSSL has no static initialiser for it.
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "peelbox stream");
    BIO_meth_set_read_ex(m, wire_read);
    BIO_meth_set_write_ex(m, wire_write);
    BIO_meth_set_ctrl(m, wire_control);
    BIO_meth_set_create(m, wire_create);
    return m;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, &w);
  return bio;
}

class tls_stream final : public stream {
 public:
  tls_stream(executor ex, stream_ptr inner, tls_peer peer)
      : inner_(std::move(inner)), peer_(std::move(peer)), read_ended_(std::move(ex)) {}

  /// Prepares the session; call once.
  result<void> prepare(SSL_CTX* context) {
    ssl_.reset(SSL_new(context));
    if (!ssl_) return failure(errc::tls, "TLS cannot be set up: " + take_openssl_error());
    BIO* const bio = new_wire_bio(wire_);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());
    SSL_set_app_data(ssl_.get(), &peer_.report);
    SSL_set_verify(ssl_.get(), peer_.options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, [](int fine, X509_STORE_CTX* verification) {
      if (fine == 0) {
        const auto* ssl = static_cast<SSL*>(
            X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
        note_certificate_error(verification, *static_cast<certificate_report*>(SSL_get_app_data(ssl)));
      }
      return fine;
    });
    // RFC 7301; the list is length-prefixed.
    const std::string& protocol = peer_.options.protocol;
    std::vector<unsigned char> offered{static_cast<unsigned char>(protocol.size())};
    offered.insert(offered.end(), protocol.begin(), protocol.end());
    SSL_set_alpn_protos(ssl_.get(), offered.data(), static_cast<unsigned>(offered.size()));
    X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl_.get());
    const std::string name = peer_.expected.substr(0, peer_.expected.find('%'));
    bool set = false;
    if (is_ip_address(name)) {
      set = X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1;  // RFC 6066: no SNI for addresses
    } else {
      // Not the common name either: Go's programs have refused that since 2020, and RFC 9525 (2) does.
      X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
      set = SSL_set1_host(ssl_.get(), name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
    }
    if (!set)
      return failure(errc::usage, fmt::format("\"{}\" is not a name that a certificate can have: --tlsservername", name),
                     origin::user);
    return {};
  }

  task<result<void>> handshake() {
    for (;;) {
      ERR_clear_error();
      const int done = SSL_do_handshake(ssl_.get());
      std::optional<failure> why;
      if (done != 1 && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) why = handshake_failure();
      // Sent after a failure too: the alert tells the peer why we leave.
      auto sent = co_await flush();
      if (why) co_return *why;
      if (sent.has_error()) co_return broken_handshake(sent.error());
      if (done == 1) co_return check_protocol();
      auto bytes = co_await inner_->read();
      if (bytes.has_error()) co_return broken_handshake(bytes.error());
      if (bytes->empty()) co_return broken_handshake(failure(errc::closed, "the peer closed the connection"));
      wire_.input = *bytes;
    }
  }

  task<result<byte_view>> read() override {
    auto r = co_await read_some();
    if (r.has_error()) {
      if (r.error().code == errc::tls) peer_said_ = r.error();
      read_ended_.notify();
    }
    co_return r;
  }

  task<result<void>> write(byte_chain bytes) override {
    while (!bytes.empty()) {
      encrypt_batch(bytes);
      if (write_error_) co_return *write_error_;
      auto sent = co_await flush();
      if (sent.has_error()) co_return co_await better_reason(sent.error());
    }
    co_return result<void>();
  }

  task<result<void>> shutdown_write() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());  // queues close_notify; the peer may go on sending (RFC 8446, 6.1)
    ERR_clear_error();
    auto sent = co_await flush();
    if (sent.has_error()) co_return sent;
    co_return co_await inner_->shutdown_write();
  }

  void close() noexcept override { inner_->close(); }
  std::string describe() const override { return peer_.name; }

 private:
  task<result<byte_view>> read_some() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(tls_read_size);
    for (;;) {
      if (end_) co_return *end_;
      std::size_t total = 0;
      ERR_clear_error();
      while (total < tls_read_size) {
        std::size_t count = 0;
        const int status = SSL_read_ex(ssl_.get(), buffer_.get() + total, tls_read_size - total, &count);
        if (status == 1) {
          total += count;
          continue;
        }
        const int kind = SSL_get_error(ssl_.get(), status);
        if (kind != SSL_ERROR_WANT_READ) end_ = end_of_reading(kind);
        break;
      }
      if (total > 0) co_return byte_view(buffer_.get(), total);
      if (end_) co_return *end_;
      auto bytes = co_await inner_->read();
      if (bytes.has_error()) co_return bytes.error();
      wire_.input = *bytes;
      wire_.input_ended = bytes->empty();
    }
  }

  result<byte_view> end_of_reading(int kind) {
    const unsigned long error = ERR_peek_error();
    ERR_clear_error();
    if (kind == SSL_ERROR_ZERO_RETURN) return byte_view();
    if (wire_.input_ended)
      return failure(errc::connection, peer_.name + ": the connection was cut (no end of TLS was sent)",
                     origin::transport);
    return explain_tls_error(peer_, error);
  }

  /// Encrypts up to batch_size bytes of `bytes`. Small slices share a record; large ones are not copied together.
  void encrypt_batch(byte_chain& bytes) {
    std::size_t taken = 0;
    while (!bytes.empty() && taken < batch_size && !write_error_) {
      const byte_slice& first = bytes.slices().front();
      if (first.size() >= record_size) {
        encrypt(first.view().first(record_size));
        bytes.consume(record_size);
        taken += record_size;
        continue;
      }
      std::size_t gathered = 0;
      while (!bytes.empty() && gathered < record_size) {
        const byte_slice& next = bytes.slices().front();
        const std::size_t count = std::min(next.size(), record_size - gathered);
        std::memcpy(record_.data() + gathered, next.data(), count);
        gathered += count;
        bytes.consume(count);
      }
      encrypt(byte_view(record_.data(), gathered));
      taken += gathered;
    }
  }

  void encrypt(byte_view plain) {
    ERR_clear_error();
    std::size_t count = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count) == 1) return;
    write_error_ = failure(errc::tls, fmt::format("{}: TLS: {}", peer_.name, take_openssl_error()));
  }

  /// Writes what OpenSSL has produced to the layer below.
  task<result<void>> flush() {
    if (wire_.output->used == 0) co_return result<void>();
    // A read may produce output while this is being written, so OpenSSL gets another block.
    std::shared_ptr<block> full = std::exchange(wire_.output, std::move(spare_));
    if (!wire_.output) wire_.output = std::make_shared<block>();
    byte_chain chain(byte_slice(full, byte_view(full->bytes.get(), full->used)));
    auto sent = co_await inner_->write(std::move(chain));
    if (full.use_count() == 1) {
      full->used = 0;
      spare_ = std::move(full);
    }
    co_return sent;
  }

  /// A peer that refuses us sends an alert and closes. Our write then breaks, but the reason is in the alert, which is
  /// read at about the same time.
  task<failure> better_reason(failure broken) {
    if (broken.code != errc::connection) co_return broken;
    if (!peer_said_) co_await read_ended_.wait_for(500ms);
    co_return peer_said_ ? *peer_said_ : broken;
  }

  failure handshake_failure() {
    const unsigned long error = ERR_peek_error();
    ERR_clear_error();
    if (peer_.report.error != X509_V_OK) return explain_certificate(peer_);
    return explain_tls_error(peer_, error);
  }

  failure broken_handshake(const failure& f) const {
    if (f.code == errc::cancelled || f.code == errc::timed_out) return f;
    return failure(errc::tls,
                   fmt::format("{}: the peer ended the connection during the TLS handshake; perhaps it does not speak "
                               "TLS ({})",
                               peer_.name, f.text),
                   origin::peer);
  }

  result<void> check_protocol() const {
    const unsigned char* selected = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &selected, &size);
    const std::string_view name(reinterpret_cast<const char*>(selected), size);
    // A peer without ALPN selects nothing; then we assume what we offered, as on a connection without TLS.
    if (size == 0 || name == peer_.options.protocol) return {};
    return failure(errc::tls,
                   fmt::format("{}: the peer selected the protocol \"{}\" instead of {}", peer_.name, name,
                               peer_.options.protocol == "h2" ? "h2 (HTTP/2)" : peer_.options.protocol),
                   origin::peer);
  }

  stream_ptr inner_;
  tls_peer peer_;
  wire wire_;
  ssl_ptr ssl_;
  std::shared_ptr<block> spare_;
  std::unique_ptr<std::byte[]> buffer_;
  std::array<std::byte, record_size> record_;
  event read_ended_;
  std::optional<result<byte_view>> end_;
  std::optional<failure> peer_said_;
  std::optional<failure> write_error_;
};

}  // namespace

result<tls_setup_ptr> prepare_tls(tls_options options) {
  auto context = make_tls_context(options);
  if (context.has_error()) return context.error();
  options.key = {};  // nobody needs the text again
  return std::make_shared<const tls_setup>(tls_setup{std::move(options), std::move(*context)});
}

task<result<stream_ptr>> start_tls(stream_ptr inner, tls_setup_ptr setup, std::string host,
                                   std::chrono::milliseconds handshake_limit) {
  const executor ex = co_await asio::this_coro::executor;
  tls_peer peer;
  peer.name = inner->describe();
  peer.options = setup->options;
  peer.expected = peer.options.server_name.empty() ? std::move(host) : peer.options.server_name;
  std::string late = fmt::format("{}: the TLS handshake did not end within {} ms: does the peer speak TLS?", peer.name,
                                 handshake_limit.count());
  auto tls = std::make_unique<tls_stream>(ex, std::move(inner), std::move(peer));
  auto ready = tls->prepare(setup->context.get());
  if (ready.has_error()) co_return ready.error();
  auto work = tls->handshake();
  auto done = co_await with_timeout(std::move(work), handshake_limit, std::move(late));
  if (done.has_error()) co_return done.error();
  co_return stream_ptr(std::move(tls));
}

}  // namespace peelbox::transport
