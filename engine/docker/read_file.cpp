#include "engine/docker/read_file.hpp"

#include "engine/async/read_file.hpp"

namespace peelbox::docker {

result<std::optional<std::string>> read_small_file(const std::string& path) {
  result<std::string> text = read_file(path, path, largest_config_file);
  if (text.has_value()) return std::optional<std::string>(std::move(*text));
  if (text.error().code == errc::not_found) return std::optional<std::string>();
  return text.error();
}

}  // namespace peelbox::docker
