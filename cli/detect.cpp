#include "cli/detect.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "cli/context_option.hpp"
#include "cli/exit_code.hpp"
#include "cli/package_index.hpp"
#include "cli/wrong.hpp"
#include "engine/detect/detect.hpp"
#include "engine/detect/scan.hpp"
#include "engine/detect/write.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {
namespace {

result<detect::options> choose(const detect_args& args) {
  detect::options out;
  if (args.distro == "debian") {
    out.target = detect::distro::debian;
  } else if (args.distro != "wolfi") {
    return wrong(fmt::format("--distro {}: expected wolfi or debian", args.distro));
  }
  if (args.explain && args.format != "json") return wrong("--explain is text for people, so --format has no effect on it");
  if (args.format != "json" && args.format != "yaml") return wrong(fmt::format("--format {}: expected json or yaml", args.format));
  return out;
}

bool is_dockerfile(std::string_view name) {
  return name == "Dockerfile" || name == "Containerfile" || name.starts_with("Dockerfile.") || name.ends_with(".Dockerfile");
}

/// Who has only a Dockerfile has a project that builds; detection goes by what it builds from.
void note_dockerfile(const detect::repository& files, detect::detection& found) {
  if (!found.services.empty()) return;
  std::string path;
  for (const detect::directory& dir : files.directories())
    for (const std::string_view name : dir.files) {
      if (!is_dockerfile(name)) continue;
      std::string one = dir.path.empty() ? std::string(name) : fmt::format("{}/{}", dir.path, name);
      if (path.empty() || std::pair(one.size(), one) < std::pair(path.size(), path)) path = std::move(one);
    }
  if (path.empty()) return;
  found.notes.push_back(
      {path, fmt::format("a Dockerfile alone is not turned into a spec. Build it with `peelbox build -f {} .`, or write the "
                         "spec by hand: docs/universalbuild.md has its keys, `peelbox schema` prints them",
                         path)});
}

result<detect::detection> look(const std::string& path, bool gitignore, unsigned threads, const detect::options& how) {
  std::error_code error;
  const std::filesystem::path root = std::filesystem::canonical(path, error);
  if (error) return failure(errc::context, fmt::format("{}: {}", path, error.message()), origin::user);
  if (!std::filesystem::is_directory(root, error))
    return failure(errc::context, fmt::format("{}: is not a directory", path), origin::user);
  // The same files that `peelbox build` sends.
  auto opened = filesync::open_context(context_source_of(root.string(), gitignore), {});
  if (opened.has_error()) return opened.error();
  detect::scan_options scanning;
  scanning.threads = threads;
  auto files = detect::scan(opened->tree, opened->rules, scanning);
  if (files.has_error()) return files.error();
  result<detect::detection> found = detect::detect(*files, how);
  if (found.has_value()) note_dockerfile(*files, *found);
  return found;
}

std::string without_line_feed(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void tell(const detect::detection& found, const surroundings& with) {
  for (const detect::note& n : found.notes) with.say(fmt::format("note: {}: {}", n.path, n.text));
  if (!found.services.empty()) return;
  for (const detect::rejected& r : found.lost) with.say(fmt::format("note: {}: {}", r.path, r.why));
}

/// What was seen and why it is no service has been told before.
void tell_nothing_found(const detect::detection& found, const std::string& path, const surroundings& with) {
  with.say(fmt::format("error: {}: no service was found in {} file{}", path, found.files, found.files == 1 ? "" : "s"));
  with.say("note: write a peelbox.json with runtime.command, or a spec by hand; `peelbox detect --explain` tells what was looked at");
}

}  // namespace

task<int> detect(const detect_args& args, const surroundings& with) {
  result<detect::options> how = choose(args);
  if (how.has_value() && !args.package_index.empty()) {
    result<chosen_index> index = co_await choose_package_index(args.package_index, args.offline, with.pool);
    if (index.has_error()) {
      how = index.error();
    } else {
      for (const std::string& note : index->notes) with.say("note: " + note);
      how->index = std::move(index->index);
    }
  }
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
  } else if (const auto done = session::write_file(args.output, text); done.has_error()) {
    with.say("error: --output: " + done.error().text);
    co_return to_exit_code(done.error().code);
  }
  if (!found->services.empty()) co_return exit_ok;
  tell_nothing_found(*found, args.path, with);
  co_return exit_context;
}

}  // namespace peelbox::cli
