// Maven projects; what a parent in the repository says is inherited.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/detect/systems/jvm.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

value pom(repository& files, std::string_view path) {
  const std::string* text = files.read(path);
  if (!text) return {};
  auto tree = parse_xml(*text);
  if (tree.has_value()) return (*tree)["project"];
  files.add_note(path, tree.error().text);
  return {};
}

const std::string& text_of(const value& element) { return element["#text"].text; }

/// The pom and its parents inside the repository, the nearest first.
std::vector<std::pair<std::string, value>> with_parents(repository& files, const std::string& manifest) {
  constexpr std::size_t most = 16;
  std::vector<std::pair<std::string, value>> out{{manifest, pom(files, manifest)}};
  while (out.size() < most) {
    const auto& [path, tree] = out.back();
    if (!tree.has("parent")) break;
    const value& parent = tree["parent"];
    std::string relative = parent.has("relativePath") ? text_of(parent["relativePath"]) : "../pom.xml";
    if (relative.empty()) break;
    if (!relative.ends_with(".xml")) relative += "/pom.xml";
    const auto next = resolve(parent_of(path), relative);
    if (!next || !files.has_file(*next)) break;
    value found = pom(files, *next);
    // A pom that only lies at the usual place need not be the parent.
    if (text_of(found["artifactId"]) != text_of(parent["artifactId"])) break;
    out.emplace_back(*next, std::move(found));
  }
  return out;
}

/// "${name}" by the properties of the pom and its parents.
std::string resolved_text(const std::vector<std::pair<std::string, value>>& chain, std::string text) {
  for (int round = 0; round < 8 && text.starts_with("${") && text.ends_with("}"); ++round) {
    const std::string name = text.substr(2, text.size() - 3);
    text.clear();
    for (const auto& [path, tree] : chain)
      if (text.empty()) text = text_of(tree["properties"][name]);
  }
  return text;
}

std::string java_version_maven(analysis& work, const std::vector<std::pair<std::string, value>>& chain) {
  for (const auto& [path, tree] : chain) {
    for (const char* name : {"maven.compiler.release", "java.version", "maven.compiler.source", "maven.compiler.target", "kotlin.compiler.jvmTarget"})
      if (const std::string text = resolved_text(chain, text_of(tree["properties"][name])); !text.empty())
        return java_version(work, text, fmt::format("{} in {}", name, path));
    for (const value* plugin : all(tree["build"]["plugins"], "plugin"))
      for (const char* name : {"release", "source"})
        if (const std::string text = resolved_text(chain, text_of((*plugin)["configuration"][name])); !text.empty())
          return java_version(work, text, path);
  }
  return java_version_of_files(work);
}

std::set<std::string> maven_dependencies(const std::vector<std::pair<std::string, value>>& chain) {
  std::set<std::string> out;
  for (const auto& [path, tree] : chain)
    for (const value* d : all(tree["dependencies"], "dependency"))
      out.insert(text_of((*d)["groupId"]) + ":" + text_of((*d)["artifactId"]));
  return out;
}

bool has_plugin(const std::vector<std::pair<std::string, value>>& chain, std::string_view artifact) {
  for (const auto& [path, tree] : chain)
    for (const value* plugin : all(tree["build"]["plugins"], "plugin"))
      if (text_of((*plugin)["artifactId"]) == artifact) return true;
  return false;
}

std::string main_class(analysis& work, const std::vector<std::pair<std::string, value>>& chain) {
  for (const auto& [path, tree] : chain) {
    for (const char* name : {"exec.mainClass", "mainClass", "main.class", "start-class"})
      if (const std::string& text = text_of(tree["properties"][name]); !text.empty()) return text;
    for (const value* plugin : all(tree["build"]["plugins"], "plugin")) {
      const value& configuration = (*plugin)["configuration"];
      for (const value* place : {&configuration, &configuration["archive"]["manifest"]})
        if (const std::string text = resolved_text(chain, text_of((*place)["mainClass"])); !text.empty()) return text;
    }
  }
  return find_main_class(work);
}

struct war_runner {
  std::string_view artifact;
  std::string_view version;
  std::string_view serves;
};
// The last ones of Jetty 9.4, 11 and 12.0, by Maven Central; Jetty 12.1 has none. The last one wants Java 17.
constexpr war_runner of_javax{"org.eclipse.jetty:jetty-runner", "9.4.58.v20250814", "javax.servlet"};
constexpr war_runner of_jakarta_9{"org.eclipse.jetty:jetty-runner", "11.0.26", "jakarta.servlet"};
constexpr war_runner of_jakarta_10{"org.eclipse.jetty.ee10:jetty-ee10-runner", "12.0.36", "Servlet 6"};

/// The API that a war is written for: jakarta.servlet or the older javax.servlet, and whether it is Servlet 6 by a
/// dependency or by the descriptor.
const war_runner& runner_for(analysis& work, const std::vector<std::pair<std::string, value>>& chain) {
  for (const value* dependency : all(chain.front().second["dependencies"], "dependency")) {
    const std::string& name = text_of((*dependency)["artifactId"]);
    const std::string version = resolved_text(chain, text_of((*dependency)["version"]));
    if (name == "jakarta.jakartaee-api" || name == "jakarta.jakartaee-web-api") return version_less(version, "10") ? of_jakarta_9 : of_jakarta_10;
    if (name == "jakarta.servlet-api" && !version.empty()) return version_less(version, "6") ? of_jakarta_9 : of_jakarta_10;
  }
  const std::string* descriptor = work.read("src/main/webapp/WEB-INF/web.xml");
  if (descriptor && contains(*descriptor, "jakarta.ee/xml")) return contains(*descriptor, "web-app_6") ? of_jakarta_10 : of_jakarta_9;
  for (const std::string& path : work.sources({".java", ".kt"}))
    if (const std::string* text = work.files.read_source(path); text && contains(*text, "jakarta.servlet")) return of_jakarta_9;
  return of_javax;
}

