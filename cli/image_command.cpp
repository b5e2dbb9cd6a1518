// `peelbox image` and `peelbox imagetools`: images of registries, without a daemon.
#include <CLI/App.hpp>
#include <fmt/format.h>

#include <memory>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/image_report.hpp"
#include "cli/registry_access.hpp"
#include "cli/subcommand.hpp"
#include "engine/progress/sanitize.hpp"
#include "engine/registry/merge_images.hpp"

namespace peelbox::cli {

namespace {

struct image_args {
  std::vector<std::string> sources;
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
int say_failure(const failure& why, const surroundings& with) {
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

/// A digest alone is one of the first target's repository, as for buildx.
result<std::vector<oci::image_reference>> sources_of(const image_args& args, const std::vector<oci::image_reference>& targets) {
  std::vector<oci::image_reference> all;
  if (args.append) all.push_back(targets.front());
  for (const std::string& text : args.sources) {
    const bool digest_alone = text.starts_with("sha256:");
    if (digest_alone && targets.empty())
      return failure(errc::usage, fmt::format("{}: a digest alone needs a --tag, whose repository it is in", text), origin::user);
    auto parsed = oci::parse_image_reference(digest_alone ? targets.front().name() + "@" + text : text);
    if (parsed.has_error()) return parsed.error();
    all.push_back(std::move(*parsed));
  }
  return all;
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
  wanted.prefer_index = args.prefer_index;
  wanted.dry_run = args.dry_run;
  return wanted;
}

task<int> run_merge(image_args_ptr args, const surroundings& with) {
  result<registry::merge_request> wanted = request_of(*args);
  if (wanted.has_error()) co_return say_failure(wanted.error(), with);
  registry::client registries(registry_options(with, args->insecure));
  const std::vector<oci::image_reference> targets = wanted->targets;
  auto merging = registry::merge_images(registries, std::move(*wanted), [&with](std::string line) { with.say(progress::sanitize_line(line)); });
  result<registry::merge_outcome> made = co_await std::move(merging);
  if (made.has_error()) co_return say_failure(made.error(), with);
  if (args->dry_run) {
    with.answer(made->index.bytes);
    co_return exit_ok;
  }
  for (std::size_t i = 0; i < targets.size(); ++i)
    with.say(fmt::format("{} is {}{}", targets[i].familiar(), made->digest, made->unchanged[i] ? ", as before" : ""));
  if (!args->silent) with.answer(made->digest);
  co_return exit_ok;
}

task<int> run_inspect(image_args_ptr args, const surroundings& with) {
  result<oci::image_reference> which = oci::parse_image_reference(args->sources.front());
  if (which.has_error()) co_return say_failure(which.error(), with);
  if (int(args->raw) + int(args->as_json) + int(!args->format.empty()) > 1)
    co_return say_failure(failure(errc::usage, "--raw, --json and --format exclude each other", origin::user), with);
  registry::client registries(registry_options(with, args->insecure));
  auto reading = registries.manifest(*which);
  result<registry::manifest_text> text = co_await std::move(reading);
  if (text.has_error()) co_return say_failure(text.error(), with);
  if (args->raw) {
    with.answer.text(text->bytes);
    co_return exit_ok;
  }
  inspected_image image;
  image.name = which->text();
  result<oci::manifest_document> document = oci::parse_manifest(text->bytes);
  if (document.has_error()) co_return say_failure(document.error(), with);
  if (const auto* one = std::get_if<oci::image_manifest>(&*document)) {
    auto reading_config = registries.small_blob(registry::repository_of(*which), one->config.digest, one->config.size, oci::max_config_bytes);
    result<std::string> config_text = co_await std::move(reading_config);
    if (config_text.has_error()) co_return say_failure(config_text.error(), with);
    // What is no image, such as a chart or a cache, has no platform.
    const auto config = oci::parse_image_config(*config_text);
    if (config.has_value() && !config->platform.os.empty())
      image.entries = {registry::entry_of_manifest(text->media_type, text->digest, text->bytes.size(), config->platform, image.name)};
  } else {
    image.is_index = true;
    auto entries = registry::entries_of(text->bytes, image.name);
    if (entries.has_error()) co_return say_failure(entries.error(), with);
    image.entries = std::move(*entries);
  }
  image.text = std::move(*text);
  if (!args->format.empty()) {
    const result<std::string> formatted = image_formatted(image, args->format);
    if (formatted.has_error()) co_return say_failure(formatted.error(), with);
    with.answer(*formatted);
  } else if (args->as_json) {
    with.answer(image_json(image));
  } else {
    for (const std::string& line : image_details(image)) with.answer(line);
  }
  co_return exit_ok;
}

using runner = task<int> (*)(image_args_ptr, const surroundings&);

struct image_subcommand {
  CLI::App* app;
  std::shared_ptr<image_args> args = std::make_shared<image_args>();
  runner run;

  image_subcommand(CLI::App& parent, const char* name, const char* about, const char* examples, runner r)
      : app(add_subcommand(parent, name, about)), run(r) {
    app->footer(examples);
    app->add_option("--insecure", args->insecure, "Do not verify this registry's certificate, and go without TLS if it has none")
        ->type_name("HOST[:PORT]")->take_all()->allow_extra_args(false);
    app->add_flag("-v,--verbose", args->verbose, "Say more; twice for even more");
  }
  void merges(CLI::Option* sources) {
    sources->required();
    app->add_option("-t,--tag", args->tags, "What the image is called; may be given several times")->type_name("NAME[:TAG]")
        ->take_all()->allow_extra_args(false);
    app->add_option("--annotation", args->annotations, "An annotation of the index, or of its entries (manifest-descriptor[PLATFORM]:KEY=VALUE)")
        ->type_name("[TYPE:]KEY=VALUE")->take_all()->allow_extra_args(false);
    app->add_flag("--append", args->append, "Add to what the first --tag is now");
    app->add_flag("--dry-run", args->dry_run, "Print the index and write nothing");
  }
  CLI::Option* sources(const char* name, const char* about, int most) {
    return app->add_option(name, args->sources, about)->expected(1, most);
  }
};

constexpr int any_number = 500;

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
  all.back().merges(all.back().sources("SOURCE", "Images and indexes; sha256:… alone is in the repository of the first --tag", any_number));
  all.emplace_back(*image, "inspect", "Tell what a name stands for: its digest and platforms",
                   "Examples:\n  peelbox image inspect alpine:3.20\n  peelbox image inspect --raw reg.example/app@sha256:…", run_inspect);
  all.back().sources("REF", "The image", 1)->required();
  all.back().app->add_flag("--raw", all.back().args->raw, "The manifest's bytes as they are");
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
  all.back().merges(all.back().sources("SOURCE", "Images and indexes; sha256:… alone is in the repository of the first --tag", any_number));
  all.back().app->add_option("--prefer-index", all.back().args->prefer_index, "false: a single image is copied as it is, not put into an index")
      ->type_name("BOOL");
  all.back().app->add_option("--progress", all.back().args->progress, "Without effect")->type_name("MODE");
  all.emplace_back(*tools, "inspect", "Tell what a name stands for: its digest and platforms",
                   "Example:\n  peelbox imagetools inspect alpine:3.20 --raw", run_inspect);
  all.back().sources("REF", "The image", 1)->required();
  all.back().app->add_flag("--raw", all.back().args->raw, "The manifest's bytes as they are");
  all.back().app->add_option("--format", all.back().args->format, "{{json .Manifest}}, {{.Manifest.Digest}}, {{.Manifest.MediaType}} or {{.Name}}")
      ->type_name("TEMPLATE");
  return as_command(*tools, std::move(all));
}

}  // namespace peelbox::cli
