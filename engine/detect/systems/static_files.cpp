#include "engine/detect/systems/static_files.hpp"

#include <fmt/format.h>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

void serve_tree(analysis& work, std::string_view dir, std::string_view from, bool single_page) {
  constexpr std::uint16_t usual = 8080;
  const std::uint16_t port = choose_port(work, usual, "of static sites");
  work.needs_at_runtime("caddy");
  // The build's context never holds .git, so the history is not published.
  work.out.copy.push_back({dir.empty() ? "." : std::string(dir) + "/", "/srv/"});
  work.because("static site", dir.empty() ? "." : dir, from, confidence::likely);
  if (!single_page) {
    work.out.command = {"caddy", "file-server", "--root", "/srv", "--listen", fmt::format(":{}", port)};
    return;
  }
  // `caddy file-server` has no flag for it.
  work.out.commands.push_back(fmt::format(
      "printf '%s\\n' ':{} {{' 'root * /srv' 'encode gzip' 'try_files {{path}} /index.html' 'file_server' '}}' > /Caddyfile", port));
  work.out.copy.push_back({"/Caddyfile", "/etc/caddy/Caddyfile"});
  work.out.command = {"caddy", "run", "--config", "/etc/caddy/Caddyfile"};
  work.because("paths", "index.html", "a page that routes in the browser", confidence::likely);
}

namespace {

void analyse(analysis& work) {
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
  work.out.command = {bash ? "bash" : "/bin/sh", "/app/" + work.path(file)};
  if (!work.self.dir.empty()) work.out.command.back() = "/app/" + file;
  work.because("command", file, work.self.manifest, confidence::likely);
  apply(work, {}, 0, "");
}

void analyse_procfile(analysis& work) {
  work.out.language = "Shell";
  work.out.build_system = "none";
  work.copy(".", "/app/");
}

}  // namespace

const build_system static_site_system{
    .name = "static site", .manifests = {"Staticfile", "index.html"}, .weak = true, .analyse = analyse};
const build_system shell_file_system{
    .name = "a shell script", .manifests = {"start.sh", "entrypoint.sh", "run.sh"}, .weak = true, .analyse = analyse_shell};
const build_system procfile_system{
    .name = "Procfile", .manifests = {"Procfile"}, .weak = true, .analyse = analyse_procfile};

}  // namespace peelbox::detect
