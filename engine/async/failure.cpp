#include "engine/async/failure.hpp"

#include <boost/asio/error.hpp>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace peelbox {

void throw_exception_from_error(const failure& f, const boost::source_location&) {
  throw std::logic_error("value of a failed result: " + f.text);
}

failure errno_failure(int error_number, std::string_view what) {
  errc code = errc::io;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: code = errc::not_found; break;
    case EACCES:
    case EPERM: code = errc::permission; break;
    default: break;
  }
  return failure(code, std::string(what) + ": " + std::generic_category().message(error_number));
}

failure transport_failure(const boost::system::error_code& code, std::string_view what) {
  namespace error = boost::asio::error;
  errc c = errc::connection;
  if (code == error::operation_aborted) c = errc::cancelled;
  else if (code == error::eof) c = errc::closed;
  else if (code == error::timed_out) c = errc::timed_out;
  return failure(c, std::string(what) + ": " + code.message(), origin::transport);
}

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::cancelled: return "cancelled";
    case errc::timed_out: return "timed out";
    case errc::closed: return "closed";
    case errc::connection: return "connection";
    case errc::lost: return "lost";
    case errc::tls: return "tls";
    case errc::protocol: return "protocol";
    case errc::remote: return "remote";
    case errc::usage: return "usage";
    case errc::context: return "context";
    case errc::not_found: return "not found";
    case errc::permission: return "permission";
    case errc::io: return "io";
    case errc::limit: return "limit";
    case errc::unsupported: return "unsupported";
    case errc::internal: return "internal";
  }
  return "unknown";
}

}  // namespace peelbox
