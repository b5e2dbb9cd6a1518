// Gradle projects, read as text: Groovy and Kotlin scripts are programs, and their usual forms are what counts.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/detect/systems/jvm.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

std::string without_comments(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines_of(text)) {
    // "https://" is no comment.
    std::size_t at = line.find("//");
    while (at != std::string_view::npos && at > 0 && line[at - 1] == ':') at = line.find("//", at + 2);
    out += line.substr(0, at);
    out += '\n';
  }
  return out;
}

/// All texts in quotes, up to the end of the statement at `at`: the closing parenthesis, or a line without a comma.
/// `at` moves there, so that a text full of statements is read once.
std::vector<std::string> quoted_texts(std::string_view text, std::size_t& at) {
  std::vector<std::string> out;
  const bool parenthesis = trim(text.substr(at, 2)).starts_with('(');
  bool after_comma = false;
  while (at < text.size()) {
    const char c = text[at];
    if (c != ' ' && c != '\t' && c != '\n') after_comma = c == ',';
    if (c == '"' || c == '\'') {
      const std::size_t close = text.find(c, at + 1);
      if (close == std::string_view::npos) break;
      out.emplace_back(text.substr(at + 1, close - at - 1));
      at = close + 1;
      continue;
    }
    if (parenthesis ? c == ')' : (c == '\n' && !after_comma)) break;
    ++at;
  }
  return out;
}

std::string settings_of(const repository& files, std::string_view dir) {
  for (const char* name : {"settings.gradle.kts", "settings.gradle"})
    if (files.has_file(join(dir, name))) return join(dir, name);
  return {};
}

/// ":web:api" -> "web/api"
std::vector<std::string> included(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find("include"), end = 0; at != std::string_view::npos; at = text.find("include", end)) {
    end = at + 7;
    if ((at > 0 && is_word(text[at - 1])) || end >= text.size() || is_word(text[end])) continue;
    for (std::string name : quoted_texts(text, end)) {
      std::replace(name.begin(), name.end(), ':', '/');
      name.erase(0, name.find_first_not_of('/'));
      out.push_back(std::move(name));
    }
  }
  return out;
}

std::string root_name(repository& files, std::string_view dir) {
  const std::string path = settings_of(files, dir);
  const std::string* text = path.empty() ? nullptr : files.read(path);
  const std::size_t at = text ? text->find("rootProject.name") : std::string::npos;
  return at == std::string::npos ? "" : quoted_after(*text, at).value_or("");
}

std::string java_version_gradle(analysis& work, std::string_view text, std::string_view from) {
  for (const char* mark : {"JavaLanguageVersion.of(", "jvmToolchain(", "JavaVersion.VERSION_", "sourceCompatibility", "options.release"}) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = text.substr(at + std::string_view(mark).size(), 40);
    std::string number(rest.substr(0, rest.find('\n')));
    std::replace(number.begin(), number.end(), '_', '.');
    if (!first_version(number).empty()) return java_version(work, number, from);
  }
  return {};
}

std::set<std::string> gradle_dependencies(std::string_view text) {
  std::set<std::string> out;
  for (const char* word : {"implementation", "api", "compile", "runtimeOnly", "developmentOnly"}) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      constexpr std::size_t longest = 300;
      const auto name = quoted_after(text.substr(at, longest));
      if (!name) continue;
      const auto parts = split(*name, ':');
      if (parts.size() >= 2) out.insert(std::string(parts[0]) + ":" + std::string(parts[1]));
    }
  }
  for (const auto& [mark, name] : {std::pair("org.springframework.boot", "org.springframework.boot:plugin"), std::pair("io.quarkus", "io.quarkus:plugin"),
                                   std::pair("io.micronaut.application", "io.micronaut:plugin")})
    if (contains(text, fmt::format("\"{}\"", mark)) || contains(text, fmt::format("'{}'", mark))) out.insert(name);
  return out;
}

