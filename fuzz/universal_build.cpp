// Any text gives a spec or a failure with a text; a spec that loads gives a plan or a failure, the same one
// twice.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/validate.hpp"

using namespace peelbox;

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

void plan_both(const spec::universal_build& service) {
  spec::plan_options options;
  options.platform = {"linux", "amd64", ""};
  const auto first = spec::make_plan(service, options);
  const auto second = spec::make_plan(service, options);
  require(first.has_value() == second.has_value());
  if (!first) {
    require(!first.error().text.empty());
    return;
  }
  require(first->image_config_json == second->image_config_json);
  require(first->definition.message.def_size() == second->definition.message.def_size());
  for (int i = 0; i < first->definition.message.def_size(); ++i)
    require(first->definition.message.def(i) == second->definition.message.def(i));
  require(!llb::describe(first->definition).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto loaded = spec::load({reinterpret_cast<const char*>(data), size}, "f");
  if (!loaded) {
    require(loaded.error().text.starts_with("f:"));
    return 0;
  }
  require(!loaded->services.empty());
  const auto checked = spec::check(*loaded);
  require(checked.has_value() || !checked.error().text.empty());
  for (std::size_t i = 0; i < loaded->services.size() && i < 3; ++i) plan_both(loaded->services[i]);
  return 0;
}
