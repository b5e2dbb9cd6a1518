// C, C++ and Perl without a build system.
#include <fmt/format.h>

#include "engine/detect/hints.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/systems/c_family.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

void analyse_c(analysis& work) {
  work.out.build_system = "none";
  const std::string file(name_of(work.self.manifest));
  const bool cxx = !file.ends_with(".c");
  use_c(work, {{work.self.manifest}, cxx});
  std::string others;
  if (const directory* dir = work.files.find(work.self.dir))
    for (const std::string_view name : dir->files)
      if (name.ends_with(file.substr(file.rfind('.')))) others += " " + shell_word(name);
  const std::string installed = "/usr/local/bin/" + work.out.name;
  work.run(fmt::format("{} -O2 -o {}{}", cxx ? "g++" : "gcc", shell_word(installed), others));
  work.out.copy.push_back({installed, installed});
  work.starts_program(installed, work.self.manifest);
  look_at_c(work, {{work.self.manifest}, cxx});
}

void install_perl_modules(analysis& work, std::string_view what) {
  for (const char* tool : {"perl", "cpanm", "c-build"}) work.needs(tool);
  work.run(fmt::format("cpanm --notest --local-lib /app/local {}", what));
  work.out.copy.push_back({"/app/local", "/app/local"});
  work.out.runtime_env["PERL5LIB"] = "/app/local/lib/perl5";
  work.out.runtime_env["PATH"] = "/app/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

void analyse_perl(analysis& work) {
  work.out.language = "Perl";
  work.out.build_system = "none";
  work.needs_at_runtime("perl");
  const std::string file(name_of(work.self.manifest));
  if (work.has("cpanfile")) {
    work.out.build_system = "cpanm";
    install_perl_modules(work, "--installdeps .");
  }
  work.copy(".", "/app/");
  if (file == "app.psgi") {
    const std::string_view port = told_port(work, 5000, "plackup's usual port");
    if (!work.has("cpanfile") && has_package("plack", work.target)) {
      work.needs_at_runtime("plack");
    } else if (!work.has("cpanfile")) {
      install_perl_modules(work, "Plack");
    }
    work.starts(rank::convention, {"plackup", "--host", "0.0.0.0", "--port", std::string(port), "app.psgi"}, work.self.manifest);
  } else {
    work.starts(rank::convention, {"perl", file}, work.self.manifest);
  }
  take_hinted_command(work, {"perl", "plackup"});
  apply(work, look_at_sources(work, work.sources({".pl", ".pm"}), {"LocalPort => ", "LocalPort=>", "port => "}), 0, "");
}

}  // namespace

const build_system c_file_system{
    .name = "a C file", .manifests = {"main.c", "main.cpp", "main.cc", "main.cxx"}, .weak = true, .analyse = analyse_c};
const build_system perl_file_system{
    .name = "a Perl script", .manifests = {"app.psgi", "app.pl", "main.pl", "server.pl"}, .weak = true, .analyse = analyse_perl};

}  // namespace peelbox::detect
