// Requests to one API server.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/async/environment.hpp"
#include "engine/kubernetes/access.hpp"
#include "engine/kubernetes/api_path.hpp"
#include "engine/kubernetes/exec_stream.hpp"
#include "engine/kubernetes/kept_list.hpp"
#include "transport/dialer.hpp"

namespace peelbox::kubernetes {

struct client_limits {
  transport::dial_limits dial;
  std::chrono::milliseconds reply{60'000};  ///< the server's own limit of a request
  /// For one question with all its tries.
  std::chrono::milliseconds overall{120'000};
  unsigned tries = 4;
  std::chrono::milliseconds first_pause{200};
};

struct patch_options {
  /// The object must not have changed since: errc::lost when it has. Empty: whatever it is now.
  std::string resource_version;
  bool dry_run = false;
};

struct delete_options {
  /// The object must be this one, and must not have changed since: errc::lost when it is not, or has.
  std::string uid;
  std::string resource_version;
  bool dry_run = false;
};

/// Objects as they were at one time.
struct listing {
  boost::json::array items;
  std::string version;  ///< from where a watch goes on
};

/// Takes events in their order. A failure ends the watch.
using event_sink = std::function<result<void>(const watch_event& event)>;

/// Used by several coroutines of one thread; must outlive their calls. Failures of all questions: errc::permission,
/// not_found, lost (conflict, or expired: read again), limit, connection, timed_out, tls, usage (files), protocol. What it says
/// names the request, the server and whose credentials were used.
///
/// A question that only reads is tried again after a broken connection and a status of 5xx; each one after 429 and 503
/// with Retry-After, and once after 401 with credentials that were read anew (client-go, rest/with_retry.go).
class client {
 public:
  /// Reads no file yet. Proxies are those of the kubeconfig, else of `variables`.
  client(access to, environment variables, executor ex, client_limits limits = {});
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  const access& reached() const noexcept;

  task<result<boost::json::value>> get(object_path what);
  /// All pages. A list that expires between its pages is read once more from the start.
  task<result<listing>> snapshot(object_path what, query_list selectors = {});
  /// The items of a snapshot, as one array.
  task<result<boost::json::value>> list(object_path what, query_list selectors = {});
  /// One request of a watch: what happened after `version`, as it happens, until the server ends it, which it does after `lasts`; silence that
  /// is longer is errc::timed_out. errc::lost: it does not know the version any more. Not tried again but after a 401; watch() does that.
  task<result<void>> follow(object_path what, query_list selectors, std::string version, std::chrono::seconds lasts, event_sink take);
  /// A merge patch (RFC 7386); gives the object as it is now. Not tried again after a broken connection.
  task<result<boost::json::value>> patch(object_path what, boost::json::value change, patch_options how = {});

  /// Deletes one object. Finalizers may keep it for a while. Not tried again after a broken connection.
  task<result<void>> remove(object_path what, delete_options how);

  /// Runs a program in a container (empty: the only one) of a pod; the stream is its input and output. What it says on stderr and how it
  /// ended is in the failure that reports its end. Where the server speaks v4.channel.k8s.io only, shutdown_write() has no
  /// effect: there is no word for it. `name` is what messages call it; `fate` is that of make_exec_stream().
  task<result<transport::stream_ptr>> exec(std::string name_space, std::string pod, std::string container,
                                           std::vector<std::string> argv, std::string name, pod_fate fate = {});

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace peelbox::kubernetes
