#include "engine/spec/validate.hpp"

namespace peelbox::spec {

std::vector<problem> validate(const universal_build&) { return {}; }
result<std::vector<std::string>> check(const loaded_spec&) { return std::vector<std::string>{}; }

}  // namespace peelbox::spec
