// `peelbox image` and `peelbox imagetools`: images of registries, without a daemon.
#include <CLI/App.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <set>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/image_report.hpp"
#include "cli/platform_option.hpp"
#include "cli/read_image.hpp"
#include "cli/registry_access.hpp"
#include "cli/subcommand.hpp"
#include "cli/wrong.hpp"
#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"
#include "engine/data/indented.hpp"
#include "engine/data/json.hpp"
#include "engine/progress/sanitize.hpp"
#include "engine/registry/merge_images.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {

namespace {

struct image_args {
  std::vector<std::string> sources;
  std::vector<std::string> files;
  std::string platform;
  std::string metadata_file;
  std::string builder;
  std::vector<std::string> tags;
  std::vector<std::string> annotations;
  std::vector<std::string> insecure;
  bool dry_run = false;
  bool append = false;
  bool prefer_index = true;
  bool raw = false;
  bool as_json = false;
  std::string format;
  std::string progress;
  int verbose = 0;
  /// buildx's spelling, which prints nothing when it is done.
  bool silent = false;
};
using image_args_ptr = std::shared_ptr<const image_args>;

/// What a registry refuses is no fault of this machine, as `exit_context` would say.
int say_image_failure(const failure& why, const surroundings& with) {
  with.say("error: " + progress::sanitize_line(why.text));
  const bool refused = why.who == origin::peer && (why.code == errc::not_found || why.code == errc::permission);
  return refused ? exit_build_failed : to_exit_code(why.code);
}

result<std::vector<oci::image_reference>> targets_of(const image_args& args) {
  std::vector<oci::image_reference> all;
  for (const std::string& text : args.tags) {
    auto parsed = oci::parse_image_reference(text);
    if (parsed.has_error()) return parsed.error().in("--tag");
    if (!parsed->digest.empty()) return failure(errc::usage, fmt::format("--tag {}: a name with a tag, not with a digest", text), origin::user);
    all.push_back(std::move(*parsed));
  }
  return all;
}

/// One source as it was written.
struct source_text {
  std::string text;
  /// For messages: the file, or the text itself.
  std::string name;

