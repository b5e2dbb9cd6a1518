// Any bytes as Docker's framing of stdout and stderr, whole and in two pieces: no crash, both ways the same content and
// the same end, and never more content than bytes.
#include "transport/stdcopy.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::transport;

namespace {

struct outcome {
  std::string out;
  std::string error;
  std::optional<std::string> failed;
  bool at_boundary = false;
  bool operator==(const outcome&) const = default;
};

outcome run(std::string_view first, std::string_view second) {
  stdcopy frames;
  outcome o;
  for (const std::string_view part : {first, second}) {
    const auto fed = frames.feed(as_bytes(part), [&](stdcopy::source from, byte_view piece) {
      require(!piece.empty());
      (from == stdcopy::source::out ? o.out : o.error) += as_text(piece);
    });
    if (fed.has_value()) continue;
    require(!fed.error().text.empty() && fed.error().text.size() < 2000);
    o.failed = fed.error().text;
    break;
  }
  if (!o.failed) o.at_boundary = frames.at_boundary();
  return o;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  const outcome whole = run(text, "");
  require(whole == run(text.substr(0, cut), text.substr(cut)));
  require(whole.out.size() + whole.error.size() <= text.size());
  return 0;
}
