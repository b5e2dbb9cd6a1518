#include "engine/spec/load.hpp"

namespace peelbox::spec {

result<loaded_spec> load(std::string_view, std::string) { return failure(errc::unsupported, "not yet"); }

result<const universal_build*> select_service(const loaded_spec&, std::string_view) {
  return failure(errc::unsupported, "not yet");
}

std::string service_name(const universal_build& service) {
  return service.metadata.project_name.empty() ? "app" : service.metadata.project_name;
}

}  // namespace peelbox::spec