  bool is_descriptor() const { return text.starts_with('{'); }
  bool has_repository() const { return !is_descriptor() && !text.starts_with("sha256:"); }
};

/// As for buildx: what is in files comes first.
result<std::vector<source_text>> written_sources(const image_args& args) {
  std::vector<source_text> all;
  for (const std::string& file : args.files) {
    result<std::string> text = read_file(file, "--file " + file, oci::max_manifest_bytes);
    if (text.has_error()) return text.error();
    const std::string_view descriptor = trimmed(*text);
    if (descriptor.empty()) return failure(errc::usage, fmt::format("--file {}: it is empty; expected a descriptor in JSON", file), origin::user);
    all.push_back({std::string(descriptor), "--file " + file});
  }
  for (const std::string& text : args.sources) all.push_back({text, text.starts_with('{') ? "descriptor" : text});
  if (all.empty()) return failure(errc::usage, "name the images to merge, or give a descriptor with --file", origin::user);
  return all;
}

/// A digest or a descriptor alone is in the repository of the first tag, else of the first source that has one.
result<std::vector<registry::merge_source>> sources_of(const image_args& args, const std::vector<oci::image_reference>& targets) {
  auto written = written_sources(args);
  if (written.has_error()) return written.error();
  std::string home = targets.empty() ? "" : targets.front().name();
  for (const source_text& one : *written)
    if (home.empty() && one.has_repository())
      if (const auto parsed = oci::parse_image_reference(one.text); parsed.has_value()) home = parsed->name();
  std::vector<registry::merge_source> all;
  if (args.append) all.push_back({targets.front(), std::nullopt});
  for (const source_text& one : *written) {
    if (!one.has_repository() && home.empty())
      return failure(errc::usage, fmt::format("{}: a digest alone needs a --tag, whose repository it is in", one.name), origin::user);
    registry::merge_source source;
    std::string digest = one.text;
    if (one.is_descriptor()) {
      auto entry = registry::entry_of_descriptor(one.text, one.name);
      if (entry.has_error()) return entry.error();
      digest = entry->what.digest;
      source.descriptor = std::move(*entry);
    }
    auto parsed = oci::parse_image_reference(one.has_repository() ? one.text : home + "@" + digest);
    if (parsed.has_error()) return parsed.error();
    source.where = std::move(*parsed);
    all.push_back(std::move(source));
  }
  return all;
}

/// With buildx's keys: what was made, and the repositories that have it.
std::string merge_metadata(const registry::merge_outcome& made, const std::vector<oci::image_reference>& targets) {
  std::set<std::string> repositories;
  for (const oci::image_reference& target : targets) repositories.insert(target.name());
  data::json::object root{{"containerimage.descriptor", data::json::object{{"mediaType", made.index.media_type}, {"digest", made.digest}, {"size", made.index.bytes.size()}}},
                          {"image.name", fmt::format("{}", fmt::join(repositories, ","))}};
  return data::indented(root) + "\n";
}

result<registry::merge_request> request_of(const image_args& args) {
  registry::merge_request wanted;
  auto targets = targets_of(args);
  if (targets.has_error()) return targets.error();
  wanted.targets = std::move(*targets);
  if (wanted.targets.empty() && !args.dry_run)
    return failure(errc::usage, "name what the merged image is called with --tag, or look at it with --dry-run", origin::user);
  if (args.append && wanted.targets.empty()) return failure(errc::usage, "--append needs a --tag, which it adds to", origin::user);
  auto sources = sources_of(args, wanted.targets);
  if (sources.has_error()) return sources.error();
  wanted.sources = std::move(*sources);
  for (const std::string& text : args.annotations) {
    auto parsed = registry::parse_index_annotation(text);
    if (parsed.has_error()) return parsed.error();
    wanted.annotations.push_back(std::move(*parsed));
  }
  auto platforms = parse_platforms(args.platform);
  if (platforms.has_error()) return platforms.error();
  wanted.platforms = std::move(*platforms);
  wanted.prefer_index = args.prefer_index;
  wanted.dry_run = args.dry_run;
  return wanted;
}

task<int> run_merge(image_args_ptr args, const surroundings& with) {
  result<registry::merge_request> wanted = request_of(*args);
  if (wanted.has_error()) co_return say_image_failure(wanted.error(), with);
  registry::client registries(registry_options(with, args->insecure));
  const std::vector<oci::image_reference> targets = wanted->targets;
  auto merging = registry::merge_images(registries, std::move(*wanted), [&with](std::string line) { with.say(progress::sanitize_line(line)); });
  result<registry::merge_outcome> made = co_await std::move(merging);
  if (made.has_error()) co_return say_image_failure(made.error(), with);
  if (args->dry_run) {
    with.answer(made->index.bytes);
    co_return exit_ok;
  }
  for (std::size_t i = 0; i < targets.size(); ++i)
    with.say(fmt::format("{} is {}{}", targets[i].familiar(), made->digest, made->unchanged[i] ? ", as before" : ""));
  if (!args->metadata_file.empty()) {
    const result<void> written = session::write_file(args->metadata_file, merge_metadata(*made, targets));
    if (written.has_error()) co_return say_image_failure(written.error().in("the image was made, but --metadata-file was not written"), with);
  }
  if (!args->silent) with.answer(made->digest);
  co_return exit_ok;
}

task<int> run_image_inspect(image_args_ptr args, const surroundings& with) {
  result<oci::image_reference> which = oci::parse_image_reference(args->sources.front());
  if (which.has_error()) co_return say_image_failure(which.error(), with);
  if (int(args->raw) + int(args->as_json) + int(!args->format.empty()) > 1)
    co_return say_image_failure(wrong("--raw, --json and --format exclude each other"), with);
  result<image_template> format = parse_image_template(args->format);
  if (format.has_error()) co_return say_image_failure(format.error(), with);
  registry::client registries(registry_options(with, args->insecure));
  auto reading = registries.manifest(*which);
  result<registry::manifest_text> text = co_await std::move(reading);
  if (text.has_error()) co_return say_image_failure(text.error(), with);
  if (args->raw) {
    with.answer.text(text->bytes);
    co_return exit_ok;
  }
  auto completing = read_image(registries, *which, std::move(*text), format->needs);
  result<inspected_image> image = co_await std::move(completing);
  if (image.has_error()) co_return say_image_failure(image.error(), with);
  if (!args->format.empty()) {
    const result<std::string> formatted = image_formatted(std::move(*image), *format);
    if (formatted.has_error()) co_return say_image_failure(formatted.error(), with);
    with.answer.text(*formatted + (formatted->ends_with('\n') ? "" : "\n"));
  } else if (args->as_json) {
    with.answer(image_json(*image));
  } else {
    for (const std::string& line : image_details(*image)) with.answer(line);
  }
  co_return exit_ok;
}

using image_runner = task<int> (*)(image_args_ptr, const surroundings&);

constexpr int any_number_of_images = 500;
constexpr const char* further = "Further options";

struct image_subcommand {
  CLI::App* app;
  std::shared_ptr<image_args> args = std::make_shared<image_args>();
  image_runner run;

