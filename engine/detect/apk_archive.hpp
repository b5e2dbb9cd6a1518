// APKINDEX.tar.gz: what a repository of apk packages says of itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::detect {

bool is_gzip(std::string_view bytes) noexcept;

/// All that is unpacked, and all that is kept of it.
inline constexpr std::size_t max_unpacked_bytes = std::size_t{256} << 20;
inline constexpr std::size_t max_name_bytes = 32 << 20;

/// The names of the packages, one per line, ascending and each once. An index is several gzip members behind each other
/// (RFC 1952, 2.2) that make one tar together: a signature, then DESCRIPTION and APKINDEX; the first tar of them has no
/// end. Unpacked piece by piece, so that memory is bound by the names. Any bytes; failure{usage} says what is wrong,
/// failure{limit} when it is larger than the bounds above.
result<std::string> names_of_apk_archive(std::string_view gzip);

}  // namespace peelbox::detect
