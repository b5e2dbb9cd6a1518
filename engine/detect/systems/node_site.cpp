#include "engine/detect/systems/node_site.hpp"

#include <fmt/format.h>

#include "engine/detect/systems/js_config.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

const std::initializer_list<std::string_view> vite_config{"vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs"};
const std::initializer_list<std::string_view> astro_config{"astro.config.mjs", "astro.config.ts", "astro.config.js"};

/// Where Angular's builder leaves the files.
std::string angular_output(analysis& work, const value& package) {
  const value& config = package_json(work.files, work.path("angular.json"));
  const auto& projects = config["projects"].members;
  std::string name = config["defaultProject"].text;
  for (const auto& [project, content] : projects)
    if (name.empty() && content["projectType"].text != "library") name = project;
  const value& build = config["projects"][name]["architect"]["build"];
  std::string builder = build["builder"].text;
  const value& path = build["options"]["outputPath"];
  std::string out = path.is(value::kind::object) ? path["base"].text : path.text;
  if (out.empty()) out = fmt::format("dist/{}", name.empty() ? package["name"].text : name);
  // Without angular.json: since 17 the usual builder has a directory for the browser.
  const std::string major = first_version(package["dependencies"]["@angular/core"].text);
  const bool browser = builder.empty() ? major.empty() || !version_less(major, "17") : builder.ends_with(":application");
  if (path.is(value::kind::object) && path.has("browser")) return join(out, path["browser"].text);
  return browser ? out + "/browser" : out;
}

std::string nuxt_major(const value& package) {
  const std::string& wanted = package["dependencies"]["nuxt"].text.empty() ? package["devDependencies"]["nuxt"].text : package["dependencies"]["nuxt"].text;
  return version_prefix(first_version(wanted), 1);
}

/// `nuxt generate` makes files where `nuxt build` makes a server; so does the preset of a place for files.
bool is_generated_by_nuxt(analysis& work, const value& package) {
  const std::string script = build_script(work, package);
  if (contains(package["scripts"][script].text, "nuxt generate") || contains(package["scripts"][script].text, "nuxi generate")) return true;
  return wants_files_of_nuxt(work);
}

/// `output: { path: path.resolve(__dirname, "../api", "static") }` -> "../api/static"; webpack's own choice is "dist".
std::string webpack_output(analysis& work) {
  for (const char* file : {"webpack.prod.js", "webpack.config.prod.js", "webpack.common.js", "webpack.config.js", "webpack.config.ts", "config/webpack.prod.js", "config/webpack.common.js"}) {
    const std::string* text = work.read(file);
    const std::size_t output = text ? text->find("output:") : std::string::npos;
    const std::size_t at = output == std::string::npos ? output : text->find("path:", output);
    if (at == std::string::npos || at > output + 400) continue;
    const std::string_view line = std::string_view(*text).substr(at, std::min(text->find('\n', at), text->size()) - at);
    std::string path(parent_of(file));
    for (std::size_t quote = line.find_first_of("\"'"); quote != std::string_view::npos;) {
      const std::size_t close = line.find(line[quote], quote + 1);
      if (close == std::string_view::npos) break;
      std::string_view part = line.substr(quote + 1, close - quote - 1);
      while (part.starts_with('/')) part.remove_prefix(1);
      path = join(path, part);
      quote = line.find_first_of("\"'", close + 1);
    }
    if (!path.empty() && path != parent_of(file)) return path;
  }
  return "dist";
}

}  // namespace

site find_site(analysis& work, const std::set<std::string>& all, const value& package) {
  if (!is_built(work, package)) return {};
  if (all.contains("next")) return js_config_says(work, next_config, "output", "export") ? site{"out", false, "index.html"} : site{};
  if (all.contains("@sveltejs/kit")) {
    const svelte_adapter adapter = find_svelte_adapter(work, all);
    return adapter.name == "static" ? site{adapter.out.empty() ? "build" : adapter.out, !adapter.fallback.empty(), adapter.fallback} : site{};
  }
  for (const char* dev : {"@react-router/dev", "@remix-run/dev"})
    if (all.contains(dev) && js_config_says(work, {"react-router.config.ts", "react-router.config.js", "vite.config.ts", "vite.config.js"}, "ssr", "false"))
      return {"build/client", true, "index.html"};
  // Without a server's output Expo's pages are files.
  if (all.contains("expo") && contains(package["scripts"][build_script(work, package)].text, "expo export")) {
    const std::string out = out_dir_of(package["scripts"][build_script(work, package)].text);
    return {out.empty() ? "dist" : out, true, "index.html"};
  }
  if (all.contains("nuxt") && is_generated_by_nuxt(work, package)) return {nuxt_major(package) == "2" ? "dist" : ".output/public", js_config_says(work, {"nuxt.config.ts", "nuxt.config.js"}, "ssr", "false"), "200.html"};
  if (all.contains("react-scripts")) return {"build", true, "index.html"};
  if (all.contains("@angular/core")) return {angular_output(work, package), true, "index.html"};
  if (all.contains("gatsby")) return {"public", false, "index.html"};
  if (all.contains("@docusaurus/core")) return {"build", false, "index.html"};
  if (all.contains("@11ty/eleventy")) return {"_site", false, "index.html"};
  if (all.contains("vitepress")) return {work.files.has_directory(work.path("docs/.vitepress")) ? "docs/.vitepress/dist" : ".vitepress/dist", false, "index.html"};
  const auto configured = [&](std::initializer_list<std::string_view> files, std::string_view key) {
    if (const std::string told = out_dir_of(package["scripts"][build_script(work, package)].text); !told.empty()) return told;
    const std::string out = js_config_text(work, files, key);
    return out.empty() ? "dist" : out;
  };
  if (all.contains("astro")) {
    // An adapter and a server's output together make a server.
    const bool server = js_config_says(work, astro_config, "output", "server") || js_config_says(work, astro_config, "output", "hybrid");
    return server ? site{} : site{configured(astro_config, "outDir"), false, "index.html"};
  }
  if (all.contains("@vue/cli-service")) return {configured({"vue.config.js", "vue.config.ts"}, "outputDir"), true, "index.html"};
  if (all.contains("parcel")) return {"dist", true, "index.html"};
  if (all.contains("webpack") && all.contains("html-webpack-plugin")) {
    const std::string told = out_dir_of(package["scripts"]["build"].text);
    return {told.empty() ? webpack_output(work) : told, true, "index.html"};
  }
  // Without a page of its own Vite makes a library, or what another server serves.
  if (all.contains("vite") && work.has("index.html")) return {configured(vite_config, "outDir"), true, "index.html"};
  return {};
}

}  // namespace peelbox::detect
