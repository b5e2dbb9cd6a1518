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

value project_tree(repository& files, std::string_view path) {
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

/// Also from the files above the project that MSBuild takes in; `from` is the file that says it.
std::string inherited(analysis& work, const value& tree, std::string_view name, std::string& from) {
  from = work.self.manifest;
  if (const std::string own = property(tree, name); !own.empty()) return own;
  for (const char* file : {"Directory.Build.props", "Directory.Packages.props", "Directory.Build.targets"}) {
    from = work.first_upwards({file});
    if (from.empty()) continue;
    if (std::string found = property(project_tree(work.files, from), name); !found.empty()) return found;
  }
  return {};
}

struct target_framework {
  std::string name;  ///< "net8.0"
  std::string from;
  bool one_of_several = false;
};

target_framework find_target(analysis& work, const value& tree) {
  target_framework out;
  out.name = inherited(work, tree, "TargetFramework", out.from);
  if (!out.name.empty()) return out;
  const std::string several = inherited(work, tree, "TargetFrameworks", out.from);
  for (const std::string_view name : split(several, ';')) {
    // net8.0-windows and netstandard2.0 do not run here.
    if (!name.starts_with("net") || !contains(name, ".") || contains(name, "-") || (name.size() > 3 && !is_digit(name[3]))) continue;
    if (out.name.empty() || version_less(first_version(out.name.substr(3)), first_version(name.substr(3)))) out.name = name;
  }
  out.one_of_several = contains(several, ";") && !out.name.empty();
  return out;
}

/// global.json chooses the SDK, which may be newer than what the program is for.
std::string sdk_version(analysis& work, const std::string& otherwise) {
  const std::string path = work.first_upwards({"global.json"});
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return otherwise;
  const auto tree = parse_json(*text);
  if (tree.has_error()) {
    work.files.add_note(path, tree.error().text);
    return otherwise;
  }
  const std::string wanted = (*tree)["sdk"]["version"].text;
  return wanted.empty() ? otherwise : take_version(work, "dotnet sdk", wanted, path, confidence::certain);
}

/// Directories of the projects that a solution names: Project("{…}") = "Name", "src/A/A.csproj", "{…}", or in the
/// newer form <Project Path="src/A/A.csproj" />.
std::vector<std::string> projects_of(repository& files, const std::string& path) {
  const std::string* text = files.read(path);
  if (!text) return {};
  std::vector<std::string> out;
  const auto add = [&](std::string project) {
    std::replace(project.begin(), project.end(), '\\', '/');
    if (project.ends_with("proj")) out.emplace_back(parent_of(project).empty() ? "." : parent_of(project));
  };
  const auto collect = [&](auto&& self, const value& tree) -> void {
    for (const auto& [name, child] : tree.members) {
      if (name == "Project") add(child["@Path"].text);
      if (name == "Folder" || name == "Solution") self(self, child);
    }
  };
  if (path.ends_with(".slnx")) {
    const auto tree = parse_xml(*text);
    if (tree.has_error()) files.add_note(path, tree.error().text);
    else collect(collect, *tree);
    return out;
  }
  for (const std::string_view line : lines_of(*text)) {
    if (!line.starts_with("Project(")) continue;
    const auto parts = split(line.substr(std::min(line.find('='), line.size() - 1) + 1), ',');
    if (parts.size() < 2) continue;
    if (const auto project = quoted_after(parts[1])) add(*project);
  }
  return out;
}

std::vector<std::string> members_dotnet(repository& files, std::string_view manifest) {
  std::vector<std::string> out;
  const directory* dir = files.find(parent_of(manifest));
  if (!dir) return out;
  for (const std::string_view name : dir->files)
    if (name.ends_with(".sln") || name.ends_with(".slnx"))
      for (std::string& project : projects_of(files, join(dir->path, name))) out.push_back(std::move(project));
  std::erase(out, ".");
  return out;
}

bool references(const value& tree, std::string_view package) {
  for (const value* group : all(tree, "ItemGroup"))
    for (const value* reference : all(*group, "PackageReference"))
      if ((*reference)["@Include"].text.starts_with(package)) return true;
  return false;
}

/// Directories of the projects that it refers to, with those below them.
std::vector<std::string> referred(analysis& work, const value& tree) {
  std::vector<std::string> out;
  for (const value* group : all(tree, "ItemGroup"))
    for (const value* reference : all(*group, "ProjectReference")) {
      std::string path = (*reference)["@Include"].text;
      std::replace(path.begin(), path.end(), '\\', '/');
      const auto project = resolve(work.self.dir, path);
      if (!project) continue;
      const std::string dir(parent_of(*project));
      out.push_back(dir);
      constexpr std::size_t most = 200;
      for (std::size_t i = out.size() - 1; i < out.size() && out.size() < most; ++i)
        if (const directory* found = work.files.find(out[i]))
          for (const std::string_view inner : found->directories) out.push_back(join(found->path, inner));
    }
  return out;
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
    work.listens(rank::convention, port, work.path("Properties/launchSettings.json"));
    return;
  }
}

