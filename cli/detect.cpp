#include "cli/detect.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/exit_code.hpp"
#include "engine/detect/detect.hpp"
#include "engine/detect/scan.hpp"
#include "engine/detect/write.hpp"
#include "engine/filesync/context_filter.hpp"

namespace peelbox::cli {
namespace {

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

result<detect::options> choose(const detect_args& args) {
  constexpr std::size_t most = 64 << 20;
  detect::options out;
  if (args.distro == "debian") {
    out.target = detect::distro::debian;
  } else if (args.distro != "wolfi") {
    return wrong(fmt::format("--distro {}: expected wolfi or debian", args.distro));
  }
  if (args.format != "json" && args.format != "yaml") return wrong(fmt::format("--format {}: expected json or yaml", args.format));
  if (args.package_index.empty()) return out;
  std::ifstream file(args.package_index, std::ios::binary);
  if (!file) return wrong(fmt::format("--package-index {}: {}", args.package_index, std::generic_category().message(errno)));
  std::string text(most + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.starts_with("\x1f\x8b"))
    return wrong(fmt::format("--package-index {}: is compressed; unpack it and name the APKINDEX in it", args.package_index));
  if (text.size() > most) return wrong(fmt::format("--package-index {}: is larger than 64 MiB", args.package_index));
  auto index = detect::package_index::parse(text, args.package_index);
  if (index.has_error()) return index.error().in("--package-index");
  out.index = std::move(*index);
  return out;
}

/// A file beside the target takes its place when it is complete.
result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return errno_failure(errno, "--output " + path);
  const auto fail = [&](int error) -> result<void> {
    close(fd);
    unlink(temporary.c_str());
    return errno_failure(error, "--output " + path);
  };
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) return fail(errno);
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (fsync(fd) != 0) return fail(errno);
  if (close(fd) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return errno_failure(error, "--output " + path);
  }
  return {};
}

result<detect::detection> look(const std::string& path, bool gitignore, unsigned threads, const detect::options& how) {
  std::error_code error;
  const std::filesystem::path root = std::filesystem::canonical(path, error);
  if (error) return failure(errc::context, fmt::format("{}: {}", path, error.message()), origin::user);
  if (!std::filesystem::is_directory(root, error))
    return failure(errc::context, fmt::format("{}: is not a directory", path), origin::user);
  filesync::context_source source;
  source.root = root.string();
  // As `peelbox build` sends it.
  source.gitignore = gitignore;
  source.dockerignore = ".dockerignore";
  source.exclude.push_back(".git");
  auto opened = filesync::open_context(source, {});
  if (opened.has_error()) return opened.error();
  detect::scan_options scanning;
  scanning.threads = threads;
  auto files = detect::scan(opened->tree, opened->rules, scanning);
  if (files.has_error()) return files.error();
  return detect::detect(*files, how);
}

std::string without_line_feed(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void tell(const detect::detection& found, const surroundings& with) {
  for (const detect::note& n : found.notes) with.say(fmt::format("note: {}: {}", n.path, n.text));
  if (!found.services.empty()) return;
  with.say("note: no service was found");
  for (const detect::rejected& r : found.lost) with.say(fmt::format("note: {}: {}", r.path, r.why));
}

}  // namespace

task<int> detect(const detect_args& args, const surroundings& with) {
  const result<detect::options> how = choose(args);
  if (how.has_error()) {
    with.say("error: " + how.error().text);
    co_return to_exit_code(how.error().code);
  }
  auto work = [path = args.path, gitignore = !args.no_gitignore, threads = with.pool.threads(), options = *how] {
    return look(path, gitignore, threads, options);
  };
  const result<detect::detection> found = co_await with.pool.run(std::move(work));
  if (found.has_error()) {
    with.say("error: " + found.error().text);
    co_return to_exit_code(found.error().code);
  }
  const std::string text = args.explain            ? detect::explain(*found)
                           : args.format == "yaml" ? detect::services_yaml(*found)
                                                   : detect::services_json(*found);
  if (!args.explain) tell(*found, with);
  if (args.output.empty() || args.output == "-") {
    with.answer(without_line_feed(text));
    co_return exit_ok;
  }
  if (const auto done = replace_file(args.output, text); done.has_error()) {
    with.say("error: " + done.error().text);
    co_return to_exit_code(done.error().code);
  }
  co_return exit_ok;
}

}  // namespace peelbox::cli
