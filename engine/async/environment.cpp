#include "engine/async/environment.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace peelbox {

environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

std::optional<std::string> find_program(const environment& variables, std::string_view name) {
  if (name.find('/') != name.npos) return std::string(name);
  const std::string path = variables("PATH").value_or("");
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    const std::string_view directory = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    if (directory.empty()) continue;
    std::string file = fmt::format("{}/{}", directory, name);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

}  // namespace peelbox
