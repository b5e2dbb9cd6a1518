#include "engine/detect/systems/static_files.hpp"

#include <fmt/format.h>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

void serve_tree(analysis& work, std::string_view dir, std::string_view from, bool single_page,
                std::string_view fallback_page) {
  constexpr std::uint16_t usual = 8080;
  const std::string_view port = told_port(work, usual, "of static sites");
  work.needs_at_runtime("caddy");
  // The build's context never holds .git, so the history is not published.
  work.out.copy.push_back({dir.empty() ? "." : std::string(dir) + "/", "/srv/"});
  work.because("static site", dir.empty() ? "." : dir, from, confidence::likely);
  if (!single_page) {
    work.starts(rank::configured, {"caddy", "file-server", "--root", "/srv", "--listen", fmt::format(":{}", port)}, from);
    return;
  }
  // `caddy file-server` has no flag for it.
  way_to_start caddy;
  caddy.words = {"caddy", "run", "--config", "/etc/caddy/Caddyfile"};
  caddy.commands = {fmt::format("printf '%s\\n' ':{} {{' 'root * /srv' 'encode gzip' 'try_files {{path}} /{}' 'file_server' '}}' > /Caddyfile", port, fallback_page)};
  caddy.copy = {{"/Caddyfile", "/etc/caddy/Caddyfile"}};
  work.starts(rank::configured, std::move(caddy), from);
  work.because("paths", fallback_page, "a page that routes in the browser", confidence::likely);
}

namespace {

void analyse_static_site(analysis& work) {
  work.out.language = "HTML";
  work.out.build_system = "none";
  const std::string manifest(name_of(work.self.manifest));
  std::string dir = ".";
  if (manifest == "Staticfile") {
    if (const std::string* text = work.files.read(work.self.manifest))
      if (const auto tree = parse_yaml(*text); tree.has_value() && !(*tree)["root"].text.empty())
        dir = (*tree)["root"].text;
  } else if (!work.has("index.html") && work.has("public/index.html")) {
    dir = "public";
  }
  serve_tree(work, dir == "." ? work.self.dir : work.path(dir), work.self.manifest);
}

void analyse_shell(analysis& work) {
  work.out.language = "Shell";
  work.out.build_system = "none";
  const std::string file(name_of(work.self.manifest));
  const std::string* text = work.files.read(work.self.manifest);
  const bool bash = text && contains(text->substr(0, text->find('\n')), "bash");
  if (bash) work.needs_at_runtime("shell");
  work.copy(".", "/app/");
  work.starts(rank::convention, {bash ? "bash" : "/bin/sh", "/app/" + file}, work.self.manifest);
  apply(work, {}, 0, "");
}

void analyse_procfile(analysis& work) {
  work.out.language = "Shell";
  work.out.build_system = "none";
  work.copy(".", "/app/");
}

}  // namespace

const build_system static_site_system{
    .name = "static site", .manifests = {"Staticfile", "index.html"}, .weak = true, .analyse = analyse_static_site};
const build_system shell_file_system{
    .name = "a shell script", .manifests = {"start.sh", "entrypoint.sh", "run.sh"}, .weak = true, .analyse = analyse_shell};
const build_system procfile_system{
    .name = "Procfile", .manifests = {"Procfile"}, .weak = true, .analyse = analyse_procfile};

}  // namespace peelbox::detect
