// PHP: projects with a composer.json, and plain files.
#include <fmt/format.h>

#include <set>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

void use_php(analysis& work, const std::string& version, const std::set<std::string>& extensions, bool at_build) {
  work.out.language = "PHP";
  work.needs_at_runtime("php", version);
  if (at_build) work.needs("php", version);
  for (const std::string& extension : extensions) {
    work.needs_at_runtime("php-ext:" + extension, version);
    if (at_build) work.needs("php-ext:" + extension, version);
  }
}

std::set<std::string> extensions_of(const framework* f) {
  std::set<std::string> out{"ctype", "curl", "dom", "fileinfo", "iconv", "mbstring", "openssl", "phar", "xml"};
  const std::string_view name = f ? f->name : "";
  if (name == "Laravel") out.insert({"pdo", "pdo_mysql", "pdo_sqlite", "session", "simplexml", "tokenizer", "xmlwriter", "zip"});
  if (name == "Symfony") out.insert({"intl", "pdo", "session", "simplexml", "tokenizer"});
  return out;
}

/// PHP's own server on `root` (a directory of the image).
void serve(analysis& work, std::string_view root, std::string_view from) {
  const std::string_view port = told_port(work, 8000, "of PHP's own server");
  work.starts(rank::convention, {"php", "-S", fmt::format("0.0.0.0:{}", port), "-t", std::string(root)}, from);
}

/// AssetMapper's files are fetched and written to public/assets; without it, Encore's package.json does that.
void build_symfony_assets(analysis& work, const std::set<std::string>& names) {
  if (!names.contains("symfony/asset-mapper")) return;
  const std::string console = "APP_ENV=prod APP_SECRET=of-the-build php bin/console ";
  if (work.has("importmap.php")) work.run(console + "importmap:install");
  if (names.contains("symfonycasts/sass-bundle")) work.run(console + "sass:build");
  if (names.contains("symfonycasts/tailwind-bundle")) work.run(console + "tailwind:build --minify");
  work.run(console + "asset-map:compile");
  work.because("assets", "asset-map:compile", "symfony/asset-mapper in " + work.self.manifest);
}

void analyse_composer(analysis& work) {
  const std::string* text = work.files.read(work.self.manifest);
  const auto tree = parse_json(text ? *text : "{}");
  if (tree.has_error()) {
    work.out.no_service = "composer.json is broken";
    return;
  }
  std::set<std::string> names;
  std::set<std::string> extensions;
  std::string version = version_of_tool_files(work, "php");
  for (const auto& [name, wanted] : (*tree)["require"].members) {
    names.insert(name);
    if (name.starts_with("ext-")) extensions.insert(lower(name.substr(4)));
    if (name == "php" && version.empty()) version = take_version(work, "php", wanted.text, work.self.manifest, confidence::likely);
  }
  if (const std::string& name = (*tree)["name"].text; !name.empty()) work.out.name = name_of(name);
  const framework* f = use_framework(work, ecosystem::php, names);
  extensions.merge(extensions_of(f));
  use_php(work, version, extensions, true);
  work.needs("composer");
  work.needs("git");
  work.needs("unzip");
  work.out.build_env["COMPOSER_ALLOW_SUPERUSER"] = "1";
  work.out.cache = {"/root/.cache/composer"};
  work.run("composer install --no-dev --no-interaction --no-scripts --optimize-autoloader");
  if (f && f->name == "Symfony") build_symfony_assets(work, names);
  build_front_end(work, true);
  if (f && f->name == "Symfony") work.out.runtime_env = {{"APP_DEBUG", "0"}, {"APP_ENV", "prod"}};
  if (f && f->name == "Laravel") work.out.runtime_env = {{"APP_ENV", "production"}, {"LOG_CHANNEL", "stderr"}};
  work.copy(".", "/app/");
  if (f && f->name == "Laravel" && work.has("artisan")) {
    const std::string_view port = told_port(work, f->port, "Laravel's usual port");
    work.starts(rank::convention, {"php", "artisan", "serve", "--host=0.0.0.0", fmt::format("--port={}", port)}, work.path("artisan"));
    work.because("environment", "APP_KEY has to be given when it is started", "Laravel");
  } else if (work.has("public/index.php")) {
    serve(work, "/app/public", work.path("public/index.php"));
  } else if (work.has("web/index.php")) {
    serve(work, "/app/web", work.path("web/index.php"));
  } else if (work.has("index.php")) {
    serve(work, "/app", work.path("index.php"));
  } else {
    work.out.nothing_to_start = "no index.php: a library";
  }
  apply(work, look_at_sources(work, work.sources({".php", "routes.yaml"}), {}), 0, "");
}

std::string refuses_composer(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  if (!text) return "it cannot be read";
  const auto tree = parse_json(*text);
  if (tree.has_error()) {
    files.add_note(manifest, tree.error().text);
    return "it is broken";
  }
  return "";
}

void analyse_php_file(analysis& work) {
  work.out.build_system = "none";
  use_php(work, version_of_tool_files(work, "php"), {}, false);
  work.copy(".", "/app/");
  serve(work, "/app", work.self.manifest);
}

}  // namespace

const build_system composer_system{.name = "Composer", .manifests = {"composer.json"}, .refuses = refuses_composer, .analyse = analyse_composer};
const build_system php_file_system{.name = "a PHP file", .manifests = {"index.php"}, .weak = true, .analyse = analyse_php_file};

}  // namespace peelbox::detect
