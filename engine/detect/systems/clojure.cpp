// Clojure: Leiningen's project.clj and the deps.edn of the command line tools, read as text.
#include <fmt/format.h>

#include "engine/detect/systems/jvm.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// The symbol behind `key`: ":main app.core" -> "app.core". A comment ends at its line.
std::string symbol_after(std::string_view text, std::string_view key) {
  for (const std::string_view raw : lines_of(text)) {
    const std::string_view line = raw.substr(0, raw.find(';'));
    std::size_t at = line.find(key);
    if (at == std::string_view::npos) continue;
    at = line.find_first_not_of(" \t^", at + key.size());
    if (at == std::string_view::npos) continue;
    // ^:skip-aot stands before the name.
    if (line[at] == '"') return quoted_after(line, at).value_or("");
    if (line.substr(at).starts_with(":skip-aot")) at = line.find_first_not_of(" \t", at + 9);
    if (at == std::string_view::npos) continue;
    const std::size_t end = std::min(line.find_first_of(" \t)}]\"", at), line.size());
    if (end > at) return std::string(line.substr(at, end - at));
  }
  return {};
}

void analyse_leiningen(analysis& work, const std::string& text) {
  const std::string name = symbol_after(text, "(defproject");
  if (!name.empty()) work.out.name = name_of(name);
  if (symbol_after(text, ":main").empty()) {
    work.out.no_service = "no :main in project.clj: a library";
    return;
  }
  work.because("main namespace", symbol_after(text, ":main"), work.self.manifest);
  work.needs("leiningen");
  work.out.build_env["LEIN_ROOT"] = "1";
  work.run("lein uberjar");
  // `lein new app` gives the profile a directory of its own.
  const bool own = contains(text, ":target-path \"target/%s\"");
  const std::string named = symbol_after(text, ":uberjar-name");
  const std::string folder = own ? "target/uberjar/" : "target/";
  work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/app.jar"}, {}, {{work.path(folder + (named.empty() ? "*-standalone.jar" : named)), "/app/app.jar"}}}, work.self.manifest);
}

void analyse_tools(analysis& work) {
  const std::string* build = work.read("build.clj");
  if (!build || !contains(*build, "uber")) {
    work.out.no_service = "no build.clj that makes an uberjar: a library, or a program that only its alias knows how to start";
    return;
  }
  work.needs("clojure");
  work.run("clojure -T:build uber");
  work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/app.jar"}, {analysis::command_in(work.self.dir, "ls target/*.jar | head -n 1 | xargs -I FILE cp FILE /app.jar")}, {{"/app.jar", "/app/app.jar"}}}, work.self.manifest);
}

void analyse_clojure(analysis& work) {
  work.out.language = "Clojure";
  const bool leiningen = work.self.manifest.ends_with("project.clj");
  work.out.build_system = leiningen ? "Leiningen" : "Clojure CLI";
  const std::string* text = work.files.read(work.self.manifest);
  use_java(work, java_version_of_files(work));
  work.out.cache = {"/root/.m2/repository"};
  if (leiningen)
    analyse_leiningen(work, text ? *text : "");
  else
    analyse_tools(work);
  if (!work.out.no_service.empty()) return;
  apply(work, look_at_sources(work, work.sources({".clj"}), {":port ", "PORT\") "}), 0, "");
}

}  // namespace

const build_system clojure_system{.name = "Clojure", .manifests = {"project.clj", "deps.edn"}, .analyse = analyse_clojure};

}  // namespace peelbox::detect