/// A web application without a server of its own.
void serve_war(analysis& work, const std::vector<std::pair<std::string, value>>& chain) {
  const war_runner& runner = runner_for(work, chain);
  work.run(fmt::format("mvn -B -ntp dependency:copy -Dartifact={}:{} -DoutputDirectory=/out -Dmdep.stripVersion=true", runner.artifact, runner.version));
  work.because("server", fmt::format("Jetty's runner {}, for {}", runner.version, runner.serves), "packaging war", confidence::likely);
  const std::string jar = fmt::format("/out/{}.jar", runner.artifact.substr(runner.artifact.find(':') + 1));
  const std::string find_war = analysis::command_in(work.self.dir, "ls target/*.war | head -n 1 | xargs -I FILE cp FILE /app.war");
  const std::string_view port = told_port(work, 8080, "Jetty's usual port");
  work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/jetty-runner.jar", "--port", std::string(port), "/app/app.war"}, {find_war}, {{jar, "/app/jetty-runner.jar"}, {"/app.war", "/app/app.war"}}}, work.self.manifest);
}

void analyse_maven(analysis& work) {
  const auto chain = with_parents(work.files, work.self.manifest);
  const value& tree = chain.front().second;
  const std::string packaging = tree.has("packaging") ? text_of(tree["packaging"]) : "jar";
  if (!text_of(tree["artifactId"]).empty()) work.out.name = text_of(tree["artifactId"]);
  if (has_plugin(chain, "kotlin-maven-plugin")) work.out.language = "Kotlin";
  if (packaging == "pom") {
    work.out.language = "Java";
    work.out.no_service = "packaging pom: a parent of others";
    return;
  }
  use_java(work, java_version_maven(work, chain));
  work.needs("maven");
  work.out.cache = {"/root/.m2/repository"};
  const std::set<std::string> needs = maven_dependencies(chain);
  std::string only;
  if (work.self.is_member) {
    std::string_view module = work.self.dir;
    module.remove_prefix(work.self.root.empty() ? 0 : work.self.root.size() + 1);
    only = fmt::format(" -pl {} -am", shell_word(module));
  }
  const bool quarkus = std::any_of(needs.begin(), needs.end(), [](const std::string& d) { return d.starts_with("io.quarkus:"); });
  const bool fat = has_plugin(chain, "spring-boot-maven-plugin") || has_plugin(chain, "maven-shade-plugin");
  if (needs.contains("io.quarkiverse.quinoa:quarkus-quinoa")) {
    work.needs("node");
    work.needs("npm");
  }
  if (quarkus) {
    work.run_at_root(fmt::format("mvn -B -ntp package -DskipTests{}", only));
    work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/quarkus-run.jar"}, {}, {{work.path("target/quarkus-app/"), "/app/"}}}, work.self.manifest);
  } else if (fat) {
    work.run_at_root(fmt::format("mvn -B -ntp package -DskipTests{}", only));
    const std::string find_jar = analysis::command_in(work.self.dir, fmt::format("ls target/*.{0} | grep -vE -e '-(sources|javadoc|tests)[.]jar$' -e '/original-' | head -n 1 | xargs -I FILE cp FILE /app.jar", packaging));
    work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/app.jar"}, {find_jar}, {{"/app.jar", "/app/app.jar"}}}, work.self.manifest);
  } else if (packaging == "war") {
    work.run_at_root(fmt::format("mvn -B -ntp package -DskipTests{}", only));
    serve_war(work, chain);
    return;
  } else {
    const std::string main = main_class(work, chain);
    if (main.empty()) {
      work.out.no_service = "no main class: a library";
      return;
    }
    work.because("main class", main, work.self.manifest, confidence::likely);
    work.run_at_root(fmt::format("mvn -B -ntp package dependency:copy-dependencies -DincludeScope=runtime -DskipTests{}", only));
    work.run("mkdir -p target/dependency");
    work.starts(rank::convention, way_to_start{{"java", "-cp", "/app/classes:/app/lib/*", main}, {}, {{work.path("target/classes/"), "/app/classes/"}, {work.path("target/dependency/"), "/app/lib/"}}}, work.self.manifest);
  }
  look_at_java(work, needs);
}

std::string refuses_maven(repository& files, std::string_view manifest) {
  return pom(files, manifest).has("artifactId") ? "" : "it has no artifactId";
}

std::vector<std::string> members_maven(repository& files, std::string_view manifest) {
  const value tree = pom(files, manifest);
  std::vector<std::string> out;
  for (const value* module : all(tree["modules"], "module")) out.push_back(text_of(*module));
  return out;
}

std::string name_in_maven(repository& files, std::string_view manifest) { return text_of(pom(files, manifest)["artifactId"]); }

std::vector<std::string> needed_maven(repository& files, std::string_view manifest) {
  const value tree = pom(files, manifest);
  std::vector<std::string> out;
  for (const value* d : all(tree["dependencies"], "dependency")) out.push_back(text_of((*d)["artifactId"]));
  return out;
}

}  // namespace

const build_system maven_system{.name = "Maven",
                                .manifests = {"pom.xml"},
                                .refuses = refuses_maven,
                                .members = members_maven,
                                .package_name = name_in_maven,
                                .dependencies = needed_maven,
                                .analyse = analyse_maven};

}  // namespace peelbox::detect
