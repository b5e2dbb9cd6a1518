// Three lines with paths: the order is consistent, cleaning twice changes nothing more, and what path_problem()
// accepts cannot leave the root.
#include <cstdlib>
#include <string>

#include "engine/filesync/path_order.hpp"

using namespace peelbox::filesync;

namespace {
int sign(int value) { return (value > 0) - (value < 0); }
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string paths[3];
  for (auto& path : paths) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    path = std::string(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  const auto& [a, b, c] = paths;
  if (sign(compare_paths(a, b)) != -sign(compare_paths(b, a))) std::abort();
  if (compare_paths(a, b) < 0 && compare_paths(b, c) < 0 && compare_paths(a, c) >= 0) std::abort();
  const std::string clean = clean_path(a);
  if (clean_path(clean) != clean) std::abort();
  if (!path_problem(a) && (clean != a || a.front() == '/')) std::abort();
  return 0;
}
