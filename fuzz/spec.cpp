// A spec file as somebody wrote it: to a service, to its problems, to a graph; and what is told of a text that is no JSON.
#include <cstdint>
#include <cstdlib>

#include "engine/spec/json_syntax.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/validate.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
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
  if (spec::check(*loaded).has_error()) return 0;
  for (const spec::universal_build& service : loaded->services) {
    spec::plan_options options;
    options.platform = {"linux", "amd64", ""};
    const auto plan = spec::make_plan(service, options);
    if (plan.has_value()) require(plan->definition.message.def_size() > 0);
    else require(!plan.error().text.empty());
  }
  return 0;
}
