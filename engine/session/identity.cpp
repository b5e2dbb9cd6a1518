#include "engine/session/identity.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <stdexcept>

#include "engine/session/user_secret.hpp"

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

std::string machine_text() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string text(host.data());
  std::ifstream file("/etc/machine-id");
  std::string id(64, '\0');
  file.read(id.data(), static_cast<std::streamsize>(id.size()));
  id.resize(static_cast<std::size_t>(file.gcount()));
  return text + '\0' + id;
}

std::string shared_key_for(const user_secret& user, const std::string& canonical_path, const std::string& ignore_mode) {
  return "peelbox-" + user.derive("shared key", machine_text() + '\0' + canonical_path + '\0' + ignore_mode);
}

}  // namespace peelbox::session
