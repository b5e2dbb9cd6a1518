// An index of apk packages. The first byte decides what the rest is: gzip; a tar, which is then packed in one to four
// members; or an index as text. However a tar is cut into members, the same names come out, sorted and each once.
#include "engine/detect/apk_archive.hpp"

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/detect/packages.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;

namespace {

/// Stored without compression, because only the content matters here.
std::string packed(std::string_view text) {
  z_stream stream{};
  require(deflateInit2(&stream, Z_NO_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string in_members(std::string_view tar, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = tar.size() * i / count;
    out += packed(tar.substr(begin, tar.size() * (i + 1) / count - begin));
  }
  return out;
}

void check_names(std::string_view names) {
  std::string_view last;
  while (!names.empty()) {
    const std::size_t end = names.find('\n');
    require(end != std::string_view::npos && end > 0 && end <= 256);
    require(last < names.substr(0, end));
    last = names.substr(0, end);
    names.remove_prefix(end + 1);
  }
}

void use(std::string_view index) {
  const auto parsed = detect::package_index::parse(index, "fuzz");
  if (parsed.has_error()) return require(!parsed.error().text.empty());
  for (const char* family : {"nodejs-", "go-", "python-3.", "openjdk-", ""}) (void)parsed->nearest(family, "20.1");
  for (const char* tool : {"node", "go", "python", "jdk", "c-build"}) (void)detect::resolve({tool, "3"}, detect::distro::wolfi, *parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 8 == 0) {
    const auto names = detect::names_of_apk_archive(text);
    if (names.has_value()) check_names(*names);
  } else if (data[0] % 8 == 1) {
    use(text);
  } else {
    const auto whole = detect::names_of_apk_archive(in_members(text, 1));
    const auto parts = detect::names_of_apk_archive(in_members(text, 1 + data[0] % 4));
    require(whole.has_value() == parts.has_value());
    if (whole.has_error()) {
      require(whole.error().text == parts.error().text);
      return 0;
    }
    require(*whole == *parts);
    check_names(*whole);
    use(*whole);
  }
  return 0;
}
