// Generators of static sites that are programs of their own: Hugo, Jekyll, MkDocs.
#include <fmt/format.h>

#include "engine/detect/hints.hpp"
#include "engine/detect/systems/static_files.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// A value of the generator's configuration, in TOML or YAML; "" when it is not set.
std::string configured(analysis& work, std::string_view key) {
  const std::string* text = work.files.read(work.self.manifest);
  if (!text) return {};
  const auto tree = work.self.manifest.ends_with(".toml") ? parse_toml(*text) : parse_yaml(*text);
  if (tree.has_value()) return (*tree)[key].text;
  work.files.add_note(work.self.manifest, tree.error().text);
  return {};
}

std::string output_or(std::string configured_dir, std::string_view usual) {
  while (configured_dir.ends_with('/')) configured_dir.pop_back();
  return configured_dir.empty() || configured_dir.front() == '/' || contains(configured_dir, "..") ? std::string(usual) : configured_dir;
}

void analyse_hugo(analysis& work) {
  work.out.language = "HTML";
  work.out.framework = "Hugo";
  if (!work.files.has_directory(work.path("content")) && !work.files.has_directory(work.path("layouts/_default"))) {
    work.out.no_service = "neither content nor layouts: a theme or a module of Hugo";
    return;
  }
  work.needs("hugo");
  // Themes may be submodules, which the context holds, or Go modules.
  const std::string* text = work.files.read(work.self.manifest);
  if (work.has("go.mod") || (text && contains(*text, "[module"))) {
    work.needs("go");
    work.needs("git");
  }
  work.run("hugo --minify");
  serve_tree(work, work.path(output_or(configured(work, "publishDir"), "public")), work.self.manifest);
}

std::string refuses_hugo(repository& files, std::string_view manifest) {
  const std::string_view name = name_of(manifest);
  const std::string dir(parent_of(manifest));
  if (name.starts_with("hugo.") || files.has_directory(join(dir, "archetypes"))) return {};
  return files.has_directory(join(dir, "content")) && (files.has_directory(join(dir, "layouts")) || files.has_directory(join(dir, "themes"))) ? "" : "neither content nor layouts beside it";
}

void analyse_jekyll(analysis& work) {
  work.out.language = "HTML";
  work.out.framework = "Jekyll";
  const bool has_theme_only = work.files.has_directory(work.path("_layouts")) && work.first_of({"index.html", "index.md", "index.markdown"}).empty();
  if (has_theme_only) {
    work.out.no_service = "no index page: a theme of Jekyll";
    return;
  }
  work.out.build_env["JEKYLL_ENV"] = "production";
  if (work.has("Gemfile")) {
    const std::string version = version_of_image(work, "ruby", {"ruby"});
    for (const char* tool : {"ruby", "ruby-dev", "bundler"}) work.needs(tool, version);
    work.needs("c++-build");
    work.needs("git");
    work.out.build_env["BUNDLE_PATH"] = "/opt/bundle";
    work.out.cache = {"/opt/bundle/cache"};
    work.run("bundle install");
    work.run("bundle exec jekyll build");
  } else {
    for (const char* tool : {"ruby", "ruby-dev"}) work.needs(tool);
    work.needs("c++-build");
    work.run("gem install --no-document --install-dir /opt/gems --bindir /usr/local/bin jekyll && GEM_HOME=/opt/gems jekyll build");
  }
  serve_tree(work, work.path(output_or(configured(work, "destination"), "_site")), work.self.manifest);
}

std::string refuses_jekyll(repository& files, std::string_view manifest) {
  const std::string dir(parent_of(manifest));
  const std::string* gems = files.read(join(dir, "Gemfile"));
  if (gems && (contains(*gems, "jekyll") || contains(*gems, "github-pages"))) return {};
  for (const char* folder : {"_posts", "_layouts", "_includes", "_data"})
    if (files.has_directory(join(dir, folder))) return {};
  return "neither jekyll in a Gemfile nor folders of Jekyll";
}

void analyse_mkdocs(analysis& work) {
  work.out.language = "HTML";
  work.out.framework = "MkDocs";
  work.needs("python");
  work.needs("pip");
  const std::string* text = work.files.read(work.self.manifest);
  const bool material = text && contains(*text, "material");
  work.run("python3 -m venv /opt/mkdocs");
  const std::string requirements = work.first_of({"requirements.txt", "docs/requirements.txt", "requirements-docs.txt"});
  work.run(fmt::format("/opt/mkdocs/bin/pip install mkdocs{}{}", material ? " mkdocs-material" : "", requirements.empty() ? "" : " -r " + requirements));
  work.run("/opt/mkdocs/bin/mkdocs build");
  serve_tree(work, work.path(output_or(configured(work, "site_dir"), "site")), work.self.manifest);
}

}  // namespace

const build_system hugo_system{.name = "Hugo",
                               .manifests = {"hugo.toml", "hugo.yaml", "hugo.yml", "config.toml"},
                               .refuses = refuses_hugo,
                               .analyse = analyse_hugo};
const build_system jekyll_system{.name = "Jekyll", .manifests = {"_config.yml"}, .refuses = refuses_jekyll, .analyse = analyse_jekyll};
const build_system mkdocs_system{.name = "MkDocs", .manifests = {"mkdocs.yml"}, .analyse = analyse_mkdocs};

}  // namespace peelbox::detect
