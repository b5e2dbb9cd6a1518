// Workloads, one after the other, on one or two sides.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bench/invocation.hpp"
#include "cli/bench/report.hpp"
#include "cli/bench/workload.hpp"
#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/log.hpp"
#include "engine/client/route.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::cli::bench {

struct participant {
  side shown;
  client_program client;
  transport::endpoint address;
  std::shared_ptr<client::route> way;  ///< to the daemon, for what is not a client's run
};

struct plan {
  std::vector<participant> sides;  ///< one or two
  std::vector<workload> workloads;
  own_input own;
  std::vector<std::string> tls;  ///< --tls… flags for the clients
  unsigned runs = 7;
  std::chrono::milliseconds round_trip{20};
  std::chrono::seconds limit{600};  ///< of one run
  std::string scratch;              ///< a directory for trees, logs and sockets
  /// Makes the daemons forget all contexts after each first transfer, also those of others.
  bool prune = false;
};

struct listener {
  /// Before a workload.
  std::function<void(const workload&)> begins;
  /// After it, with all that was measured so far.
  std::function<void(const report&, const measured&)> ended;
};

/// For each workload: makes its tree, lets each side run once without counting, then `runs` times, the sides in turn and the first of a pair
/// alternating, and once more through a relay that counts bytes. A run begins when the daemon has become idle, as far as its CPU time can be
/// read. A workload that fails is in the report with the reason and the others go on. Cancelling ends the client that runs. `all` has sides and machine already; `pool` makes
/// the trees. `log` and `pool` must outlive it.
task<result<void>> measure(plan what, report& all, listener tell, blocking_pool& pool, const logger& log);

}  // namespace peelbox::cli::bench
