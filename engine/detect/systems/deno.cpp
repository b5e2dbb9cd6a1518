// Deno projects.
#include <fmt/format.h>

#include "engine/detect/hints.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

void analyse_deno(analysis& work) {
  work.out.language = "TypeScript";
  const std::string* text = work.files.read(work.self.manifest);
  const auto tree = parse_json(text ? *text : "{}");
  const value project = tree.has_value() ? *tree : value();
  if (!project["name"].text.empty()) work.out.name = project["name"].text;
  work.needs("deno");
  work.needs_at_runtime("deno");
  const std::string file = work.first_of({"main.ts", "server.ts", "index.ts", "app.ts", "src/main.ts", "main.js"});
  const value& task = project["tasks"]["start"];
  const std::string script = task.is(value::kind::object) ? task["command"].text : task.text;
  work.out.nothing_to_start = "no start task and no main.ts: a library";
  take_hinted_command(work, {"deno"});
  work.out.build_env["DENO_DIR"] = "/app/.deno";
  work.out.runtime_env["DENO_DIR"] = "/app/.deno";
  if (!file.empty()) work.run(fmt::format("deno cache {}", shell_word(file)));
  if (project["tasks"].has("build")) work.run("deno task build");
  work.copy(".", "/app/");
  if (!file.empty()) work.out.copy.push_back({"/app/.deno", "/app/.deno"});
  const std::string start = !script.empty() ? script : file.empty() ? "" : "deno run --allow-net --allow-read --allow-env " + file;
  const bool of_developer = contains(script, "--watch") || contains(script, "dev.ts");
  if (of_developer && !file.empty()) work.starts(rank::source, as_command("deno run -A " + file), work.path(file));
  if (!start.empty()) work.starts(script.empty() || of_developer ? rank::convention : rank::configured, as_command(start), script.empty() ? work.path(file) : "tasks.start in " + work.self.manifest);
  const source_facts facts = look_at_sources(work, work.sources({".ts", ".tsx", ".js"}), {"port: ", ".listen("});
  const bool serves = contains(start, "serve") || [&] {
    for (const std::string& path : work.sources({".ts", ".tsx", ".js"}))
      if (const std::string* source = work.files.read_source(path))
        // Its own server, the older one of the standard library, and Fresh, which is built on them.
        for (const std::string_view mark : {"Deno.serve(", "/http/server.ts", "$fresh/server.ts", "@fresh/core"})
          if (contains(*source, mark)) return true;
    return false;
  }();
  apply(work, facts, serves ? std::uint16_t{8000} : std::uint16_t{0}, "Deno.serve's usual port");
}

std::string refuses_deno(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  if (!text) return "it cannot be read";
  const auto tree = parse_json(*text);
  if (tree.has_value()) return "";
  files.add_note(manifest, tree.error().text);
  return "it is broken";
}

}  // namespace

const build_system deno_system{.name = "Deno", .manifests = {"deno.json", "deno.jsonc"}, .refuses = refuses_deno, .analyse = analyse_deno};

}  // namespace peelbox::detect
