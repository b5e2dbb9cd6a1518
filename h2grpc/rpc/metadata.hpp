// Metadata under the name that users of calls include.
#pragma once

#include "h2grpc/grpc/metadata.hpp"  // IWYU pragma: export
