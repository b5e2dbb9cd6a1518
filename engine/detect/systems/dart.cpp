// Dart programs; Flutter applications are not services.
#include <fmt/format.h>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

value pubspec(repository& files, std::string_view path) {
  const std::string* text = files.read(path);
  if (!text) return {};
  auto tree = parse_yaml(*text);
  if (tree.has_value()) return *tree;
  files.add_note(path, tree.error().text);
  return {};
}

void analyse_dart(analysis& work) {
  work.out.language = "Dart";
  const value tree = pubspec(work.files, work.self.manifest);
  if (!tree["name"].text.empty()) work.out.name = tree["name"].text;
  if (tree["dependencies"].has("flutter")) {
    work.out.no_service = "a Flutter application";
    return;
  }
  std::string file = work.first_of({"bin/server.dart", "bin/main.dart"});
  if (work.has("bin/" + work.out.name + ".dart")) file = "bin/" + work.out.name + ".dart";
  if (file.empty()) {
    work.out.no_service = "no program in bin/: a library";
    return;
  }
  work.because("program", file, work.path(file), confidence::likely);
  work.needs("dart");
  work.needs_at_runtime("c-runtime");
  work.needs_at_runtime("ca-certificates");
  work.out.cache = {"/root/.pub-cache"};
  const std::string installed = "/usr/local/bin/" + work.out.name;
  work.run("dart pub get");
  work.run(fmt::format("dart compile exe {} -o {}", shell_word(file), shell_word(installed)));
  work.out.copy.push_back({installed, installed});
  work.starts_program(installed, work.self.manifest);
  apply(work, look_at_sources(work, work.sources({".dart"}), {"port = ", "anyIPv4, ", "?? "}), 0, "");
}

std::string refuses_dart(repository& files, std::string_view manifest) {
  return pubspec(files, manifest).has("name") ? "" : "it has no name";
}

}  // namespace

const build_system dart_system{.name = "Dart", .manifests = {"pubspec.yaml"}, .refuses = refuses_dart, .analyse = analyse_dart};

}  // namespace peelbox::detect
