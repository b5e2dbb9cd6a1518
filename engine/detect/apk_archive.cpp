#include "engine/detect/apk_archive.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

namespace peelbox::detect {
namespace {

constexpr std::size_t block = 512;

failure wrong(std::string_view what) {
  return failure(errc::usage, fmt::format("no package index: {}", what), origin::user);
}

/// Takes lines as they come and keeps the names.
class name_collector {
 public:
  bool feed(std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      // Only what can be a name is kept; descriptions are long.
      constexpr std::size_t longest = 256;
      const std::string_view part = piece.substr(0, end);
      line_.append(part.substr(0, longest - std::min(longest, line_.size())));
      if (end == std::string_view::npos) return true;
      piece.remove_prefix(end + 1);
      if (!take()) return false;
    }
    return true;
  }
  std::string names() const {
    std::string out;
    for (const std::string& name : names_) out += name + "\n";
    return out;
  }

 private:
  bool take() {
    if (line_.starts_with("P:") && line_.size() > 2 && names_.insert(line_.substr(2)).second) bytes_ += line_.size();
    line_.clear();
    return bytes_ <= max_name_bytes;
  }

  std::string line_;
  std::set<std::string> names_;
  std::size_t bytes_ = 0;
};

/// A tar that comes in pieces; of its files only APKINDEX is looked at (POSIX.1-1988 ustar).
class tar_reader {
 public:
  result<void> feed(std::string_view piece) {
    while (!piece.empty()) {
      if (left_ > 0) {
        const std::size_t count = std::min(left_, piece.size());
        if (wanted_ && content_ > 0) {
          const std::size_t text = std::min(content_, count);
          if (!names.feed(piece.substr(0, text))) return failure(errc::limit, "more package names than fit", origin::user);
          content_ -= text;
        }
        left_ -= count;
        piece.remove_prefix(count);
        continue;
      }
      const std::size_t count = std::min(block - header_.size(), piece.size());
      header_.append(piece.substr(0, count));
      piece.remove_prefix(count);
      if (header_.size() < block) continue;
      if (auto read = header(); read.has_error()) return read;
      header_.clear();
    }
    return {};
  }
  bool seen = false;
  name_collector names;

 private:
  result<void> header() {
    // Two empty blocks end an archive; the next member may go on.
    if (header_.find_first_not_of('\0') == std::string::npos) return {};
    constexpr std::size_t size_at = 124;
    constexpr std::size_t size_digits = 11;
    std::size_t size = 0;
    for (std::size_t i = size_at; i < size_at + size_digits; ++i) {
      const char c = header_[i];
      if (c == ' ' || c == '\0') continue;
      if (c < '0' || c > '7') return wrong("its archive is damaged");
      size = size * 8 + static_cast<std::size_t>(c - '0');
    }
    if (size > max_unpacked_bytes) return wrong("its archive is damaged");
    const std::string_view name = std::string_view(header_).substr(0, std::min<std::size_t>(header_.find('\0'), 100));
    wanted_ = name == "APKINDEX";
    seen = seen || wanted_;
    content_ = size;
    left_ = (size + block - 1) / block * block;
    return {};
  }

  std::string header_;
  std::size_t left_ = 0;     ///< of the file, with the padding
  std::size_t content_ = 0;  ///< of the file
  bool wanted_ = false;
};

struct inflate_end {
  void operator()(z_stream* stream) const noexcept { inflateEnd(stream); }
};

}  // namespace

bool is_gzip(std::string_view bytes) noexcept { return bytes.starts_with("\x1f\x8b"); }

result<std::string> names_of_apk_archive(std::string_view gzip) {
  if (!is_gzip(gzip)) return wrong("it is not compressed with gzip");
  tar_reader tar;
  std::size_t unpacked = 0;
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;  // 16: a gzip header is expected
  if (inflateInit2(&stream, gzip_window) != Z_OK) return failure(errc::internal, "zlib cannot be used");
  const std::unique_ptr<z_stream, inflate_end> guard(&stream);
  std::array<char, 64 * 1024> out{};
  // zlib's interface is not const, and reads only. Its counters are 32 bits wide.
  constexpr std::size_t most_at_once = 1 << 20;
  while (!gzip.empty()) {
    const std::size_t offered = std::min(gzip.size(), most_at_once);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
    stream.avail_in = static_cast<uInt>(offered);
    int state = Z_OK;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      state = inflate(&stream, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return wrong("its compressed data is damaged");
      const std::size_t count = out.size() - stream.avail_out;
      unpacked += count;
      if (unpacked > max_unpacked_bytes) return failure(errc::limit, "the package index is larger than 256 MiB", origin::user);
      if (auto read = tar.feed({out.data(), count}); read.has_error()) return read.error();
    } while (state == Z_OK && (stream.avail_out == 0 || stream.avail_in > 0));
    gzip.remove_prefix(offered - stream.avail_in);
    if (state == Z_STREAM_END) {
      // What follows the last member need not be one (RFC 1952 says nothing of it); padding with zeros is usual.
      if (!is_gzip(gzip)) break;
      inflateReset(&stream);
    } else if (gzip.empty()) {
      return wrong("it ends too early");
    }
  }
  if (!tar.seen) return wrong("there is no APKINDEX in its archive");
  return tar.names.names();
}

}  // namespace peelbox::detect
