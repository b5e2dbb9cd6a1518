// Any bytes as a file of kubectl: no crash, what is taken can be chosen from, and a file that comes a second time adds nothing.
#include "engine/kubernetes/kubeconfig.hpp"

#include <cstdint>
#include <string_view>

#include "engine/kubernetes/access.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::kubernetes;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  result<kubeconfig> read = parse_kubeconfig(text, "/k/config");
  if (read.has_error()) {
    require(!read.error().text.empty() && read.error().text.size() < 10'000 + size);
    return 0;
  }
  const std::size_t clusters = read->clusters.size(), users = read->users.size(), contexts = read->contexts.size();
  merge(*read, *read);
  require(read->clusters.size() == clusters && read->users.size() == users && read->contexts.size() == contexts);
  for (const auto& [name, context] : read->contexts) {
    const result<kubernetes::access> chosen = choose_access(*read, name, "", "a test");
    if (chosen.has_error()) require(!chosen.error().text.empty());
    else require(!chosen->server.where.host.empty() && !chosen->name_space.empty() && !chosen->prefix().ends_with('/'));
  }
  return 0;
}
