// Elixir projects, read as text.
#include <fmt/format.h>

#include <set>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

std::string atom_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = trim(text.substr(at + key.size(), 80));
  if (!rest.starts_with(':')) return {};
  std::size_t end = 1;
  while (end < rest.size() && is_word(rest[end])) ++end;
  return std::string(rest.substr(1, end - 1));
}

/// {:phoenix, "~> 1.7"} -> phoenix
std::set<std::string> mix_dependencies(std::string_view text) {
  std::set<std::string> out;
  for (std::size_t at = text.find("{:"); at != std::string_view::npos; at = text.find("{:", at + 2)) {
    std::size_t end = at + 2;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end < text.size() && text[end] == ',') out.emplace(text.substr(at + 2, end - at - 2));
  }
  return out;
}

void analyse_mix(analysis& work) {
  work.out.language = "Elixir";
  const std::string* text = work.files.read(work.self.manifest);
  if (!text) {
    work.out.no_service = "mix.exs cannot be read";
    return;
  }
  const std::string app = atom_after(*text, "app:");
  if (app.empty()) {
    work.out.no_service = "no app: in mix.exs";
    return;
  }
  work.out.name = app;
  std::string version = version_of_tool_files(work, "elixir");
  const std::size_t at = text->find("elixir:");
  if (version.empty() && at != std::string::npos)
    version = take_version(work, "elixir", quoted_after(*text, at).value_or(""), work.self.manifest, confidence::likely);
  work.needs("elixir", version);
  // Elixir brings the Erlang that it was tested with, unless somebody asks for another one.
  if (const std::string erlang = version_of_tool_files(work, "erlang"); !erlang.empty()) work.needs("erlang", erlang);
  work.needs("git");
  work.needs("c-build");
  for (const char* tool : {"c++-runtime", "openssl-runtime", "ncurses", "ca-certificates"}) work.needs_at_runtime(tool);
  work.out.build_env["MIX_ENV"] = "prod";
  work.out.cache = {"/root/.hex", "/root/.cache"};
  const std::set<std::string> needs = mix_dependencies(*text);
  const framework* f = use_framework(work, ecosystem::elixir, needs);
  if (!f && !contains(*text, "mod:")) {
    work.out.no_service = "no application module: a library";
    return;
  }
  if (!needs.empty()) {
    work.run("mix local.hex --force && mix local.rebar --force");
    work.run("mix deps.get --only prod");
  }
  if (contains(*text, "assets.deploy") && work.has("assets/package.json")) {
    work.needs("node");
    work.needs("npm");
    work.run(fmt::format("npm {} --prefix assets --no-audit --no-fund", work.has("assets/package-lock.json") ? "ci" : "install"));
    work.because("assets", "npm", work.path("assets/package.json"));
  }
  work.run("mix compile");
  if (contains(*text, "assets.deploy")) work.run("mix assets.deploy");
  work.run("mix release --overwrite");
  work.copy(fmt::format("_build/prod/rel/{}/", app), "/app/");
  work.starts(rank::source, {fmt::format("/app/bin/{}", app), "start"}, work.self.manifest);
  work.out.runtime_env["LANG"] = "C.UTF-8";
  if (f && f->name == "Phoenix") {
    work.out.runtime_env["PHX_SERVER"] = "true";
    work.because("environment", "SECRET_KEY_BASE and often DATABASE_URL have to be given when it is started", "Phoenix");
  }
  apply(work, look_at_sources(work, work.sources({".ex", ".exs"}), {"port: System.get_env(\"PORT\", ", "\"PORT\") || ", "port: "}), f ? f->port : std::uint16_t{0},
        f ? fmt::format("{}'s usual port", f->name) : "");
  if (f && work.out.port_variable_from.empty()) work.out.port_variable_from = work.self.manifest;
}

}  // namespace

const build_system mix_system{.name = "Mix", .manifests = {"mix.exs"}, .analyse = analyse_mix};

}  // namespace peelbox::detect
