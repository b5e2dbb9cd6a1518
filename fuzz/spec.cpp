// Any text as a spec file: to services, to their problems, to a graph; and the explanation of a text that is no JSON.
// The same spec gives the same plan twice.
#include <cstdint>

#include "engine/llb/definition.hpp"
#include "engine/spec/json_syntax.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/validate.hpp"
#include "fuzz/require.hpp"

namespace {

using namespace peelbox;

void plan_twice(const spec::universal_build& service) {
  spec::plan_options options;
  options.platform = {"linux", "amd64", ""};
  const auto first = spec::make_plan(service, options);
  const auto second = spec::make_plan(service, options);
  require(first.has_value() == second.has_value());
  if (first.has_error()) {
    require(!first.error().text.empty());
    return;
  }
  require(first->image_config_json == second->image_config_json);
  require(first->definition.message.def_size() > 0);
  require(first->definition.message.def_size() == second->definition.message.def_size());
  for (int i = 0; i < first->definition.message.def_size(); ++i)
    require(first->definition.message.def(i) == second->definition.message.def(i));
  require(!llb::describe(first->definition).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = spec::load(text, "spec.json");
  const auto mistake = spec::find_json_mistake(text);
  if (mistake) require(mistake->offset <= size && !mistake->text.empty());
  if (loaded.has_error()) {
    require(loaded.error().text.starts_with("spec.json:"));
    return 0;
  }
  require(!loaded->services.empty());
  if (!text.starts_with("\xEF\xBB\xBF")) require(!mistake);
  const auto checked = spec::check(*loaded);
  if (checked.has_error()) {
    require(!checked.error().text.empty());
    return 0;
  }
  constexpr std::size_t most = 3;  // a thousand services say no more
  for (std::size_t i = 0; i < loaded->services.size() && i < most; ++i) plan_twice(loaded->services[i]);
  return 0;
}