  image_subcommand(CLI::App& parent, const char* name, const char* about, const char* examples, image_runner r)
      : app(add_subcommand(parent, name, about)), run(r) {
    app->footer(examples);
    app->add_option("--insecure", args->insecure, "Do not verify this registry's certificate, and go without TLS if it has none")
        ->type_name("HOST[:PORT]")->take_all()->allow_extra_args(false);
    app->add_flag("-v,--verbose", args->verbose, "Say more; twice for even more");
  }
  void merges() {
    app->add_option("SOURCE", args->sources, "Images and indexes; sha256:… alone is in the repository of the first --tag")->expected(0, any_number_of_images);
    app->add_option("-f,--file", args->files, "A descriptor in JSON, as --metadata-file has it")->type_name("FILE")->take_all()->allow_extra_args(false);
    app->add_option("--platform", args->platform, "Leave images for others out")->type_name("OS/ARCH,…")->group(further);
    app->add_option("--metadata-file", args->metadata_file, "Write descriptor and names as JSON")->type_name("FILE")->group(further);
    app->add_option("-t,--tag", args->tags, "What the image is called; may be given several times")->type_name("NAME[:TAG]")
        ->take_all()->allow_extra_args(false);
    app->add_option("--annotation", args->annotations, "An annotation of the index, or of its entries (manifest-descriptor[PLATFORM]:KEY=VALUE)")
        ->type_name("[TYPE:]KEY=VALUE")->take_all()->allow_extra_args(false);
    app->add_flag("--append", args->append, "Add to what the first --tag is now");
    app->add_flag("--dry-run", args->dry_run, "Print the index and write nothing");
  }
  void inspects() {
    app->add_option("REF", args->sources, "The image")->expected(1, 1)->required();
    app->add_flag("--raw", args->raw, "The manifest's bytes as they are");
    app->add_option("--format", args->format, "Values as a Go template prints them: of .Name, .Manifest, .Image, .Provenance and .SBOM")->type_name("TEMPLATE");
  }
};

command as_command(CLI::App& app, std::vector<image_subcommand> all) {
  command added;
  added.app = &app;
  added.run = [all](const surroundings& with) {
    for (const image_subcommand& one : all)
      if (one.app->parsed()) return one.run(one.args, with);
    return all.front().run(all.front().args, with);
  };
  added.verbosity = [all] {
    int most = 0;
    for (const image_subcommand& one : all) most = std::max(most, one.args->verbose);
    return most;
  };
  added.interrupted = "error: interrupted; tags that were not named are as they were";
  return added;
}

}  // namespace

command add_image_command(CLI::App& app) {
  CLI::App* const image = add_subcommand(app, "image", "Look at images of registries, and merge those of several platforms");
  image->require_subcommand(1);
  image->footer(
      "Examples:\n"
      "  peelbox image inspect alpine:3.20\n"
      "  peelbox image merge -t reg/app:1 reg/app:1-amd64 reg/app:1-arm64\n"
      "No daemon is needed. Logins and certificates are those of Docker.");
  std::vector<image_subcommand> all;
  all.emplace_back(*image, "merge", "Make one image of several, each for other platforms",
                   "Examples:\n"
                   "  peelbox image merge -t reg/app:1 -t reg/app:latest sha256:… sha256:…\n"
                   "  peelbox image merge --dry-run reg/app:1-amd64 reg/app:1-arm64",
                   run_merge);
  all.back().merges();
  all.emplace_back(*image, "inspect", "Tell what a name stands for: its digest and platforms",
                   "Examples:\n  peelbox image inspect alpine:3.20\n  peelbox image inspect --raw reg.example/app@sha256:…\n"
                   "  peelbox image inspect reg/app:1 --format '{{json .SBOM.SPDX}}'",
                   run_image_inspect);
  all.back().inspects();
  all.back().app->add_flag("--json", all.back().args->as_json, "JSON on standard output");
  return as_command(*image, std::move(all));
}

command add_imagetools_command(CLI::App& app) {
  CLI::App* const tools = add_subcommand(app, "imagetools", "`peelbox image` in the spelling of docker buildx");
  tools->require_subcommand(1);
  tools->footer(
      "Examples:\n"
      "  peelbox imagetools create -t reg/app:1 reg/app:1-amd64 reg/app:1-arm64\n"
      "  peelbox imagetools inspect alpine:3.20 --format '{{json .Manifest}}'");
  std::vector<image_subcommand> all;
  all.emplace_back(*tools, "create", "Make one image of several, or give one another name",
                   "Example:\n  peelbox imagetools create -t reg/app:1 reg/app:1-amd64 reg/app:1-arm64", run_merge);
  all.back().args->silent = true;
  all.back().merges();
  all.back().app->add_option("--builder", all.back().args->builder, "Without effect")->type_name("NAME")->group(further);
  all.back().app->add_option("--prefer-index", all.back().args->prefer_index, "false: a single image is copied as it is, not put into an index")
      ->type_name("BOOL")->group(further);
  all.back().app->add_option("--progress", all.back().args->progress, "Without effect")->type_name("MODE")->group(further);
  all.emplace_back(*tools, "inspect", "Tell what a name stands for: its digest and platforms",
                   "Examples:\n  peelbox imagetools inspect alpine:3.20 --raw\n  peelbox imagetools inspect reg/app:1 --format '{{json .Provenance.SLSA}}'", run_image_inspect);
  all.back().app->add_option("--builder", all.back().args->builder, "Without effect")->type_name("NAME")->group(further);
  all.back().inspects();
  return as_command(*tools, std::move(all));
}

}  // namespace peelbox::cli
