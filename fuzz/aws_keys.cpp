// AWS's files, from which caches get their keys: keys are whole, and of one line each.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/aws_keys.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* profile : {"default", "ci"}) {
    const auto keys = cli::find_aws_keys(text, text, profile);
    if (keys && (keys->id.empty() || keys->secret.empty())) std::abort();
    if (keys && (keys->id + keys->secret + keys->session_token).find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
