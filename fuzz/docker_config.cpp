// Any bytes as Docker's config.json: no crash, the bounds hold, and look-ups work on whatever was accepted.
#include "engine/docker/config.hpp"

#include <cstdint>
#include <string>

#include "engine/docker/credentials.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::docker;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto c = parse_config(text, "config.json");
  if (c.has_error()) {
    require(c.error().text.starts_with("config.json: "));
    return 0;
  }
  for (const auto& [key, entry] : c->auths) {
    require(host_of_key(key).size() <= key.size());
    const auto login = find_in_auths(c->auths, key, c->file);
    if (login.has_error()) require(login.error().code == errc::usage);
    (void)helper_of(*c, key);
  }
  for (const char* host : {"registry-1.docker.io", "localhost:5000", ""}) {
    const auto login = find_in_auths(c->auths, host, c->file);
    if (login.has_error()) require(login.error().code == errc::usage);
    (void)helper_of(*c, host);
  }
  return 0;
}
