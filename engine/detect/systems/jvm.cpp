#include "engine/detect/systems/jvm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {

std::string java_version(analysis& work, std::string_view text, std::string_view from) {
  std::string version = first_version(text);
  if (version.starts_with("1.")) version.erase(0, 2);
  version = version_prefix(version, 1);
  if (!version.empty()) work.because("java version", version, from);
  return version;
}

std::string java_version_of_files(analysis& work) {
  if (const std::string found = version_in_file(work, ".java-version", "java"); !found.empty())
    return version_prefix(found, 1);
  if (const std::string path = work.first_upwards({".sdkmanrc"}); !path.empty())
    if (const std::string* text = work.files.read(path))
      for (const std::string_view line : lines_of(*text))
        if (line.starts_with("java=")) return java_version(work, line, path);
  if (const std::string path = work.first_upwards({"system.properties"}); !path.empty())
    if (const std::string* text = work.files.read(path))
      for (const std::string_view line : lines_of(*text))
        if (line.starts_with("java.runtime.version")) return java_version(work, line, path);
  if (const std::string found = version_prefix(version_of_tool_files(work, "java"), 1); !found.empty()) return found;
  const std::string of_image = version_of_image(work, "java", {"eclipse-temurin", "openjdk", "amazoncorretto", "liberica-openjdk-alpine", "zulu-openjdk"});
  return of_image.starts_with("1.") ? "" : version_prefix(of_image, 1);
}

void use_java(analysis& work, const std::string& version) {
  if (work.out.language.empty()) work.out.language = "Java";
  work.needs("jdk", version);
  work.needs_at_runtime("jre", version);
}

std::string find_main_class(analysis& work) {
  for (const std::string& path : work.sources({".java", ".kt", ".scala"})) {
    const std::string* text = work.files.read_source(path);
    const bool kotlin = path.ends_with(".kt");
    if (!text || !(contains(*text, "static void main(") || (kotlin && contains(*text, "fun main("))  ||
                   (path.ends_with(".scala") && (contains(*text, "extends App") || contains(*text, "@main")))))
      continue;
    std::string package;
    for (const std::string_view line : lines_of(*text))
      if (line.starts_with("package ")) package = std::string(trim(line.substr(8, line.find(';') - 8))) + ".";
    std::string name(name_of(path));
    name.resize(name.rfind('.'));
    return package + name + (kotlin && !contains(*text, "@JvmStatic") ? "Kt" : "");
  }
  return {};
}

namespace {

/// "8083", and the default of "${PORT:8083}"; 0 when it is neither.
std::uint16_t configured_port(std::string_view text) {
  text = trim(text);
  if (text.starts_with("${") && text.ends_with("}")) text = text.substr(0, text.size() - 1).substr(text.rfind(':') + 1);
  return port_of(trim(text));
}

/// "a.b.c" of a tree in which each part may be a level or a name with dots.
const value& at_path(const value& tree, std::string_view path) {
  static const value none;
  if (tree.has(path)) return tree[path];
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    if (!tree.has(path.substr(0, dot))) continue;
    const value& found = at_path(tree[path.substr(0, dot)], path.substr(dot + 1));
    if (!found.is(value::kind::null)) return found;
  }
  return none;
}

