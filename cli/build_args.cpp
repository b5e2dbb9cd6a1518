#include "cli/build_args.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace peelbox::cli {

void add_build_flags(CLI::App& build, build_args& args) {
  build.footer(
      "Examples:\n"
      "  peelbox build --spec universalbuild.json --tag app:1\n"
      "  peelbox build --spec universalbuild.json --tag app:1 --output type=oci,dest=app.tar\n"
      "  peelbox build --spec spec.json --tag app:1 --output type=local,dest=out --buildkit tcp://builder:1234\n"
      "  peelbox build --spec spec.json --all --tag {service}:1 --output type=oci,dest=out/{service}.tar\n\n"
      "Exit codes: 0 ok, 1 build failed, 2 usage, 3 no connection, 4 context or output files, 75 daemon lost, "
      "130/143 interrupted");
  build.add_option("--spec", args.spec, "UniversalBuild JSON (write one with `peelbox detect`)")->type_name("FILE");
  build.add_option("-t,--tag", args.tags, "Name of the image; for several services NAME=REF each, or app-{service}:1")
      ->type_name("REF")->take_all();
  build.add_option("--context", args.context, "Directory with the sources")->type_name("DIR")->capture_default_str();
  build.add_option("-o,--output", args.output,
                    "type=docker (into Docker, the default), type=oci|docker|tar,dest=FILE, type=local,dest=DIR or "
                    "type=cacheonly; for several services dest=out/{service}.tar")
      ->type_name("FIELDS");
  build.add_option("--service", args.services, "Which service of a spec with several; may be repeated")
      ->type_name("NAME")->take_all();
  build.add_flag("--all", args.all_services, "All services of the spec, with one transfer of the context");
  build.add_option("--llb", args.llb, "Build this LLB definition instead of a spec; - is standard input")->type_name("FILE");
  build.add_option("--local", args.locals, "Directory of a local source of --llb; no ignore files apply")->type_name("NAME=DIR")
      ->take_all();
  build.add_option("--dump-llb", args.dump_llb, "Write the LLB definition of the spec and stop; - is standard output")
      ->type_name("FILE");
  build.add_option("--platform", args.platform, "os/arch[/variant]; default: this machine's")->type_name("P");
  build.add_option("--entrypoint", args.entrypoint, "Command of the image instead of the spec's")->type_name("CMD");
  build.add_option("--build-image", args.build_image, "Image that the build runs in")->type_name("REF");
  build.add_option("--runtime-image", args.runtime_image, "Image that the result is based on")->type_name("REF");
  build.add_option("--package-manager", args.package_manager, "auto | apk | apt")->type_name("NAME");
  add_daemon_flags(build, args);
  build.add_option("--sbom", args.attest.sbom, "Add an SBOM: true | false | generator=IMAGE (default: for OCI output)")
      ->expected(0, 1)->type_name("[V]");
  build.add_option("--provenance", args.attest.provenance, "Add provenance: true | false | mode=min|max (default: for OCI output)")
      ->expected(0, 1)->type_name("[V]");
  build.add_flag("--no-sbom", args.no_sbom, "The same as --sbom=false");
  build.add_flag("--no-provenance", args.no_provenance, "The same as --provenance=false");
  build.add_flag("--no-cache", args.no_cache, "Run every step again");
  build.add_flag("--no-gitignore", args.no_gitignore, "Do not apply .gitignore files to the context");
  build.add_flag("--paranoid", args.paranoid,
                 "Send every file, for content that changed under the same size and modification time");
  build.add_option("--progress", args.progress, "auto | plain | tty | rawjson | quiet")->type_name("MODE");
  build.add_option("--silence-limit", args.silence_limit, "Give up when the daemon is silent for so many seconds")
      ->type_name("S")->check(CLI::Range(10u, 86'400u))->capture_default_str();
  build.add_flag("-q,--quiet", args.quiet, "Print the image digest only");
}

}  // namespace peelbox::cli
