// The host that leads to the pods' network, where the API server is not to carry builds.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/event.hpp"
#include "engine/async/failure.hpp"
#include "transport/dial_gate.hpp"
#include "transport/dialer.hpp"
#include "transport/stream.hpp"

namespace peelbox::cli::pool {

/// Each connection is an `ssh -W` of its own, with the user's configuration of ssh. A few are begun at a time. What keeps ssh from
/// connecting is the failure of the stream's first read. Shared by all connections of a command; one thread.
class bastion : public std::enable_shared_from_this<bastion> {
 public:
  /// `host`: as transport::ssh_forward_command() has it. `signer`: the command that signs a certificate; may be empty. `pause`: between two
  /// of its runs.
  bastion(std::string host, std::vector<std::string> signer, executor ex, std::chrono::steady_clock::duration pause = std::chrono::minutes(1))
      : host_(std::move(host)), signer_(std::move(signer)), pause_(pause), gate_(std::make_shared<transport::dial_gate>(transport::programs_at_once)),
        signed_(std::move(ex)) {}

  /// Runs the command that signs, if there is one: as long as transport::program_patience at most. Failures of transport::program_output().
  task<result<void>> sign();
  /// To the daemon's port of a pod. A certificate may have ended: when ssh has said "Permission denied" before, this signs again, after a
  /// pause.
  task<result<transport::stream_ptr>> connect(std::string pod, std::string address);

 private:
  class connection;

  std::string host_;
  std::vector<std::string> signer_;
  std::chrono::steady_clock::duration pause_;
  std::shared_ptr<transport::dial_gate> gate_;
  event signed_;
  bool signing_ = false;
  bool refused_ = false;
  std::chrono::steady_clock::time_point signed_at_{};
};

}  // namespace peelbox::cli::pool
