// `peelbox context`: what a build would send, and why. Needs no daemon.
#include <CLI/App.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/context_option.hpp"
#include "cli/context_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "engine/filesync/fingerprinted_context.hpp"

namespace peelbox::cli {

namespace {

struct context_args {
  std::string context = ".";
  bool no_gitignore = false;
  listing_format format;
  std::size_t top = 0;
  std::string times = "file";
  std::vector<std::string> paths;
};

/// Writes lines in large pieces, because there may be a million.
class line_output {
 public:
  explicit line_output(const surroundings& with) : with_(with) {}
  ~line_output() { flush(); }
  line_output(const line_output&) = delete;
  line_output& operator=(const line_output&) = delete;

  /// False: nobody takes more.
  bool line(std::string_view text) {
    pending_.append(text).push_back('\n');
    return pending_.size() <= 60'000 || flush();
  }

 private:
  bool flush() {
    const bool taken = with_.answer.text(pending_);
    pending_.clear();
    return taken;
  }

  const surroundings& with_;
  std::string pending_;
};

/// Puts the commas between JSON objects, one object on a line.
class json_items {
 public:
  explicit json_items(line_output& out) : out_(out) {}
  bool add(const std::string& object) {
    const bool taken = held_.empty() || out_.line(held_ + ",");
    held_ = object;
    return taken;
  }
  void end() {
    if (!held_.empty()) out_.line(held_);
  }

