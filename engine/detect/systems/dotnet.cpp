// .NET projects: C#, F# and Visual Basic.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

value project(repository& files, std::string_view path) {
  const std::string* text = files.read(path);
  if (!text) return {};
  auto tree = parse_xml(*text);
  if (tree.has_value()) return (*tree)["Project"];
  files.add_note(path, tree.error().text);
  return {};
}

std::string property(const value& tree, std::string_view name) {
  for (const value* group : all(tree, "PropertyGroup"))
    if (const std::string& text = (*group)[name]["#text"].text; !text.empty()) return text;
  return {};
}

/// Also from the Directory.Build.props above the project.
std::string inherited(analysis& work, const value& tree, std::string_view name) {
  if (const std::string own = property(tree, name); !own.empty()) return own;
  const std::string path = work.first_upwards({"Directory.Build.props"});
  return path.empty() ? "" : property(project(work.files, path), name);
}

bool references(const value& tree, std::string_view package) {
  for (const value* group : all(tree, "ItemGroup"))
    for (const value* reference : all(*group, "PackageReference"))
      if ((*reference)["@Include"].text.starts_with(package)) return true;
  return false;
}

void take_launch_port(analysis& work) {
  const std::string* text = work.read("Properties/launchSettings.json");
  if (!text) return;
  const auto tree = parse_json(*text);
  if (tree.has_error()) return work.files.add_note(work.path("Properties/launchSettings.json"), tree.error().text);
  for (const auto& [name, profile] : (*tree)["profiles"].members) {
    const std::string& url = profile["applicationUrl"].text;
    const std::size_t at = url.find("http://");
    const std::size_t colon = at == std::string::npos ? at : url.find(':', at + 7);
    std::uint16_t port = 0;
    if (colon == std::string::npos) continue;
    std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
    work.listens(port, work.path("Properties/launchSettings.json"), confidence::likely);
    return;
  }
}

void analyse(analysis& work) {
  const std::string file(name_of(work.self.manifest));
  work.out.language = file.ends_with(".fsproj") ? "F#" : file.ends_with(".vbproj") ? "Visual Basic" : "C#";
  const value tree = project(work.files, work.self.manifest);
  const std::string stem = file.substr(0, file.rfind('.'));
  work.out.name = stem;
  std::string assembly = property(tree, "AssemblyName");
  if (assembly.empty() || contains(assembly, "$(")) assembly = stem;
  const std::string& sdk = tree["@Sdk"].text;
  const bool web = sdk == "Microsoft.NET.Sdk.Web" || references(tree, "Microsoft.AspNetCore.");
  const bool worker = sdk == "Microsoft.NET.Sdk.Worker";
  if (references(tree, "Microsoft.NET.Test.Sdk") || property(tree, "IsTestProject") == "true") {
    work.out.no_service = "a test project";
    return;
  }
  if (!web && !worker && lower(inherited(work, tree, "OutputType")) != "exe") {
    work.out.no_service = "OutputType is not Exe: a library";
    return;
  }
  std::string target = inherited(work, tree, "TargetFramework");
  if (target.empty()) target = inherited(work, tree, "TargetFrameworks");
  const std::string version = take_version(work, "dotnet", target, "TargetFramework, " + work.self.manifest, confidence::certain);
  work.needs("dotnet-sdk", version);
  work.needs_at_runtime(web ? "dotnet-asp" : "dotnet-runtime", version);
  work.out.build_env = {{"DOTNET_CLI_TELEMETRY_OPTOUT", "1"}, {"DOTNET_NOLOGO", "1"}, {"DOTNET_CLI_HOME", "/root"}};
  work.out.cache = {"/root/.nuget/packages"};
  const std::string out = "/out/" + stem;
  work.run(fmt::format("dotnet publish {} -c Release -o {}", shell_word(file), shell_word(out)));
  work.out.copy.push_back({out + "/", "/app/"});
  work.out.command = {"dotnet", fmt::format("/app/{}.dll", assembly)};
  if (!web) return;
  constexpr std::uint16_t usual = 8080;
  work.out.framework = "ASP.NET Core";
  work.because("framework", work.out.framework, sdk.empty() ? work.self.manifest : sdk);
  take_launch_port(work);
  const std::uint16_t port = choose_port(work, usual, "ASP.NET Core's usual port in containers");
  work.out.runtime_env["ASPNETCORE_URLS"] = fmt::format("http://+:{}", port);
  apply(work, look_at_sources(work, work.sources({".cs", ".fs", ".vb"}), {}), port, "");
}

std::string refuses(repository& files, std::string_view manifest) {
  const value tree = project(files, manifest);
  return tree.has("@Sdk") || tree.has("PropertyGroup") ? "" : "it is no project file";
}

}  // namespace

const build_system dotnet_system{
    .name = ".NET", .manifests = {"*.csproj", "*.fsproj", "*.vbproj"}, .refuses = refuses, .analyse = analyse};

}  // namespace peelbox::detect
