#include "cli/service_args.hpp"

#include <CLI/App.hpp>

#include "cli/choice.hpp"

namespace peelbox::cli {

void add_service_flags(CLI::App& build, service_args& args) {
  const std::string group = "What the daemon may ask for";
  build.add_option("--secret", args.secrets,
                   "Secret for steps that mount it: id=ID[,src=FILE|,env=VARIABLE]. Else the variable ID, or the file ID. May be repeated")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)->group(group)->check(begins_like({"id="}));
  build.add_option("--ssh", args.agents, "SSH agent for steps that mount it: default, ID=SOCKET[,raw=true] or ID=KEYFILE[,KEYFILE]. May be repeated")
      ->type_name("ID[=PATH]")->take_all()->allow_extra_args(false)->group(group)->check(begins_like({"default", "default="}));
  build.add_option("--oci-layout", args.oci_layouts, "OCI layout that a source of --llb or --frontend reads")->type_name("NAME=DIR")
      ->take_all()->allow_extra_args(false)->group(group);
  build.add_option("--allow", args.allow, "What steps may do beyond the sandbox. The daemon has to allow it too")->type_name("RIGHT")
      ->take_all()->allow_extra_args(false)->group(group)->check(begins_like({"network.host", "security.insecure", "device", "device="}));
  build.add_option("--source-policy-file", args.source_policy, "Rules that replace or refuse sources, as JSON")->type_name("FILE")
      ->group(group);

  const std::string caches = "Caches elsewhere";
  build.add_option("--cache-from", args.cache_from, "Use a cache too: a reference, or type=registry|local|gha|s3|azblob with its fields. May be repeated")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)->group(caches)
      ->check(begins_like({"type=registry,ref=", "type=local,src=", "type=gha", "type=s3,", "type=azblob,"}));
  build.add_option("--cache-to", args.cache_to, "Write the cache there: a reference, or type=registry|local|inline|gha|s3|azblob with its "
                   "fields. For several services with {service} in it. May be repeated")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)->group(caches)
      ->check(begins_like({"type=registry,ref=", "type=local,dest=", "type=inline", "type=gha", "type=s3,", "type=azblob,"}));
  build.add_option("--import-cache", args.import_cache, "--cache-from as buildctl has it")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)->group(caches);
  build.add_option("--export-cache", args.export_cache, "--cache-to as buildctl has it: mode=min unless said")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)->group(caches);
}

}  // namespace peelbox::cli
