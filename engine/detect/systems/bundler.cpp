// Ruby projects.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/native_needs.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

std::set<std::string> gems(std::string_view text) {
  std::set<std::string> out;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view entry = trim(line);
    if (!entry.starts_with("gem ") && !entry.starts_with("gem(")) continue;
    if (const auto name = quoted_after(entry)) out.insert(*name);
  }
  return out;
}

std::string ruby_version(analysis& work, std::string_view gemfile) {
  if (const std::string found = version_in_file(work, ".ruby-version", "ruby"); !found.empty()) return found;
  if (const std::string found = version_of_tool_files(work, "ruby"); !found.empty()) return found;
  // What the lock file was made with fits the Gemfile, which often gives a range.
  if (const std::string* lock = work.read("Gemfile.lock"))
    if (const std::size_t at = lock->find("RUBY VERSION\n"); at != std::string::npos)
      return take_version(work, "ruby", std::string_view(*lock).substr(at + 13, 40), work.path("Gemfile.lock"), confidence::certain);
  for (const std::string_view line : lines_of(gemfile))
    if (trim(line).starts_with("ruby "))
      if (const auto text = quoted_after(line)) return take_version(work, "ruby", *text, work.self.manifest, confidence::certain);
  return {};
}

/// Bundler refuses another patch of Ruby than the Gemfile names, and a distribution has one of each version.
void accept_other_patch(analysis& work, std::string_view gemfile) {
  for (const std::string_view raw : lines_of(gemfile)) {
    const std::string_view line = trim(raw);
    if (!line.starts_with("ruby ") && !line.starts_with("ruby(")) continue;
    const std::string named = quoted_after(line).value_or("");
    const std::string* file = contains(line, ".ruby-version") ? work.read(".ruby-version") : nullptr;
    const std::string_view exact = trim(file ? std::string_view(*file) : std::string_view(named));
    if (exact.empty() || !(is_digit(exact.front()) || exact.starts_with("ruby-")) || std::count(exact.begin(), exact.end(), '.') < 2) continue;
    work.run("sed -i '/^ *ruby[ (]/d' Gemfile");
    work.because("patch of Ruby", fmt::format("the distribution's instead of {}, which Bundler would ask for", exact), work.self.manifest, confidence::likely);
    return;
  }
}

std::string command(analysis& work, const framework* f, const std::set<std::string>& names) {
  const std::string usual = f ? fmt::format("{}'s usual port", f->name) : "";
  if (f && f->name == "Rails" && (work.has("bin/rails") || work.has("config/application.rb"))) {
    work.out.runtime_env["RAILS_ENV"] = "production";
    work.out.runtime_env["RAILS_LOG_TO_STDOUT"] = "1";
    work.out.runtime_env["RAILS_SERVE_STATIC_FILES"] = "1";
    work.because("environment", "SECRET_KEY_BASE has to be given when it is started", "Rails");
    return fmt::format("bundle exec rails server -b 0.0.0.0 -p {}", told_port(work, f->port, usual));
  }
  const std::string file = work.first_of({"app.rb", "server.rb", "main.rb"});
  if (work.has("config.ru")) {
    const std::string_view port = told_port(work, 9292, "Rack's usual port");
    if (names.contains("puma")) return fmt::format("bundle exec puma -b tcp://0.0.0.0:{}", port);
    return fmt::format("bundle exec rackup --host 0.0.0.0 --port {}", port);
  }
  if (file.empty()) return {};
  if (f && f->name == "Sinatra") {
    const source_facts facts = look_at_sources(work, {work.path(file)}, {"set :port, ", "set port: "});
    if (facts.port) work.listens(rank::source, *facts.port, facts.port_from);
    return fmt::format("bundle exec ruby {} -o 0.0.0.0 -p {}", file, told_port(work, f->port, usual));
  }
  return "bundle exec ruby " + file;
}

void analyse_bundler(analysis& work) {
  work.out.language = "Ruby";
  const std::string* text = work.files.read(work.self.manifest);
  const std::set<std::string> names = gems(text ? *text : "");
  const std::string version = ruby_version(work, text ? *text : "");
  for (const char* tool : {"ruby", "ruby-dev", "bundler"}) work.needs(tool, version);
  work.needs("c-build");
  for (const char* tool : {"ruby", "bundler"}) work.needs_at_runtime(tool, version);
  work.needs_at_runtime("c++-runtime");
  std::set<std::string> needed = names;
  if (const std::string* lock = work.read("Gemfile.lock")) {
    // Two more blanks than the remote: "    pg (1.5)".
    for (const std::string_view line : lines_of(*lock))
      if (line.starts_with("    ") && line.size() > 4 && line[4] != ' ') needed.insert(words_of(line).front());
    if (lock->starts_with("GIT\n") || contains(*lock, "\nGIT\n")) needs_git(work, work.path("Gemfile.lock"));
  } else if (text && (contains(*text, "github:") || contains(*text, "git:") || contains(*text, ":git =>"))) {
    needs_git(work, work.self.manifest);
  }
  add_native_needs(work, ecosystem::ruby, needed);
  const framework* f = use_framework(work, ecosystem::ruby, names);
  work.out.build_env = {{"BUNDLE_PATH", "/app/vendor/bundle"}, {"BUNDLE_WITHOUT", "development:test"}};
  work.out.runtime_env = work.out.build_env;
  work.out.runtime_env["BUNDLE_GEMFILE"] = "/app/Gemfile";
  accept_other_patch(work, text ? *text : "");
  work.run(work.has("Gemfile.lock") ? "BUNDLE_DEPLOYMENT=1 bundle install" : "bundle install");
  const std::string start = command(work, f, names);
  work.out.nothing_to_start = "no config.ru, app.rb, server.rb or main.rb";
  take_hinted_command(work, {"bundle", "ruby", "puma", "rackup"});
  // Its task for the assets calls the package manager.
  if (f && f->name == "Rails") build_front_end(work, false);
  if (f && f->name == "Rails" && work.files.has_directory(work.path("app/assets")))
    work.run("SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production bundle exec rails assets:precompile");
  work.copy(".", "/app/");
  work.out.copy.push_back({"/app/vendor/bundle", "/app/vendor/bundle"});
  if (!start.empty()) work.starts(rank::source, words_of(start), work.self.manifest);
  apply(work, look_at_sources(work, work.sources({".rb", ".ru"}), {"TCPServer.new(", "Port: ", ":Port => ", "set :port, "}), 0, "");
}

}  // namespace

const build_system bundler_system{.name = "Bundler", .manifests = {"Gemfile"}, .analyse = analyse_bundler};

}  // namespace peelbox::detect
