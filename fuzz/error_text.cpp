// A failed build with any status: the text is harmless and bounded.
#include "engine/client/error_text.hpp"

#include <cstdint>
#include <cstdlib>

#include "engine/progress/sanitize.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  static constexpr const char* names[] = {"errdefs.Vertex+json", "errdefs.Source+json", "errdefs.Solve+json",
                                          "gatewayapi.ExitMessage+json", "policysession.DecisionResponse+json", "stack.Stack+json"};
  // The input is a message and details, each ended by a zero byte; the first byte of a detail chooses its type.
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next = [&rest] {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
  };
  grpc_status status;
  status.code = 2;
  status.message = std::string(next());
  while (!rest.empty()) {
    const std::string_view field = next();
    if (field.empty()) continue;
    const auto type = static_cast<unsigned char>(field[0]) % std::size(names);
    status.details.push_back({std::string("github.com/moby/buildkit/") + names[type], std::string(field.substr(1))});
  }
  progress::trace picture;
  progress::batch events;
  const progress::wall_time now{std::chrono::hours(24 * 365 * 54)};
  events.vertices.push_back({"d", {}, status.message, false, now, now, "boom", std::nullopt});
  events.logs.push_back({"d", 1, status.message, now});
  picture.apply(events, now);
  picture.finish(now);
  failure why(errc::remote, "failed to solve: " + status.message, origin::peer);
  why.status = std::make_shared<const grpc_status>(std::move(status));
  const std::string text = client::error_text(why, picture);
  if (progress::sanitize(text) != text) std::abort();
  return 0;
}