/// What the start script is called: `applicationName = "x"`, of the application plugin or of a CreateStartScripts task.
std::string launcher(std::string_view text, const std::string& project) {
  const std::size_t at = text.find("applicationName");
  const std::string_view line = at == std::string_view::npos ? std::string_view() : text.substr(at, text.find('\n', at) - at);
  const std::string name = quoted_after(line).value_or("");
  return name.empty() || contains(name, "$") ? project : name;
}

/// "spring-boot" and "spring_boot" are spring.boot in scripts.
std::string accessor(std::string name) {
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '-' || c == '_'; }, '.');
  return name;
}

/// What the version catalog says, as if it stood in the script: ids of the plugins and coordinates of the libraries
/// that the script names.
std::string from_catalog(analysis& work, std::string_view text) {
  const std::string path = work.first_upwards({"gradle/libs.versions.toml"});
  const value* tree = path.empty() ? nullptr : work.files.shared_tree(path, parse_toml);
  if (!tree) return {};
  const auto names = [&](const std::string& reference) {
    for (std::size_t at = text.find(reference); at != std::string_view::npos; at = text.find(reference, at + 1)) {
      const std::size_t end = at + reference.size();
      if (end == text.size() || (!is_word(text[end]) && text[end] != '.') || text.substr(end).starts_with(".get(")) return true;
    }
    return false;
  };
  std::string out;
  for (const auto& [name, plugin] : (*tree)["plugins"].members) {
    const std::string id = plugin["id"].text.empty() ? plugin.text.substr(0, plugin.text.find(':')) : plugin["id"].text;
    if (names("libs.plugins." + accessor(name))) out += fmt::format("id '{}'\n", id);
  }
  const auto add = [&](const std::string& name) {
    const value& library = (*tree)["libraries"][name];
    const std::string module = !library["module"].text.empty() ? library["module"].text
                               : !library["group"].text.empty() ? library["group"].text + ":" + library["name"].text : library.text;
    if (!module.empty()) out += fmt::format("implementation '{}'\n", module);
  };
  for (const auto& [name, library] : (*tree)["libraries"].members)
    if (names("libs." + accessor(name))) add(name);
  for (const auto& [name, members] : (*tree)["bundles"].members)
    if (names("libs.bundles." + accessor(name)))
      for (const std::string& member : members.texts()) add(member);
  return out;
}

/// The texts of the plugins of buildSrc, build-logic and the like that the script applies by their file's name.
std::string from_convention_plugins(analysis& work, std::string_view text) {
  std::string out;
  for (const char* place : {"buildSrc/src/main/kotlin", "buildSrc/src/main/groovy", "build-logic/src/main/kotlin", "build-logic/src/main/groovy",
                            "build-logic/convention/src/main/kotlin", "gradle/plugins/src/main/kotlin"}) {
    const std::string folder = join(work.self.root, place);
    const directory* dir = work.files.find(folder);
    if (!dir) continue;
    for (const std::string_view file : dir->files)
      for (const std::string_view ending : {".gradle.kts", ".gradle"}) {
        if (!file.ends_with(ending)) continue;
        const std::string id(file.substr(0, file.size() - ending.size()));
        const bool applied = contains(text, fmt::format("\"{}\"", id)) || contains(text, fmt::format("'{}'", id)) || contains(text, fmt::format("`{}`", id));
        const std::string* plugin = applied ? work.files.read(join(folder, file)) : nullptr;
        if (plugin) {
          out += without_comments(*plugin);
          work.because("plugin", id, join(folder, file));
        }
        break;
      }
  }
  return out;
}

