#include "engine/session/identity.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "engine/oci/digest.hpp"

namespace peelbox::session {

std::string random_id() {
  std::array<std::uint8_t, 25> random{};
  std::size_t filled = 0;
  while (filled < random.size()) {
    const ssize_t n = getrandom(random.data() + filled, random.size() - filled, 0);
    if (n < 0) throw std::runtime_error("getrandom failed: the system has no randomness");
    filled += static_cast<std::size_t>(n);
  }
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string id;
  for (const std::uint8_t byte : random) id += digits[byte % 36];
  return id;
}

std::string shared_key_for(const std::string& canonical_path, const std::string& ignore_mode) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::string whole = canonical_path + '\0' + ignore_mode + '\0' + host.data();
  constexpr std::size_t prefix = std::string_view("sha256:").size();
  return "peelbox-" + oci::digest_of(whole).substr(prefix, 32);
}

}  // namespace peelbox::session
