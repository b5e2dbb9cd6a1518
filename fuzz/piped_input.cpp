// The first bytes of standard input: archive or text. An extended header is one of an archive.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/piped_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (cli::begins_with_extension(bytes) && !cli::is_archive(bytes)) std::abort();
  return 0;
}
