// Amounts as Kubernetes writes them: "250m", "1.5Gi", "123456789n". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace peelbox::kubernetes {

/// In billionths, rounded away from zero, and no more than 2^63 - 1 of them (apimachinery, pkg/api/resource/quantity.go). That is
/// enough for processors; amounts of memory end at 8 GiB. std::nullopt: no amount, also where Go lets digits be left out.
std::optional<std::int64_t> parse_nanos(std::string_view text);

}  // namespace peelbox::kubernetes
