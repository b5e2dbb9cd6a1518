// HTTP/1.1 on one stream: one request after the other.
#pragma once

#include <string>

#include "engine/http/message.hpp"
#include "transport/stream.hpp"

namespace peelbox::http {

/// One exchange at a time, on one thread. Destruction closes the stream.
class connection {
 public:
  explicit connection(transport::stream_ptr on) : on_(std::move(on)) {}

  /// Sends the request and gives the reply, whatever its status. The reply is read while the request is still being sent:
  /// one that comes early (a refused upload) ends the sending. Failures: errc::connection, timed_out, protocol, limit, and
  /// those of the request's source and sink. After a failure or a cancellation the connection is not used again.
  task<result<reply>> exchange(request what, limits most);

  /// Another exchange may follow: the last one was complete, and neither side wants to end the connection.
  bool reusable() const noexcept { return reusable_; }
  /// The last exchange failed before any byte of a reply came: a peer may have closed an idle connection meanwhile.
  bool went_unanswered() const noexcept { return unanswered_; }

 private:
  struct progress;
  task<result<void>> send(const request& what, std::string head, limits most, progress& state);
  task<result<reply>> receive(const request& what, limits most, progress& state);

  transport::stream_ptr on_;
  bool reusable_ = true;
  bool unanswered_ = false;
};

/// One request on a stream that is not used again.
task<result<reply>> exchange(transport::stream_ptr on, request what, limits most);

}  // namespace peelbox::http
