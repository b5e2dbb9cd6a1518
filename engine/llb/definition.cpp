#include "engine/llb/definition.hpp"

namespace peelbox::llb {

result<definition> marshal(const state&, const marshal_options&) {
  return failure(errc::unsupported, "not yet");
}

std::string describe(const definition&) { return {}; }

}  // namespace peelbox::llb
