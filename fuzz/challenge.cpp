// Any bytes as WWW-Authenticate and as a token server's answer: no crash, and the bounds hold.
#include "engine/registry/challenge.hpp"

#include <cstdint>
#include <string>

#include "engine/registry/scope.hpp"
#include "engine/registry/token.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::registry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto all = parse_challenges(text);
  require(all.size() <= 16);
  for (const challenge& one : all) {
    require(!one.scheme.empty() && one.parameters.size() <= 16);
    const scopes once = merge({std::string(one.parameter("scope"))}, {});
    require(merge(once, once) == once);
    (void)question_url({std::string(one.parameter("realm")), std::string(one.parameter("service")), once});
  }
  if (const challenge* chosen = choose(all)) require(chosen->scheme == "bearer" || chosen->scheme == "basic");
  if (const auto got = parse_token(text); got.has_value()) require(!got->value.empty() && got->expires_in.count() > 0);
  return 0;
}
