#include "engine/spec/plan.hpp"

namespace peelbox::spec {

daemon_abilities abilities_of(std::string_view) { return {}; }
result<plan_result> make_plan(const universal_build&, const plan_options&) {
  return failure(errc::unsupported, "not yet");
}

}  // namespace peelbox::spec