void analyse_dotnet(analysis& work) {
  const std::string file(name_of(work.self.manifest));
  if (file.ends_with(".sln") || file.ends_with(".slnx")) {
    work.out.no_service = "a solution; its projects are services of their own";
    return;
  }
  work.out.language = file.ends_with(".fsproj") ? "F#" : file.ends_with(".vbproj") ? "Visual Basic" : "C#";
  const value tree = project_tree(work.files, work.self.manifest);
  const std::string stem = file.substr(0, file.rfind('.'));
  work.out.name = stem;
  std::string assembly = property(tree, "AssemblyName");
  if (assembly.empty() || contains(assembly, "$(")) assembly = stem;
  const std::string& sdk = tree["@Sdk"].text;
  const bool web = sdk == "Microsoft.NET.Sdk.Web" || references(tree, "Microsoft.AspNetCore.");
  const bool worker = sdk == "Microsoft.NET.Sdk.Worker";
  if (references(tree, "BenchmarkDotNet")) {
    work.out.no_service = "BenchmarkDotNet: a benchmark";
    return;
  }
  if (references(tree, "Microsoft.NET.Test.Sdk") || property(tree, "IsTestProject") == "true") {
    work.out.no_service = "a test project";
    return;
  }
  std::string from;
  for (const char* kind : {"UseMaui", "UseWPF", "UseWindowsForms"}) {
    if (lower(property(tree, kind)) != "true") continue;
    work.out.no_service = fmt::format("{}: an application for desktops or phones", kind);
    return;
  }
  if (sdk.starts_with("Aspire.AppHost") || lower(property(tree, "IsAspireHost")) == "true") {
    work.out.no_service = "an Aspire host, which starts the others during development";
    return;
  }
  if (sdk != "Microsoft.NET.Sdk.Web" && !worker && lower(inherited(work, tree, "OutputType", from)) != "exe") {
    work.out.no_service = "OutputType is not Exe: a library";
    return;
  }
  const target_framework target = find_target(work, tree);
  const std::string version = take_version(work, "dotnet", target.name, "TargetFramework in " + target.from, confidence::certain);
  work.needs("dotnet-sdk", sdk_version(work, version));
  work.needs_at_runtime(web ? "dotnet-asp" : "dotnet-runtime", version);
  work.out.build_env = {{"DOTNET_CLI_TELEMETRY_OPTOUT", "1"}, {"DOTNET_NOLOGO", "1"}, {"DOTNET_CLI_HOME", "/root"}};
  work.out.cache = {"/root/.nuget/packages"};
  const std::string out = "/out/" + stem;
  work.run(fmt::format("dotnet publish {} -c Release{} -o {}", shell_word(file), target.one_of_several ? " -f " + target.name : "", shell_word(out)));
  work.out.copy.push_back({out + "/", "/app/"});
  work.starts(rank::source, {"dotnet", fmt::format("/app/{}.dll", assembly)}, work.self.manifest);
  if (!web) return;
  constexpr std::uint16_t usual = 8080;
  work.out.framework = "ASP.NET Core";
  work.because("framework", work.out.framework, sdk.empty() ? work.self.manifest : sdk);
  take_launch_port(work);
  work.out.port_env["ASPNETCORE_URLS"] = fmt::format("http://+:{}", told_port(work, usual, "ASP.NET Core's usual port in containers"));
  // What the project refers to may say where it listens as well.
  std::vector<std::string> files = work.sources({".cs", ".fs", ".vb"});
  for (const std::string& dir : referred(work, tree))
    if (const directory* other = work.files.find(dir))
      for (const std::string_view name : other->files)
        if (name.ends_with(".cs")) files.push_back(join(dir, name));
  apply(work, look_at_sources(work, files, {"DefaultPort = ", "Port = ","ListenAnyIP(", "http://*:", "http://+:", "http://0.0.0.0:"}), 0, "");
}

std::string refuses_dotnet(repository& files, std::string_view manifest) {
  if (manifest.ends_with(".sln") || manifest.ends_with(".slnx")) return "";
  const value tree = project_tree(files, manifest);
  return tree.has("@Sdk") || tree.has("PropertyGroup") ? "" : "it is no project file";
}

}  // namespace

const build_system dotnet_system{
    .name = ".NET", .manifests = {"*.csproj", "*.fsproj", "*.vbproj", "*.sln", "*.slnx"}, .refuses = refuses_dotnet, .members = members_dotnet, .analyse = analyse_dotnet};

}  // namespace peelbox::detect
