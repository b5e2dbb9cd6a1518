#include "cli/dockerfile_flags.hpp"

#include <CLI/App.hpp>

#include "cli/choice.hpp"

namespace peelbox::cli {

void add_dockerfile_flags(CLI::App& build, dockerfile_flags& flags) {
  const std::string group = "Dockerfile";
  const auto repeated = [&](const char* name, std::vector<std::string>& into, const char* about, const char* type) {
    build.add_option(name, into, about)->type_name(type)->take_all()->allow_extra_args(false)->group(group);
  };
  build.add_option("-f,--file", flags.file, "The Dockerfile; else DIR/Dockerfile. - is standard input")->type_name("FILE");
  build.add_option("--target", flags.target, "Build this stage")->type_name("STAGE")->group(group);
  repeated("--build-arg", flags.build_args, "Value of an ARG. NAME alone takes the variable's. May be repeated", "NAME=VALUE");
  repeated("--build-context", flags.build_contexts,
           "A further context: a directory, docker-image://REF, oci-layout://DIR[:TAG], or a URL of git or http. May be repeated", "NAME=WHERE");
  repeated("--label", flags.labels, "Label of the image. May be repeated", "NAME=VALUE");
  build.add_flag("--pull", flags.pull, "Look for newer base images")->group(group);
  repeated("--no-cache-filter", flags.no_cache_filter, "Run the steps of this stage again. May be repeated", "STAGE");
  build.add_option("--network", flags.network, "Network of RUN: default, none, or host, which the daemon has to allow")
      ->type_name("MODE")->group(group)->check(one_of({"default", "none", "host"}));
  repeated("--add-host", flags.add_hosts, "A line of RUN's /etc/hosts. May be repeated", "HOST:IP");
  build.add_option("--shm-size", flags.shm_size, "Size of RUN's /dev/shm, as in 128m")->type_name("SIZE")->group(group);
  repeated("--ulimit", flags.ulimits, "A limit of RUN, as in nofile=1024:2048. May be repeated", "NAME=SOFT[:HARD]");
  build.add_option("--call", flags.call,
                   "Ask instead of building: check (what is wrong with the Dockerfile), outline (arguments, secrets) or targets; with "
                   ",format=json for programs")
      ->type_name("METHOD")->group(group)->check(begins_like({"build", "check", "outline", "targets"}));
  build.add_flag("--check", flags.check, "The same as --call=check")->group(group);
  build.add_option("--cgroup-parent", flags.cgroup_parent, "Control group that RUN's are made in")->type_name("PATH")->group(group);
}

}  // namespace peelbox::cli
