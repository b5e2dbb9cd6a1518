// Bazel workspaces: the first binary of a BUILD file that is no test.
#include <fmt/format.h>

#include <algorithm>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

void analyse_bazel(analysis& work) {
  work.out.language = "C++";
  for (const std::string& path : work.sources({"BUILD", "BUILD.bazel"})) {
    const std::string* text = work.files.read(path);
    if (!text || (name_of(path) != "BUILD" && name_of(path) != "BUILD.bazel")) continue;
    for (const auto& [rule, language] : {std::pair("cc_binary(", "C++"), std::pair("go_binary(", "Go"), std::pair("rust_binary(", "Rust")}) {
      const std::size_t at = text->find(rule);
      const std::size_t name_at = at == std::string::npos ? at : text->find("name", at);
      const auto name = name_at == std::string::npos ? std::nullopt : quoted_after(*text, name_at);
      if (!name || name->empty()) continue;
      std::string_view package = parent_of(path);
      package.remove_prefix(work.self.dir.empty() ? 0 : std::min(package.size(), work.self.dir.size() + 1));
      work.out.language = language;
      work.out.name = *name;
      work.because("program", fmt::format("//{}:{}", package, *name), path, confidence::likely);
      work.needs("bazel", version_in_file(work, ".bazelversion", "bazel"));
      work.needs("c++-build");
      work.needs_at_runtime("c++-runtime");
      work.out.cache = {"/root/.cache/bazel"};
      const std::string installed = "/usr/local/bin/" + *name;
      // Where a rule leaves its program differs; Bazel knows.
      const std::string target = shell_word(fmt::format("//{}:{}", package, *name));
      work.run(fmt::format("bazel build -c opt {0} && cp \"$(bazel cquery -c opt --output=files {0})\" {1}", target, shell_word(installed)));
      work.out.copy.push_back({installed, installed});
      work.starts_program(installed, work.self.manifest);
      apply(work, look_at_sources(work, work.sources({".cc", ".cpp", ".go", ".rs"}), {"htons(", "ListenAndServe(\":", "0.0.0.0:"}), 0, "");
      return;
    }
  }
  work.out.no_service = "no cc_binary, go_binary or rust_binary";
}

}  // namespace

const build_system bazel_system{
    .name = "Bazel", .manifests = {"MODULE.bazel", "WORKSPACE.bazel", "WORKSPACE"}, .recursive = true, .analyse = analyse_bazel};

}  // namespace peelbox::detect
