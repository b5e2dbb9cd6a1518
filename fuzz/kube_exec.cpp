// Any bytes as a message of exec, as the Status in it, and as what a plugin prints: no crash, and content is never more than came.
#include "engine/kubernetes/exec_frames.hpp"

#include <cstdint>
#include <string_view>

#include "engine/kubernetes/api_status.hpp"
#include "engine/kubernetes/exec_credential.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::kubernetes;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const result<exec_message> message = parse_exec_message(as_bytes(text));
  require(message.has_value() == (size > 0 && data[0] >= 1 && data[0] <= 3));
  if (message.has_value()) {
    require(message->content.size() + 1 == size);
    const auto status = parse_status(as_text(message->content));
    if (status) require(status->message.size() <= 1000 && status->code >= 0 && status->code < 1000);
  }
  byte_chain bytes;
  bytes.append_copy(text);
  std::size_t left = bytes.size();
  while (left > 0) {
    const std::size_t taken = next_input(bytes).size() - 1;
    require(taken > 0 && taken <= most_of_exec_message && taken <= left);
    left -= taken;
    require(bytes.size() == left);
  }
  const asked question{"get", {pods(), "n", "p", "exec"}, "someone", "https://k"};
  for (const int code : {401, 403, 404, 409, 500}) require(!refusal(question, code, text).text.empty());
  exec_plugin plugin;
  plugin.command = "plugin";
  plugin.api_version = "client.authentication.k8s.io/v1";
  (void)parse_exec_credential(plugin, text);
  return 0;
}
