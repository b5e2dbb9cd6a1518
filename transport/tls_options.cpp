#include "transport/tls_options.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace peelbox::transport {
namespace {

result<std::string> one_of(const std::string& directory, std::array<std::string_view, 2> names) {
  for (const auto name : names) {
    std::string path = fmt::format("{}/{}", directory, name);
    struct stat ignored {};
    if (::stat(path.c_str(), &ignored) == 0) return path;
    if (errno != ENOENT) return errno_failure(errno, "--tlsdir: " + path);
  }
  return failure(errc::not_found,
                 fmt::format("--tlsdir {}: it contains neither {} nor {}", directory, names[0], names[1]),
                 origin::user);
}

}  // namespace

result<tls_options> tls_options_of_directory(const std::string& directory) {
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0) return errno_failure(errno, "--tlsdir " + directory);
  if (!S_ISDIR(about.st_mode))
    return failure(errc::usage, fmt::format("--tlsdir {}: it is not a directory", directory), origin::user);
  auto ca = one_of(directory, {"ca.pem", "ca.crt"});
  if (ca.has_error()) return ca.error();
  auto cert = one_of(directory, {"cert.pem", "tls.crt"});
  if (cert.has_error()) return cert.error();
  auto key = one_of(directory, {"key.pem", "tls.key"});
  if (key.has_error()) return key.error();
  tls_options options;
  options.ca = tls_material::file(std::move(*ca));
  options.certificate = tls_material::file(std::move(*cert));
  options.key = tls_material::file(std::move(*key));
  return options;
}

}  // namespace peelbox::transport
