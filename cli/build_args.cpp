#include "cli/build_args.hpp"

#include <CLI/App.hpp>

#include "cli/choice.hpp"

namespace peelbox::cli {

void add_build_flags(CLI::App& build, build_args& args) {
  build.footer(
      "Examples:\n"
      "  peelbox build -t app:1 .\n"
      "  peelbox build -f web.Dockerfile --target prod -t example.com/web:1 --push .\n"
      "  peelbox detect . | peelbox build --spec - -t app:1 -o type=oci,dest=app.tar");
  build.add_option("--spec", args.spec, "UniversalBuild JSON (`peelbox detect` writes one). - is standard input")->type_name("FILE");
  build.add_option("-t,--tag", args.tags,
                   "Name of the image. May be repeated. For several services NAME=REF each, or a template such as app-{service}:1")
      ->type_name("REF")->take_all()->allow_extra_args(false);
  build.add_option("-o,--output", args.outputs,
                   "Where the result goes; else into Docker. type=docker (into Docker), type=registry (pushed), "
                   "type=oci|docker|tar,dest=FILE, type=local,dest=DIR, type=image or type=cacheonly; dest=- is standard output; for "
                   "several services dest=out/{service}.tar. May be repeated. Other fields, such as compression=zstd, go to BuildKit's exporter. As for buildx "
                   "a path alone is type=local,dest=PATH, and - is type=tar,dest=-")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)
      ->check(begins_like({"type=docker", "type=registry", "type=oci,dest=", "type=docker,dest=", "type=tar,dest=", "type=local,dest=", "type=cacheonly"}));
  build.add_flag("--push", args.push, "Push the image under its tags. The same as -o type=registry");
  build.add_option("DIR", args.context, "Directory with the sources; else this one. With a Dockerfile also a URL of git or http, and - is a "
                   "Dockerfile from standard input")->type_name("DIR");
  build.add_option("--platform", args.platform, "Several with commas; else the daemon's own. With a variant if need be")->type_name("OS/ARCH")
      ->check(begins_like({"linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/riscv64", "linux/s390x"}));
  add_daemon_flags(build, args);
  build.add_flag("--no-cache", args.no_cache, "Run every step again");
  build.add_option("--progress", args.progress, "Progress")->type_name("MODE")
      ->check(one_of({"auto", "plain", "tty", "rawjson", "logs", "quiet"}));
  build.add_flag("-q,--quiet", args.quiet, "Print the image digest only");

  const std::string what = "What is built";
  build.add_flag("--load", args.load, "The same as -o type=docker: the image goes into Docker")->group(what);
  build.add_flag("--all", args.all_services, "All services of the spec. The context is sent once")->group(what);
  build.add_option("--context", args.context, "The same as DIR")->type_name("DIR")->capture_default_str()->group(what);
  build.add_option("--service", args.services, "Which service of a spec with several. May be repeated")
      ->type_name("NAME")->take_all()->allow_extra_args(false)->group(what);
  build.add_option("--entrypoint", args.entrypoint, "Command of the image instead of the spec's. Shell words or a JSON array")
      ->type_name("CMD")->group(what);
  build.add_option("--build-image", args.build_image, "Image that the build runs in")->type_name("REF")->group(what);
  build.add_option("--runtime-image", args.runtime_image, "Image that the result is based on")->type_name("REF")->group(what);
  build.add_option("--package-manager", args.package_manager, "Which one installs packages")->type_name("NAME")->group(what)
      ->check(one_of({"auto", "apk", "apt"}));
  build.add_option("--cache-key", args.cache_key,
                   "Share the cache directories of build.cache with builds of the same KEY, instead of those of the same git "
                   "repository and directory")
      ->type_name("KEY")->group(what);
  build.add_flag("--no-gitignore", args.no_gitignore, "Do not apply .gitignore files to the context")->group(what);
  build.add_flag("--paranoid", args.paranoid,
                 "Send every file, for content that changed under the same size and modification time")->group(what);
  build.add_option("--context-times", args.context_times,
                   "Modification times of the context: file (their own) or content (one second, with nanoseconds that follow from the content, so that "
                   "a fresh checkout sends only what differs)")
      ->type_name("MODE")->capture_default_str()->group(what)->check(one_of({"file", "content"}));
  build.add_option("--context-id", args.context_id,
                   "Share what the daemon has of the context with all machines that give the same NAME; auto is the repository's origin and the "
                   "directory in it. Implies --context-times content")
      ->type_name("NAME")->group(what)->check(begins_like({"auto"}));
  build.add_option("--llb", args.llb, "Build this LLB definition instead of a spec. - is standard input")->type_name("FILE")
      ->group(what);
  build.add_option("--frontend", args.frontend, "Let this frontend of the daemon make the definition, such as dockerfile.v0 or gateway.v0")
      ->type_name("NAME")->group(what)->check(begins_like({"dockerfile.v0", "gateway.v0"}));
  build.add_option("--opt", args.options, "Option of --frontend, such as target=web. May be repeated")->type_name("KEY=VALUE")
      ->take_all()->allow_extra_args(false)->group(what);
  build.add_option("--local", args.locals, "Directory of a local source of --llb or --frontend. No ignore files apply")->type_name("NAME=DIR")
      ->take_all()->allow_extra_args(false)->group(what);
  build.add_option("--dump-llb", args.dump_llb, "Write the LLB definition of the spec and stop. - is standard output")
      ->type_name("FILE")->group(what);

