// What a command before the pipe wrote, for a `-` in place of a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "transport/stream.hpp"

namespace peelbox::cli {

/// All of standard input. `flag` is whose `-` it was. failure{usage} for a terminal, for nothing at all, and for more than
/// `most` bytes; failure{cancelled} when cancelled, which does not wait for the writer.
task<result<std::string>> read_standard_input(std::string_view flag, std::size_t most);

/// What tells an archive from a text: more than the longest of its marks needs.
inline constexpr std::size_t archive_mark = 1024;

/// By the first bytes of gzip, bzip2 and xz, and the checksum of tar's first header; that is what buildx and the daemon's
/// frontend take for a context. Pure.
bool is_archive(std::string_view bytes);

/// A tar archive whose first header is only about the next one, which has a long name or a precise time. The frontend looks for a whole
/// entry in the first 1024 bytes, and takes such an archive for a Dockerfile (frontend/dockerui, isArchive). Pure.
bool begins_with_extension(std::string_view bytes);

/// The beginning of standard input and, of an archive, the stream that gives the rest; a text is read to its end.
struct piped_context {
  std::string text;
  bool archive = false;
  /// Null when nothing is left.
  transport::stream_ptr rest;
};
/// As read_standard_input(). `most` is for a text.
task<result<piped_context>> open_piped_context(std::string_view flag, std::size_t most);

}  // namespace peelbox::cli
