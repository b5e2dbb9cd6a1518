#include "engine/oci/base_platform.hpp"

namespace peelbox::oci {

bool may_be_base(const platform& wanted, const platform& image) {
  const platform w = normalise(wanted);
  const platform i = normalise(image);
  if (w.os != i.os || w.arch != i.arch) return false;
  return w.arch != "arm" || image.variant.empty() || matches(w, i);
}

}  // namespace peelbox::oci