  add_dockerfile_flags(build, args.dockerfile);

  const std::string pictures = "Pictures and records";
  build.add_option("--timeline", args.timeline, "Write a page with the build as a timeline, also when it fails. It is one HTML file "
                   "that needs nothing else")
      ->type_name("FILE")->group(pictures);
  build.add_option("--trace", args.trace, "Write the build as Chrome trace events, for ui.perfetto.dev")->type_name("FILE")
      ->group(pictures);

  build.add_option("--log-file", args.log_file, "Keep all output in a file, or in a directory with a file per step")
      ->type_name("FILE|DIR")->group(pictures);
  build.add_option("--metadata-file", args.metadata_file, "Write what the exporter answered as JSON, with buildx's keys")
      ->type_name("FILE")->group(pictures);
  build.add_option("--iidfile", args.iid_file, "Write the image's id")->type_name("FILE")->group(pictures);
  build.add_option("--ref-file", args.ref_file, "Write the build's reference")->type_name("FILE")->group(pictures);
  build.add_option("--stats", args.stats, "Tell what the build cost here. With =json one line on standard output")
      ->expected(0, 1)->type_name("[json]")->group(pictures)->check(one_of({"json"}));

  add_service_flags(build, args);

  const std::string attestations = "Attestations and annotations";
  build.add_option("--annotation", args.annotations,
                   "Annotation of the image. TYPE is manifest, index, manifest-descriptor or index-descriptor. May be repeated")
      ->type_name("[TYPE:]KEY=VALUE")->take_all()->allow_extra_args(false)->group(attestations);
  build.add_option("--sbom", args.attest.sbom, "Add an SBOM: true, false, generator=IMAGE. The default is true for OCI output")
      ->expected(0, 1)->type_name("[V]")->group(attestations)->check(begins_like({"true", "false", "generator="}));
  build.add_option("--provenance", args.attest.provenance,
                   "Add provenance: true, false, min, max or fields. The default is true for OCI output")
      ->expected(0, 1)->type_name("[V]")->group(attestations)->check(begins_like({"true", "false", "min", "max", "mode="}));
  build.add_flag("--no-sbom", args.no_sbom, "The same as --sbom=false")->group(attestations);
  build.add_flag("--no-provenance", args.no_provenance, "The same as --provenance=false")->group(attestations);

  build.add_flag("--detach", args.detach, "Refused: a BuildKit daemon ends a build with its client. See `peelbox attach`")
      ->group("Daemon");
  build.add_option("--silence-limit", args.silence_limit, "Give up when the daemon is silent for so many seconds")
      ->type_name("SECONDS")->check(number_from(10, 86'400))->capture_default_str()->group("Daemon");
  build.add_option("--retry", args.retries, "Try so many times more when the daemon is lost in the middle of the build")
      ->type_name("N")->check(number_from(0, 100))->capture_default_str()->group("Daemon");

  build.callback([&build, &args] {
    args.given.clear();
    for (const CLI::Option* option : build.parse_order())
      args.given.push_back(option->get_lnames().empty() ? option->get_name() : "--" + option->get_lnames().front());
  });
}

}  // namespace peelbox::cli
