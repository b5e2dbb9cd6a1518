// A repository's configuration, whose values become provenance and labels of builds: reading one value and reading all agree.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/filesync/git_config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::pair<std::string, std::string>, std::string> last;
  for (filesync::git_config_item& one : filesync::git_config_items(text)) last[{one.section, one.key}] = one.value;
  std::size_t left = 50;
  for (const auto& [name, value] : last) {
    if (left-- == 0) break;
    if (filesync::git_config_value(text, name.first, name.second) != value) std::abort();
  }
  return 0;
}