/// In what Spring Boot, Quarkus, Micronaut and Ktor read their configuration from.
void take_configured_port(analysis& work) {
  constexpr std::array<std::string_view, 4> keys{"server.port", "quarkus.http.port", "micronaut.server.port", "ktor.deployment.port"};
  for (const char* file : {"src/main/resources/application.properties", "src/main/resources/application.yml", "src/main/resources/application.yaml"}) {
    const std::string* text = work.read(file);
    if (!text) continue;
    if (std::string_view(file).ends_with("properties")) {
      for (const std::string_view line : lines_of(*text)) {
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos && std::find(keys.begin(), keys.end(), trim(line.substr(0, equals))) != keys.end())
          work.listens(rank::configured, configured_port(line.substr(equals + 1)), work.path(file), confidence::certain);
      }
      continue;
    }
    // Documents behind the first are for profiles.
    const auto tree = parse_yaml(documents_of_yaml(*text).front());
    if (tree.has_error()) {
      work.files.add_note(work.path(file), tree.error().text);
      continue;
    }
    for (const std::string_view key : keys) work.listens(rank::configured, configured_port(at_path(*tree, key).text), work.path(file), confidence::certain);
    // The profile that it names itself.
    const std::string& profile = at_path(*tree, "spring.profiles.active").text;
    const std::string of_profile = fmt::format("src/main/resources/application-{}.{}", profile, std::string_view(file).ends_with("yaml") ? "yaml" : "yml");
    const std::string* more = profile.empty() || profile.find_first_of("$,@ /") != std::string::npos ? nullptr : work.read(of_profile);
    const auto other = more ? parse_yaml(documents_of_yaml(*more).front()) : result<value>(value());
    if (other.has_value()) work.listens(rank::configured, configured_port(at_path(*other, "server.port").text), work.path(of_profile), confidence::certain);
  }
  // HOCON: port = 8080, and port = ${?PORT} behind it.
  for (const char* file : {"src/main/resources/application.conf", "resources/application.conf"}) {
    const std::string* text = work.read(file);
    if (!text) continue;
    for (const std::string_view line : lines_of(*text)) {
      const std::string_view entry = trim(line);
      if (!entry.starts_with("port")) continue;
      const std::size_t equals = entry.find('=');
      if (equals == std::string_view::npos) continue;
      work.listens(rank::configured, configured_port(entry.substr(equals + 1)), work.path(file), confidence::certain);
      if (contains(entry, "${?PORT}")) work.out.port_variable_from = work.path(file);
    }
  }
}

/// Whether some source starts Spring's application; where there are more of them than are looked at, it is taken for true.
bool starts_spring(analysis& work) {
  constexpr std::size_t most = 300;
  const std::vector<std::string> sources = work.sources({".java", ".kt", ".scala", ".groovy"});
  if (sources.empty() || sources.size() > most) return true;
  return std::any_of(sources.begin(), sources.end(), [&](const std::string& path) {
    const std::string* text = work.files.read_source(path);
    return !text || contains(*text, "SpringApplication") || contains(*text, "SpringBootApplication") || contains(*text, "runApplication") || contains(*text, "SpringBootServletInitializer");
  });
}

}  // namespace

void look_at_java(analysis& work, const std::set<std::string>& dependencies) {
  const framework* f = use_framework(work, ecosystem::jvm, dependencies);
  // Only the libraries of Spring, without what starts a server: a generator or another tool.
  const finding<way_to_start>* start = work.out.start.winner();
  const bool plain = start && start->value.words.size() > 1 && start->value.words[1] == "-cp";
  if (f && f->name == "Spring Boot" && plain && !starts_spring(work)) {
    apply(work, look_at_sources(work, work.sources({".java", ".kt", ".scala"}), {"ServerSocket(", "InetSocketAddress("}), 0, "");
    return;
  }
  take_configured_port(work);
  if (f && f->name == "Spring Boot" && std::any_of(dependencies.begin(), dependencies.end(), [](const std::string& d) {
        return d.ends_with("spring-boot-starter-actuator");
      })) {
    work.out.health_path.add({"/actuator/health", rank::source, "dependency spring-boot-starter-actuator", confidence::certain});
  }
  apply(work, look_at_sources(work, work.sources({".java", ".kt", ".scala"}), {"ServerSocket(", "InetSocketAddress(", ".start(", ".setPort(", "port = ", "listen("}),
        f ? f->port : std::uint16_t{0}, f ? fmt::format("{}'s usual port", f->name) : "");
}

namespace {

void analyse_java_file(analysis& work) {
  work.out.build_system = "none";
  const std::string main = find_main_class(work);
  if (main.empty()) {
    work.out.no_service = "no main function";
    return;
  }
  use_java(work, java_version_of_files(work));
  work.run("mkdir -p /out/classes && find . -name '*.java' > /tmp/sources && javac -d /out/classes @/tmp/sources");
  work.out.copy.push_back({"/out/classes/", "/app/"});
  work.starts(rank::source, {"java", "-cp", "/app", main}, work.self.manifest);
  look_at_java(work, {});
}

}  // namespace

const build_system java_file_system{
    .name = "a Java file", .manifests = {"Main.java", "App.java", "Server.java", "*.java"}, .weak = true, .analyse = analyse_java_file};

}  // namespace peelbox::detect
