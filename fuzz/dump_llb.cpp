// A definition on standard input as JSON lines and as a graph: any bytes give text that can be read again, or a failure.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/llb/dump.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto lines = llb::dump_json(bytes, "x");
  const auto graph = llb::dump_dot(bytes, "x");
  if (lines.has_value() != graph.has_value()) std::abort();
  if (lines.has_error()) return 0;
  std::string_view left = *lines;
  while (!left.empty()) {
    const auto end = left.find('\n');
    if (end == left.npos) std::abort();
    if (left.substr(0, end).find_first_of("<>&") != left.npos) std::abort();
    left.remove_prefix(end + 1);
  }
  if (!graph->starts_with("digraph {\n") || !graph->ends_with("}\n")) std::abort();
  return 0;
}
