#include "engine/detect/native_libraries.hpp"

#include <fmt/format.h>

#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct library {
  std::string_view name;  ///< tools "name-dev" and "name-runtime" of packages.cpp
  std::array<std::string_view, 6> marks;
};

constexpr std::array<library, 5> libraries{{
    {"zlib", {"-lz", "find_package(ZLIB", "dependency('zlib'", "--libs zlib", "ZLIB::ZLIB", "libz-sys"}},
    {"openssl", {"-lssl", "-lcrypto", "find_package(OpenSSL", "dependency('openssl'", "--libs openssl", "openssl-sys"}},
    {"curl", {"-lcurl", "find_package(CURL", "dependency('libcurl'", "--libs libcurl", "CURL::libcurl", "curl-sys"}},
    {"sqlite", {"-lsqlite3", "find_package(SQLite3", "dependency('sqlite3'", "--libs sqlite3", "SQLite::SQLite3",
                "libsqlite3-sys"}},
    {"postgresql", {"-lpq", "find_package(PostgreSQL", "dependency('libpq'", "--libs libpq", "PostgreSQL::", "pq-sys"}},
}};

/// "-lz" is not the beginning of "-lzstd".
bool mentions(std::string_view text, std::string_view mark) {
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const std::size_t end = at + mark.size();
    if (!mark.starts_with("-l") || end == text.size() || !(is_word(text[end]) || text[end] == '-')) return true;
  }
  return false;
}

}  // namespace

void add_native_libraries(analysis& work, std::string_view text, std::string_view from) {
  for (const library& l : libraries) {
    for (const std::string_view mark : l.marks) {
      if (mark.empty() || !mentions(text, mark)) continue;
      work.needs(fmt::format("{}-dev", l.name));
      work.needs_at_runtime(fmt::format("{}-runtime", l.name));
      work.because("library", l.name, fmt::format("{} in {}", mark, from), confidence::likely);
      break;
    }
  }
}

}  // namespace peelbox::detect
