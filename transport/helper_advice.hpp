// What a helper program's last words mean, and what helps. Pure.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::transport {

/// True when `words`, all that `program` wrote to its stderr, say that the other side turned the connection away before
/// it asked who we are, as an sshd does that has too many of them: another try may succeed.
bool was_turned_away(std::string_view program, std::string_view words);

/// What to do about the end of a program that has not connected us, as a sentence; empty when its own words say enough.
/// `address`: the one that it was started for, or a text that ends with it.
std::string helper_advice(std::string_view program, std::string_view words, std::string_view address);

}  // namespace peelbox::transport
