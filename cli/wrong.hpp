#pragma once

#include <string>
#include <utility>

#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// What a person got wrong on the command line or in a file that it names: errc::usage, of the user. `text` says what,
/// where and what to do.
inline failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

}  // namespace peelbox::cli
