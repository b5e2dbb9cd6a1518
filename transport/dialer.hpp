// Endpoint -> stream.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "engine/async/environment.hpp"
#include "transport/dial_gate.hpp"
#include "transport/endpoint.hpp"
#include "transport/stream.hpp"
#include "transport/tls_options.hpp"
#include "transport/tls_stream.hpp"

namespace peelbox::transport {

/// How long each stage may take. `connect` holds per address of a host; they are tried beside each other.
struct dial_limits {
  std::chrono::milliseconds overall{20'000};
  std::chrono::milliseconds resolve{5'000};
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds handshake{10'000};
};

/// Programs that are started at a time by whoever shares a gate.
inline constexpr std::size_t programs_at_once = 4;

struct dial_options;

/// Dials one address again and again.
using address_dialer = std::function<task<result<stream_ptr>>()>;
/// Checks an address and reads what it needs; the dialer then dials it.
using dialer_factory = std::function<result<address_dialer>(const endpoint& where, const dial_options& options, const environment& variables)>;

struct dial_options {
  /// Not empty: use TLS, which is possible with tcp:// only.
  tls_options tls;
  /// Made of `tls` by prepare_tls(), for who dials several times: files are read once then, as pipes have to be.
  tls_setup_ptr prepared_tls;
  dial_limits limits;
  /// Of the connections to one daemon that programs carry.
  std::shared_ptr<dial_gate> gate;
  /// For kube-pod://, such as kubernetes::make_pod_dialer. Empty: such addresses are errc::unsupported; who does not want them is not
  /// linked with what they need.
  dialer_factory pods;
  /// How much longer than over a socket the first answer may take, because a person may have to act; what programs carry has that time
  /// anyway.
  std::chrono::milliseconds patience{0};
};

/// Connects, in `limits.overall`, but for what a program carries: that has the limits of process_stream.hpp, and who waits
/// for its first answer needs as much patience. podman-container://, nerdctl-container:// and ssh:// by their programs. Failures:
/// errc::connection, not_found, permission, timed_out, tls, usage (wrong TLS options), unsupported (npipe://), and
/// internal for docker://, docker-container://, kube-pod:// and spawn:, which engine/client resolves. Cancelling leaves nothing behind.
/// Both arguments are copied before it returns. They have to be named objects in a co_await expression
/// (engine/async/asio.cpp tells why).
task<result<stream_ptr>> dial(const endpoint& where, const dial_options& options);

}  // namespace peelbox::transport