 private:
  line_output& out_;
  std::string held_;
};

result<context_totals> list(const context_args& args, const filesync::context_source& source, line_output& out) {
  const bool json = args.format.json;
  context_totals totals;
  std::vector<filesync::listed_entry> kept;
  json_items items(out);
  if (json) out.line(args.top > 0 ? R"({"top":[)" : R"({"entries":[)");
  result<void> listed = filesync::list_context(
      source, {}, {.left_out = args.format.why}, [&](const filesync::listed_entry& entry) {
        totals.add(entry);
        if (args.top == 0) {
          const std::string text = entry_text(entry, args.format);
          return json ? items.add(text) : out.line(text);
        }
        if (entry.sent) kept.push_back(entry);
        return true;
      });
  if (listed.has_error()) return listed.error();
  if (args.top > 0) {
    for (const filesync::heavy_path& entry : top_entries(kept, args.top)) {
      if (json) items.add(top_text(entry, true));
      else out.line(top_text(entry, false));
    }
  }
  if (json) {
    items.end();
    out.line("]," + totals_json(totals) + "}");
  }
  return totals;
}

task<int> run_context_list(std::shared_ptr<const context_args> args, const surroundings& with) {
  auto job = [args, &with]() -> result<context_totals> {
    result<std::string> root = canonical_context("--context", args->context);
    if (root.has_error()) return root.error();
    line_output out(with);
    return list(*args, context_source_of(*root, !args->no_gitignore), out);
  };
  result<context_totals> totals = co_await with.pool.run(std::move(job));
  if (totals.has_error()) {
    with.say("error: " + totals.error().text);
    co_return to_exit_code(totals.error().code);
  }
  if (!args->format.json && with.answer.error() == 0) with.say(totals_text(*totals));
  co_return exit_ok;
}

/// Paths are relative to the context. Absolute ones below the context's directory are accepted too.
std::string path_in_context(const std::string& root, const std::string& path) {
  if (!path.starts_with('/')) return path;
  const std::filesystem::path inside = std::filesystem::path(path).lexically_normal().lexically_relative(root);
  return inside.empty() || inside.native().starts_with("..") ? path : inside.generic_string();
}

result<bool> explain(const context_args& args, const surroundings& with) {
  result<std::string> root = canonical_context("--context", args.context);
  if (root.has_error()) return root.error();
  const filesync::context_source source = context_source_of(*root, !args.no_gitignore);
  bool all_exist = true;
  line_output out(with);
  json_items items(out);
  if (args.format.json) out.line("[");
  for (const std::string& path : args.paths) {
    const std::string wanted = path_in_context(*root, path);
    result<filesync::path_decision> decision = filesync::explain_path(source, {}, wanted);
    if (decision.has_error()) return decision.error();
    all_exist = all_exist && decision->exists;
    if (args.format.json) items.add(decision_json(wanted, *decision));
    else out.line(decision_text(wanted, *decision));
  }
  items.end();
  if (args.format.json) out.line("]");
  return all_exist;
}

task<int> run_explain(std::shared_ptr<const context_args> args, const surroundings& with) {
  auto job = [args, &with] { return explain(*args, with); };
  result<bool> all_exist = co_await with.pool.run(std::move(job));
  if (all_exist.has_error()) {
    with.say("error: " + all_exist.error().text);
    co_return to_exit_code(all_exist.error().code);
  }
  co_return *all_exist ? exit_ok : exit_context;
}

/// What the ids of a build's sessions follow from, when it reads all of the context.
task<int> run_fingerprint(std::shared_ptr<const context_args> args, const surroundings& with) {
  result<std::string> root = canonical_context("--context", args->context);
  result<std::shared_ptr<const filesync::fingerprinted_context>> found = failure();
  if (root.has_value()) {
    auto source = std::make_shared<filesync::context_source>(context_source_of(*root, !args->no_gitignore));
    // Without a key, so that it is the same on all machines.
    if (args->times == "content") source->content_times = filesync::content_time_options{};
    auto looking = filesync::take_fingerprint(std::move(source), "context", {}, with.pool);
    found = co_await std::move(looking);
  } else {
    found = root.error();
  }
  if (found.has_error()) {
    const bool unsuitable = found.error().code == errc::unsupported;
    with.say((unsuitable ? "error: the context has no fingerprint: " : "error: ") + found.error().text);
    co_return to_exit_code(found.error().code);
  }
  const filesync::transfer_stats& seen = (*found)->seen;
  line_output out(with);
  if (args->format.json)
    out.line(fmt::format(R"({{"fingerprint":"{}","files":{},"bytes":{}}})", (*found)->digest, seen.files, seen.bytes_listed));
  else out.line((*found)->digest);
  co_return exit_ok;
}

void add_context_flags(CLI::App& app, context_args& args) {
  app.add_option("--context", args.context, "Directory with the sources")->type_name("DIR")->capture_default_str();
  app.add_flag("--no-gitignore", args.no_gitignore, "Do not apply .gitignore files");
  app.add_flag("--json", args.format.json, "One JSON document; sizes are in bytes");
}

}  // namespace

command add_context_command(CLI::App& app) {
  auto args = std::make_shared<context_args>();
  command added;
  added.app = add_subcommand(app, "context", "Show what a build would send, and why; needs no daemon");
  added.app->require_subcommand(1);
  added.app->footer(
      "Examples:\n"
      "  peelbox context ls --sizes\n"
      "  peelbox context explain src/main.c");
  CLI::App* const ls = add_subcommand(*added.app, "ls", "List what is sent, in the order it is sent");
  ls->footer(
      "Examples:\n"
      "  peelbox context ls --top 20                 # what makes it large\n"
      "  peelbox context ls --why | grep '^-'        # what is left out, and why");
  add_context_flags(*ls, *args);
  ls->add_flag("--sizes", args->format.sizes, "Show the size of each file");
  CLI::Option* const why = ls->add_flag("--why", args->format.why, "Show also what is left out (-), and the rule that decided");
  ls->add_option("--top", args->top, "Show only the N heaviest files and directories")->type_name("N")
      ->check(number_from(1, 1'000'000))->excludes(why);
  CLI::App* const explain_paths = add_subcommand(*added.app, "explain", "Say which rule decides about paths of the context");
  explain_paths->footer("Example:\n  peelbox context explain node_modules .env src/main.c");
  add_context_flags(*explain_paths, *args);
  explain_paths->add_option("PATH", args->paths, "Relative to the context")->required()->type_name("FILE");
  CLI::App* const fingerprint =
      add_subcommand(*added.app, "fingerprint", "Print a digest that changes with what is sent");
  fingerprint->footer("Example:\n  test \"$(peelbox context fingerprint)\" = \"$(cat last)\" || make image");
  add_context_flags(*fingerprint, *args);
  fingerprint->add_option("--context-times", args->times, "Files count by size and times (file), or by their content, which is the same in every clone")
      ->type_name("MODE")->capture_default_str()->check(one_of({"file", "content"}));
  added.run = [args, ls, fingerprint](const surroundings& with) {
    if (fingerprint->parsed()) return run_fingerprint(args, with);
    return ls->parsed() ? run_context_list(args, with) : run_explain(args, with);
  };
  return added;
}

}  // namespace peelbox::cli
