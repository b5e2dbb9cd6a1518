// What has to hold for every input of a fuzzer.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

/// Says where, and ends the program, which fuzzers take for a find.
inline void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: a rule of this fuzzer is broken\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}
