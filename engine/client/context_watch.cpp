#include "engine/client/context_watch.hpp"

#include <fmt/format.h>

#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::client {

namespace {

constexpr std::uint64_t many_bytes = 100'000'000;
constexpr std::uint64_t many_files = 20'000;
constexpr std::size_t paths_named = 3;

std::string megabytes(std::uint64_t bytes) {
  return bytes < 10'000'000'000 ? fmt::format("{} MB", bytes / 1'000'000)
                                : fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace

std::optional<std::string> large_context_warning(const filesync::transfer_stats& sent,
                                                 const filesync::size_profile& profile) {
  using weight = filesync::size_profile::weight;
  const bool heavy = sent.bytes_transferred >= many_bytes;
  if (!heavy && sent.files_transferred < many_files) return std::nullopt;
  std::string text = fmt::format("the context is large: {} in {} files were sent", megabytes(sent.bytes_transferred),
                                 sent.files_transferred);
  std::string lines;
  std::string paths;
  for (const auto& path : profile.heaviest(paths_named, heavy ? weight::bytes : weight::files)) {
    const std::string line = filesync::ignore_line_for(path.path);
    if (line.empty()) continue;
    if (!paths.empty()) paths += ", ";
    paths += heavy ? fmt::format("{} ({})", path.path, megabytes(path.bytes))
                   : fmt::format("{} ({} files)", path.path, path.files);
    if (!lines.empty()) lines += ", ";
    lines += line;
  }
  if (!paths.empty())
    text += fmt::format(", most of it in {}. What the build does not need goes into .dockerignore: {}", paths, lines);
  return text + ". `peelbox context ls --top 20` shows more";
}

std::optional<std::string> grown_files_warning(const filesync::transfer_stats& sent) {
  if (sent.files_grown == 0) return std::nullopt;
  const std::string name = filesync::in_quotes(sent.first_grown);
  const bool one = sent.files_grown == 1;
  return fmt::format("{} grew while {} sent: the build has what {} at first. What the build does not need goes into "
                     ".dockerignore",
                     one ? "context file " + name : fmt::format("{} context files ({} is one)", sent.files_grown, name),
                     one ? "it was" : "they were", one ? "it held" : "they held");
}

context_watch::sources context_watch::measured(const sources& contexts) {
  sources all;
  for (const auto& [name, source] : contexts) {
    auto copy = std::make_shared<filesync::context_source>(*source);
    if (!copy->tree) {
      auto tree = filesync::open_disk_tree(copy->root);
      if (tree) copy->tree = filesync::measured_tree(std::move(*tree), measure_);
    }
    all.emplace(name, std::move(copy));
  }
  return all;
}

std::optional<std::string> context_watch::warning(const filesync::transfer_stats& sent) const {
  return large_context_warning(sent, measure_->profile());
}

}  // namespace peelbox::client
