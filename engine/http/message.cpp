#include "engine/http/message.hpp"

#include "engine/async/ascii.hpp"
#include "engine/async/base64.hpp"

namespace peelbox::http {

std::string_view reply::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (key.size() != name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; same && i < key.size(); ++i) same = to_lower(key[i]) == to_lower(name[i]);
    if (same) return value;
  }
  return {};
}

std::string basic_credentials(std::string_view user, std::string_view secret) {
  std::string both(user);
  both += ':';
  both += secret;
  std::string out = "Basic ";
  append_base64(both, out);
  return out;
}

std::string bearer_credentials(std::string_view token) { return "Bearer " + std::string(token); }

}  // namespace peelbox::http
