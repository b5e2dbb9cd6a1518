// What went wrong: a code to branch on, who caused it, and a text for people.
#pragma once

#include <boost/system/result.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox {

enum class errc {
  cancelled,     ///< somebody on our side asked to stop
  timed_out,     ///< a limit of ours passed
  closed,        ///< the peer ended the stream or connection in an orderly way
  connection,    ///< no connection, or it broke
  lost,          ///< the daemon went away in the middle of its work: trying again may help
  tls,           ///< certificates, names, handshake
  protocol,      ///< the peer broke a rule of HTTP/2, gRPC or file sync
  remote,        ///< the peer answered with a gRPC status other than OK: see failure::status
  usage,         ///< a flag, address, spec or pattern that a person wrote is wrong
  context,       ///< a file of the build context changed, vanished or cannot be read
  not_found,     ///< a file or name that has to exist does not
  permission,    ///< the operating system refuses
  io,            ///< any other error of a file or directory
  limit,         ///< something is larger than a bound
  unsupported,   ///< the daemon cannot do this, often because it is too old
  internal,      ///< a bug of ours
};

enum class origin { us, user, peer, transport };

/// One typed detail of a gRPC status: google.protobuf.Any. BuildKit puts JSON into `value`
/// (util/grpcerrors/grpcerrors.go).
struct status_detail {
  std::string type_url;
  std::string value;
};

/// The gRPC status that a peer answered with. `code` 0 is OK. `message` is text of the peer: untrusted.
struct grpc_status {
  int code = 0;
  std::string message;
  std::vector<status_detail> details;

  bool ok() const noexcept { return code == 0; }
};

/// `text` says what failed and where, and what to do if a person can do something. It may quote text of the peer, so it
/// is sanitised where it is printed. A copy is expensive: for error paths only.
class [[nodiscard]] failure {
 public:
  /// For boost::system::result, which makes an empty error for a value.
  failure() = default;
  failure(errc c, std::string t, origin o = origin::us) : code(c), who(o), text(std::move(t)) {}

  errc code = errc::internal;
  origin who = origin::us;
  std::string text;
  /// Set when code == errc::remote, and where a reset or a broken connection was mapped to a status.
  std::shared_ptr<const grpc_status> status;

  /// The same failure with "where: " before its text.
  failure in(std::string_view where) && {
    text.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }
  failure in(std::string_view where) const& { return failure(*this).in(where); }
};

/// Either a value or a failure. Asking a failed result for its value throws std::logic_error with the text: a bug.
template <class T = void>
using result = boost::system::result<T, failure>;

[[noreturn]] void throw_exception_from_error(const failure& f, const boost::source_location& where);

/// `errno` value -> failure with errc::not_found, permission or io and "what: reason".
failure errno_failure(int error_number, std::string_view what);

/// Error of an Asio socket operation -> failure with errc::cancelled, closed, timed_out or connection.
failure transport_failure(const boost::system::error_code& code, std::string_view what);

std::string_view to_string(errc code) noexcept;

}  // namespace peelbox
