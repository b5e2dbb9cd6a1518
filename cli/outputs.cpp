#include "cli/outputs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "cli/emptied_directory.hpp"
#include "cli/local_caches.hpp"
#include "cli/wrong.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

/// The directory will be made when something arrives; what would keep it from being made or filled is known now. Its parents
/// are made, as the local exporter's clients do (buildkit, session/filesync/diffcopy.go).
result<void> ready_directory(const output_option& output) {
  const std::string& name = output.dest;
  std::error_code error;
  const fs::file_status found = fs::status(name, error);
  if (fs::exists(found) && !fs::is_directory(found))
    return wrong(fmt::format("output {} is a file; {} a directory. To write a file use type=tar,dest={} or, for an image, "
                             "type=oci,dest={}",
                             name, output.path_alone ? "a path alone means" : output.into_layout() ? "tar=false writes" : "type=local writes into",
                             name, name));
  fs::path where = fs::absolute(name, error).lexically_normal();
  if (!where.has_filename()) where = where.parent_path();
  if (!fs::exists(found)) {
    where = where.parent_path();
    fs::create_directories(where, error);
    if (error) return errno_failure(error.value(), fmt::format("cannot make directory {} for output {}", where.string(), name));
  }
  if (access(where.c_str(), W_OK | X_OK) != 0) return errno_failure(errno, fmt::format("cannot write into {} for output {}", where.string(), name));
  return {};
}

/// The directory may have images, or a cache, already.
result<client::export_sink> open_layout(const std::string& directory) {
  const auto store = std::make_shared<const session::content_store>(directory, session::content_store::access::write);
  if (result<void> fine = check_layout(*store); fine.has_error()) return fine.error();
  return session::served_layout{store, std::make_shared<session::arrivals>()};
}

}  // namespace

result<client::export_sink> open_output(const output_option& output, const std::vector<std::string>& contexts) {
  using kind = output_option::kind;
  if (output.type == kind::cacheonly || output.type == kind::image || output.into_docker()) return client::export_sink();
  const bool fills_directory = output.type == kind::local || output.into_layout();
  if (fills_directory)
    if (result<void> ready = ready_directory(output); ready.has_error()) return ready.error();
  if (output.into_layout()) return open_layout(output.dest);
  if (output.type == output_option::kind::local) {
    const auto mode = output.attributes.find("mode");
    const bool deletes = mode != output.attributes.end() && mode->second == "delete";
    if (deletes) {
      result<void> allowed = may_be_emptied(output.dest, contexts);
      if (allowed.has_error()) return allowed.error();
    }
    return session::directory_target{output.dest, deletes};
  }
  result<std::unique_ptr<session::output_file>> file = session::output_file::create(output.dest);
  if (file.has_error()) return file.error();
  return session::file_target{std::shared_ptr<session::output_file>(std::move(*file))};
}

result<void> make_parents(const output_option& output) {
  const fs::path parent = fs::path(output.dest).parent_path();
  std::error_code error;
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) return failure(errc::io, fmt::format("cannot make directory {}: {}", parent.string(), error.message()));
  return {};
}

bool looks_like_archive(std::string_view path) {
  constexpr auto endings = std::to_array<std::string_view>({".tar", ".tar.gz", ".tgz", ".tar.zst", ".oci"});
  return std::any_of(endings.begin(), endings.end(), [path](std::string_view end) { return path.ends_with(end); });
}

}  // namespace peelbox::cli