void analyse_gradle(analysis& work) {
  const std::string* raw = work.files.read(work.self.manifest);
  std::string text = raw ? without_comments(*raw) : "";
  text += from_convention_plugins(work, text);
  text += from_catalog(work, text);
  const bool kotlin = contains(text, "kotlin(\"jvm\")") || contains(text, "org.jetbrains.kotlin.jvm");
  work.out.language = kotlin ? "Kotlin" : contains(text, "scala") ? "Scala" : "Java";
  const bool is_root = !work.self.is_member;
  const std::string named = is_root ? root_name(work.files, work.self.dir) : "";
  if (!named.empty()) work.out.name = named;
  const std::string project = work.out.name;

  std::string wanted = java_version_gradle(work, text, work.self.manifest);
  if (wanted.empty() && work.self.is_member) {
    for (const char* name : {"build.gradle.kts", "build.gradle"})
      if (const std::string* root = work.files.read(join(work.self.root, name)); root && wanted.empty())
        wanted = java_version_gradle(work, without_comments(*root), join(work.self.root, name));
  }
  if (wanted.empty()) wanted = java_version_of_files(work);
  use_java(work, wanted);
  std::string gradle;
  const std::string wrapper = work.first_upwards({"gradle/wrapper/gradle-wrapper.properties"});
  if (const std::string* properties = wrapper.empty() ? nullptr : work.files.read(wrapper)) {
    const std::size_t at = properties->find("/gradle-");
    if (at != std::string::npos) gradle = take_version(work, "gradle", std::string_view(*properties).substr(at, 30), wrapper, confidence::certain);
  }
  work.needs("gradle", gradle);
  work.out.cache = {"/root/.gradle"};

  std::string task;
  if (work.self.is_member) {
    std::string path = work.self.dir.substr(work.self.root.empty() ? 0 : work.self.root.size() + 1);
    std::replace(path.begin(), path.end(), '/', ':');
    task = ":" + path + ":";
  }
  if (contains(text, "java-platform")) {
    work.out.no_service = "java-platform: versions for others";
    return;
  }
  const std::set<std::string> needs = gradle_dependencies(text);
  const bool spring = needs.contains("org.springframework.boot:plugin");
  const bool quarkus = needs.contains("io.quarkus:plugin");
  const bool application = contains(text, "application") && (contains(text, "mainClass") || contains(text, "id 'application'") || contains(text, "id(\"application\")") || contains(text, "\n    application\n") || contains(text, "\n  application\n"));
  const bool is_war = contains(text, "id 'war'") || contains(text, "id(\"war\")") || contains(text, "\n    war\n") || contains(text, "\n  war\n");
  if (spring) {
    work.run_at_root(fmt::format("gradle --no-daemon {}bootJar", task));
    work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/app.jar"}, {}, {{work.path("build/libs/*.jar"), "/app/app.jar"}}}, work.self.manifest);
  } else if (quarkus) {
    work.run_at_root(fmt::format("gradle --no-daemon {}quarkusBuild", task));
    work.starts(rank::convention, way_to_start{{"java", "-jar", "/app/quarkus-run.jar"}, {}, {{work.path("build/quarkus-app/"), "/app/"}}}, work.self.manifest);
  } else if (application) {
    work.run_at_root(fmt::format("gradle --no-daemon {}installDist", task));
    work.starts(rank::convention, way_to_start{{"/app/bin/" + launcher(text, project)}, {}, {{work.path(fmt::format("build/install/{}/", project)), "/app/"}}}, work.self.manifest);
  } else {
    work.out.no_service = is_war ? "the war plugin: it needs a servlet container" : work.self.members.empty() ? "neither an application nor a Spring Boot or Quarkus plugin: a library" : "the root of a build of several projects";
    return;
  }
  work.because("task", spring ? "bootJar" : quarkus ? "quarkusBuild" : "installDist", work.self.manifest);
  look_at_java(work, needs);
}

std::string refuses_gradle(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  return text ? "" : "it cannot be read";
}

std::vector<std::string> members_gradle(repository& files, std::string_view manifest) {
  const std::string path = settings_of(files, parent_of(manifest));
  const std::string* text = path.empty() ? nullptr : files.read(path);
  return text ? included(without_comments(*text)) : std::vector<std::string>();
}

}  // namespace

const build_system gradle_system{.name = "Gradle",
                                 .manifests = {"build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle"},
                                 .refuses = refuses_gradle,
                                 .members = members_gradle,
                                 .analyse = analyse_gradle};

}  // namespace peelbox::detect
