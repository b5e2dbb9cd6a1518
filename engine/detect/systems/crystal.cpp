// Crystal programs with a shard.yml.
#include <fmt/format.h>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// The target that is called like the project, else the first; "" when there is none.
std::string target_of(const value& shard) {
  const auto& targets = shard["targets"].members;
  if (targets.empty()) return {};
  const std::string& name = shard["name"].text;
  return shard["targets"].has(name) ? name : targets.front().key;
}

/// Macros that ask Git for a version when it is compiled fail where there is no repository, and no context holds one.
void make_history(analysis& work) {
  for (const std::string& path : work.sources({".cr"})) {
    const std::string* text = work.files.read_source(path);
    if (!text || !contains(*text, "`git ")) continue;
    for (const std::string_view line : lines_of(*text)) {
      if (!contains(line, "{{") || !contains(line, "`git ")) continue;
      work.run("git init --quiet && git -c user.name=build -c user.email=build@localhost commit --quiet --allow-empty --message build");
      work.because("history", "an empty one, for macros that ask Git", path, confidence::guess);
      return;
    }
  }
}

void analyse_crystal(analysis& work) {
  work.out.language = "Crystal";
  const std::string* text = work.files.read(work.self.manifest);
  const auto tree = parse_yaml(text ? *text : "");
  if (tree.has_error()) {
    work.files.add_note(work.self.manifest, tree.error().text);
    work.out.no_service = "shard.yml is broken";
    return;
  }
  std::string program = target_of(*tree);
  const std::string& name = (*tree)["name"].text;
  std::string main = (*tree)["targets"][program]["main"].text;
  if (program.empty() && work.has(fmt::format("src/{}.cr", name)) && contains(*work.read(fmt::format("src/{}.cr", name)), ".run")) {
    program = name;
    main = fmt::format("src/{}.cr", name);
  }
  if (program.empty()) {
    work.out.no_service = "no target in shard.yml: a library";
    return;
  }
  work.out.name = name.empty() ? program : name;
  work.because("program", program, fmt::format("targets in {}", work.self.manifest), (*tree)["targets"].has(program) ? confidence::certain : confidence::likely);
  for (const char* tool : {"crystal", "c-build", "git", "openssl-dev", "zlib-dev", "yaml-dev", "xml-dev", "pcre2-dev", "gc-dev", "libevent-dev"}) work.needs(tool);
  for (const char* tool : {"c-runtime", "rust-runtime", "ca-certificates", "openssl-runtime", "zlib-runtime", "yaml-runtime", "xml-runtime", "pcre2-runtime", "gc-runtime", "libevent-runtime"})
    work.needs_at_runtime(tool);
  const auto& dependencies = (*tree)["dependencies"];
  if (dependencies.has("sqlite3")) {
    work.needs("sqlite-dev");
    work.needs_at_runtime("sqlite-runtime");
  }
  work.out.cache = {"/root/.cache/shards", "/root/.cache/crystal"};
  if (!dependencies.members.empty()) work.needs("shards");
  if (!dependencies.members.empty()) work.run(work.has("shard.lock") ? "shards install --production" : "shards install");
  make_history(work);
  const std::string installed = "/usr/local/bin/" + program;
  work.run(fmt::format("crystal build --release {} -o {}", shell_word(main), shell_word(installed)));
  work.out.copy.push_back({installed, installed});
  work.starts_program(installed, work.self.manifest);
  // What Kemal serves and renders from the working directory.
  for (const char* dir : {"public", "assets", "config", "locales", "views"})
    if (work.files.has_directory(work.path(dir))) work.copy(std::string(dir) + "/", fmt::format("/app/{}/", dir));
  const bool kemal = dependencies.has("kemal");
  if (kemal) work.out.framework = "Kemal";
  if (kemal) work.because("framework", "Kemal", "dependency kemal in " + work.self.manifest);
  apply(work, look_at_sources(work, work.sources({".cr"}), {"bind_tcp(", "bind_tcp \"0.0.0.0\", ", "config.port = ", "property port : Int32 = ", "listen("}), kemal ? std::uint16_t{3000} : std::uint16_t{0}, "Kemal's usual port");
}

}  // namespace

const build_system crystal_system{.name = "Shards", .manifests = {"shard.yml"}, .analyse = analyse_crystal};

}  // namespace peelbox::detect
