#include "engine/spec/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/spec/load.hpp"

namespace peelbox::spec {
namespace {

universal_build parsed(std::string_view text) {
  auto loaded = load(text, "spec.json");
  EXPECT_TRUE(loaded) << loaded.error().text;
  return loaded->services.front();
}

universal_build rust_service() {
  return parsed(R"({
    "metadata": {"project_name": "shop/web"},
    "build": {"packages": ["rust-1.92", "build-base"],
              "env": {"B": "2", "A": "1"},
              "commands": ["cargo fetch", "cargo build --release\n# done"],
              "cache": ["target", "/root/.cargo/registry/"]},
    "runtime": {"packages": ["ca-certificates"],
                "copy": [{"from": "target/release/web", "to": "/usr/local/bin/web"}, {"from": "static/", "to": "/app/static"}],
                "command": ["/usr/local/bin/web"]}
  })");
}

plan_options wolfi() {
  plan_options options;
  options.platform = {"linux", "arm64", "v8"};
  options.session_id = "S";
  options.shared_key_hint = "hint";
  options.exclude_patterns = {".git"};
  return options;
}

plan_options debian() {
  plan_options options;
  options.platform = {"linux", "amd64", ""};
  options.build_image = "docker.io/peelbox/debian-build:12";
  options.runtime_image = "debian:12";
  return options;
}

plan_result planned(const universal_build& service, const plan_options& options) {
  auto plan = make_plan(service, options);
  EXPECT_TRUE(plan) << plan.error().text;
  return *std::move(plan);
}

/// describe() with the long scripts replaced by "…", to keep the shape readable.
std::string shape(const plan_result& plan) {
  std::string out;
  std::string text = llb::describe(plan.definition);
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    std::string line = text.substr(start, end - start);
    const std::size_t script = line.find("\"-c\" \"");
    const std::size_t install = line.find("\" \"install\"");
    if (script != std::string::npos && install != std::string::npos)
      line.replace(script + 6, install - script - 6, "…");
    if (line.ends_with(" bytes")) line.replace(line.find("755 ") + 4, std::string::npos, "… bytes");
    out += line + "\n";
    start = end + 1;
  }
  return out;
}

std::string digest_of(const plan_result& plan, std::string_view name) {
  for (const llb::vertex& v : plan.definition.vertices)
    if (v.name == name) return v.digest;
  ADD_FAILURE() << "no vertex " << name;
  return {};
}

std::vector<std::string> names(const plan_result& plan) {
  std::vector<std::string> out;
  for (const llb::vertex& v : plan.definition.vertices) out.push_back(v.name);
  return out;
}

TEST(plan, wolfi_graph) {
  EXPECT_EQ(
      shape(planned(rust_service(), wolfi())),
      R"GRAPH(0 source docker-image://cgr.dev/chainguard/wolfi-base:latest linux/arm64 # load image cgr.dev/chainguard/wolfi-base:latest
1 exec ["sh" "-e" "-c" "…" "install" "ca-certificates"] in / linux/arm64 # [runtime packages] apk add ca-certificates
    mount / from 0:0 -> 0
    mount /tmp tmpfs
2 exec ["sh" "-e" "-c" "…" "install" "build-base" "rust-1.92"] in / linux/arm64 # [packages] apk add build-base rust-1.92
    mount / from 0:0 -> 0
    mount /tmp tmpfs
3 source local://context # load build context
    local.excludepatterns = [".git"]
    local.session = S
    local.sharedkeyhint = hint
4 file # [build] copy context
    on scratch copy 3:0 / -> / contents
5 exec ["sh" "-e" "-c" "cargo fetch"] in /build linux/arm64 # [build 1/2] cargo fetch
    env ["A=1" "B=2"]
    mount / from 2:0 -> 0
    mount /build from 4:0 -> 1 content-cache off
    mount /build/target cache shop/web-linux/arm64-target locked
    mount /root/.cargo/registry cache shop/web-linux/arm64-/root/.cargo/registry shared
6 file # [build] prepare
    on scratch mkfile /build-and-collect 755 … bytes
7 exec ["sh" "/.peelbox/bin/build-and-collect" "cargo build --release\n# done" "/build/target/release/web" "web" "/build/static/" "static"] in /build linux/arm64 # [build 2/2] cargo build --release …
    env ["A=1" "B=2"]
    mount / from 5:0 -> 0
    mount /.peelbox/bin from 6:0 read-only
    mount /.peelbox/out from scratch -> 1
    mount /build from 5:1 dropped content-cache off
    mount /build/target cache shop/web-linux/arm64-target locked
    mount /root/.cargo/registry cache shop/web-linux/arm64-/root/.cargo/registry shared
8 file # [runtime] copy target/release/web -> /usr/local/bin/web, static/ -> /app/static
    on 1:0 copy 7:1 /0 -> /usr/local/bin/ contents
    on action 0 copy 7:1 /1 -> /app/ contents
result 8:0
)GRAPH");
}

TEST(plan, debian_graph_without_commands) {
  const universal_build service = parsed(R"({
    "metadata": {"project_name": "py"},
    "runtime": {"packages": ["python3"], "copy": [{"from": "*.py", "to": "/app/"}], "command": ["python3", "/app/m.py"]}
  })");
  EXPECT_EQ(shape(planned(service, debian())),
            R"GRAPH(0 source docker-image://docker.io/library/debian:12 linux/amd64 # load image debian:12
1 exec ["sh" "-e" "-c" "…" "install" "python3"] in / linux/amd64 # [runtime packages] apt-get install python3
    mount / from 0:0 -> 0
    mount /tmp tmpfs
    mount /var/cache/apt cache peelbox-apt-archives-docker.io/library/debian:12 locked
    mount /var/lib/apt/lists cache peelbox-apt-lists-docker.io/library/debian:12 locked
2 source docker-image://docker.io/peelbox/debian-build:12 linux/amd64 # load image peelbox/debian-build:12
3 file # [build] prepare
    on scratch mkfile /build-and-collect 755 … bytes
4 source local://context # load build context
    local.sharedkeyhint = context
    local.unique = context
5 file # [build] copy context
    on scratch copy 4:0 / -> / contents
6 exec ["sh" "/.peelbox/bin/build-and-collect" "" "/build/*.py" ""] in /build linux/amd64 # [build] collect artifacts
    mount / from 2:0 -> 0
    mount /.peelbox/bin from 3:0 read-only
    mount /.peelbox/out from scratch -> 1
    mount /build from 5:0 dropped content-cache off
7 file # [runtime] copy *.py -> /app/
    on 1:0 copy 6:1 /0 -> /app/ contents
result 7:0
)GRAPH");
}

TEST(plan, same_spec_same_bytes) {
  const plan_result a = planned(rust_service(), wolfi());
  const plan_result b = planned(rust_service(), wolfi());
  ASSERT_EQ(a.definition.message.def_size(), b.definition.message.def_size());
  for (int i = 0; i < a.definition.message.def_size(); ++i)
    EXPECT_EQ(a.definition.message.def(i), b.definition.message.def(i));
  EXPECT_EQ(a.image_config_json, b.image_config_json);
}

TEST(plan, order_and_repetition_of_packages_do_not_matter) {
  universal_build other = rust_service();
  other.build.packages = {"build-base", "rust-1.92", "build-base"};
  EXPECT_EQ(digest_of(planned(rust_service(), wolfi()), "[packages] apk add build-base rust-1.92"),
            digest_of(planned(other, wolfi()), "[packages] apk add build-base rust-1.92"));
}

TEST(plan, packages_do_not_depend_on_context_commands_or_environment) {
  plan_options changed = wolfi();
  changed.session_id = "other";
  changed.context_name = "elsewhere";
  changed.shared_key_hint = "else";
  changed.exclude_patterns = {"x"};
  universal_build service = rust_service();
  service.build.commands = {"true"};
  service.build.env.clear();
  const plan_result a = planned(rust_service(), wolfi());
  const plan_result b = planned(service, changed);
  for (const char* name :
       {"[packages] apk add build-base rust-1.92", "[runtime packages] apk add ca-certificates"})
    EXPECT_EQ(digest_of(a, name), digest_of(b, name));
  EXPECT_NE(digest_of(a, "load build context"), digest_of(b, "load build context"));
}

TEST(plan, services_of_one_repository_share_the_context) {
  universal_build other = rust_service();
  other.metadata.project_name = "other";
  other.build.packages = {"go"};
  EXPECT_EQ(digest_of(planned(rust_service(), wolfi()), "[build] copy context"),
            digest_of(planned(other, wolfi()), "[build] copy context"));
}

TEST(plan, distroless_runtime_gets_packages_from_the_build_image) {
  plan_options options = wolfi();
  options.runtime_image = "cgr.dev/chainguard/glibc-dynamic";
  universal_build service = rust_service();
  service.runtime.ports = {80};
  service.runtime.health = health_check{"/ok"};
  const plan_result plan = planned(service, options);
  EXPECT_NE(shape(plan).find(R"(["sh" "-e" "-c" "…" "install" "ca-certificates"] in / linux/arm64)"
                             R"( # [runtime packages] apk add ca-certificates
    mount / from 0:0 read-only
    mount /.peelbox/root from 1:0 -> 0
    mount /tmp tmpfs
)"),
            std::string::npos)
      << shape(plan);
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("no shell"), std::string::npos);
  EXPECT_EQ(plan.image_config_json.find("Healthcheck"), std::string::npos);
}

TEST(plan, scratch_runtime) {
  plan_options options = wolfi();
  options.runtime_image = "scratch";
  universal_build service = rust_service();
  service.runtime.packages.clear();
  EXPECT_NE(shape(planned(service, options)).find("on scratch copy 6:1 /0 -> /usr/local/bin/"),
            std::string::npos);
  service.runtime.copy.clear();
  EXPECT_EQ(make_plan(service, options).error().code, errc::usage);
}

TEST(plan, image_without_package_manager_is_refused) {
  plan_options options = debian();
  options.runtime_image = "gcr.io/distroless/cc-debian12";
  const auto plan = make_plan(rust_service(), options);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().text.find("gcr.io/distroless/cc-debian12:latest has no package manager"),
            std::string::npos)
      << plan.error().text;
  universal_build service = rust_service();
  service.runtime.packages.clear();
  EXPECT_TRUE(make_plan(service, options));
  options = debian();
  options.build_image = "scratch";
  EXPECT_FALSE(make_plan(rust_service(), options));
}

TEST(plan, unknown_image_finds_its_package_manager_when_it_runs) {
  plan_options options = debian();
  options.runtime_image = "example.com/base";
  const std::string text = llb::describe(planned(rust_service(), options).definition);
  EXPECT_NE(text.find("command -v apk"), std::string::npos);
  EXPECT_NE(text.find("# [runtime packages] install ca-certificates"), std::string::npos);
  options.packages = package_manager::apt;
  EXPECT_EQ(llb::describe(planned(rust_service(), options).definition).find("command -v apk"),
            std::string::npos);
}

TEST(plan, nothing_to_copy_runs_nothing) {
  universal_build service = rust_service();
  service.runtime.copy.clear();
  const plan_result plan = planned(service, wolfi());
  EXPECT_EQ(names(plan), (std::vector<std::string>{"load image cgr.dev/chainguard/wolfi-base:latest",
                                                   "[runtime packages] apk add ca-certificates"}));
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("runtime.copy"), std::string::npos);
}

TEST(plan, no_cache_marks_every_operation) {
  plan_options options = wolfi();
  options.no_cache = true;
  const plan_result plan = planned(rust_service(), options);
  for (const llb::vertex& v : plan.definition.vertices)
    EXPECT_TRUE(plan.definition.message.metadata().at(v.digest).ignore_cache()) << v.name;
  EXPECT_EQ(digest_of(plan, "[build] copy context"),
            digest_of(planned(rust_service(), wolfi()), "[build] copy context"));
}

TEST(plan, titles_are_one_short_line) {
  universal_build service = rust_service();
  service.build.commands = {"\n  make all\n", std::string(200, 'x'), std::string(79, 'x') + "üü"};
  service.build.packages.clear();
  for (int i = 0; i < 40; ++i) service.build.packages.push_back("package-" + std::to_string(i));
  for (int i = 0; i < 4; ++i) service.runtime.copy.push_back({"f" + std::to_string(i), "/srv/"});
  const std::vector<std::string> all = names(planned(service, wolfi()));
  const auto has = [&](std::string_view name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  EXPECT_TRUE(has("[build 1/3] make all"));
  EXPECT_TRUE(has("[build 2/3] " + std::string(80, 'x') + " …"));
  EXPECT_TRUE(has("[build 3/3] " + std::string(79, 'x') + " …"));
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const std::string& n) { return n.ends_with("more"); }));
  for (const std::string& name : all) EXPECT_LT(name.size(), 160u) << name;
}

TEST(plan, entrypoint_override_silences_the_warning) {
  universal_build service = rust_service();
  service.runtime.command.clear();
  plan_options options = wolfi();
  EXPECT_EQ(planned(service, options).warnings.size(), 1u);
  options.entrypoint = {"/x"};
  EXPECT_TRUE(planned(service, options).warnings.empty());
}

TEST(plan, refuses_an_invalid_spec_and_bad_images) {
  universal_build service = rust_service();
  service.runtime.copy[0].to = "relative";
  service.build.packages = {"a;b"};
  const auto plan = make_plan(service, wolfi());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, errc::usage);
  EXPECT_NE(plan.error().text.find("build.packages[0]"), std::string::npos);
  EXPECT_NE(plan.error().text.find("\nruntime.copy[0].to"), std::string::npos);
  plan_options options = wolfi();
  options.build_image = "UPPER";
  EXPECT_TRUE(make_plan(rust_service(), options).error().text.starts_with("build image: "));
}

TEST(plan, base_images_are_listed_once_and_only_when_they_are_used) {
  universal_build service = rust_service();
  plan_options options = wolfi();
  const auto images = [&] { return base_images(service, options).value(); };
  EXPECT_EQ(images(), std::vector<std::string>{"cgr.dev/chainguard/wolfi-base:latest"});
  options.build_image = "golang:1";
  EXPECT_EQ(images(), (std::vector<std::string>{"cgr.dev/chainguard/wolfi-base:latest", "docker.io/library/golang:1"}));
  service.runtime.copy.clear();
  EXPECT_EQ(images(), std::vector<std::string>{"cgr.dev/chainguard/wolfi-base:latest"}) << "no step runs in it";
  options.runtime_image = "scratch";
  EXPECT_EQ(images(), std::vector<std::string>{"docker.io/library/golang:1"}) << "it lends its package manager";
  options.build_image = "not an image";
  EXPECT_EQ(base_images(service, options).error().code, errc::usage);
}

TEST(plan, described_base_images_give_environment_and_digest) {
  plan_options options = debian();
  options.build_base.emplace().config.env = {"PATH=/opt/x/bin:/bin", "A=image", "broken"};
  options.build_base->config.user = "nobody";
  options.build_base->digest = "sha256:" + std::string(64, 'a');
  const auto plan = make_plan(rust_service(), options);
  ASSERT_TRUE(plan) << plan.error().text;
  const std::string text = llb::describe(plan->definition);
  EXPECT_NE(text.find("docker-image://docker.io/peelbox/debian-build:12@sha256:aaaa"), std::string::npos) << text;
  EXPECT_NE(text.find("docker-image://docker.io/library/debian:12 "), std::string::npos) << "not described\n" << text;
  EXPECT_NE(text.find("env [\"A=1\" \"B=2\" \"PATH=/opt/x/bin:/bin\"]"), std::string::npos)
      << "commands: the spec wins\n" << text;
  EXPECT_NE(text.find("env [\"A=image\" \"PATH=/opt/x/bin:/bin\"]"), std::string::npos) << "packages\n" << text;
  EXPECT_EQ(text.find("nobody"), std::string::npos) << "steps run as root\n" << text;
  EXPECT_EQ(text.find("peelbox-apt-lists-docker.io/peelbox/debian-build:12@"), std::string::npos)
      << "a cache outlives the image\n" << text;
}

TEST(plan, caches_of_projects_are_told_apart) {
  plan_options options = wolfi();
  options.cache_key = "0123456789ab";
  const std::string text = llb::describe(planned(rust_service(), options).definition);
  EXPECT_NE(text.find("web-0123456789ab-linux/arm64-target"), std::string::npos) << text;
  EXPECT_NE(text.find("web-0123456789ab-linux/arm64-/root/.cargo/registry"), std::string::npos) << text;
}

TEST(plan, commands_get_secrets_and_agents_and_package_steps_do_not) {
  universal_build service = rust_service();
  service.build.secrets = {{"file", "", "", false}, {"there", "/etc/there", "", true}, {"variable", "", "TOKEN", false}};
  service.build.ssh = {"default", "other"};
  const std::string text = llb::describe(planned(service, wolfi()).definition);
  std::size_t commands = 0;
  for (std::size_t at = 0; (at = text.find("    secret variable as TOKEN\n", at)) != text.npos; ++at) ++commands;
  EXPECT_EQ(commands, 2u);
  EXPECT_NE(text.find("mount /run/secrets/file secret file"), text.npos) << text;
  EXPECT_NE(text.find("mount /etc/there secret there"), text.npos);
  EXPECT_NE(text.find("mount /run/buildkit/ssh_agent.0 ssh default"), text.npos);
  EXPECT_NE(text.find("mount /run/buildkit/ssh_agent.1 ssh other"), text.npos);
  EXPECT_NE(text.find("SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0"), text.npos);
}

TEST(plan, steps_of_several_platforms_have_names_of_their_own) {
  plan_options arm = wolfi();
  arm.names_platform = true;
  plan_options amd = arm;
  amd.platform = {"linux", "amd64", ""};
  const plan_result one = planned(rust_service(), arm);
  const plan_result other = planned(rust_service(), amd);
  // What both share is one step; everything else has another name.
  for (const llb::vertex& a : one.definition.vertices)
    for (const llb::vertex& b : other.definition.vertices) EXPECT_EQ(a.name == b.name, a.digest == b.digest) << a.name;
  const std::vector<std::string> all = names(one);
  EXPECT_NE(std::find(all.begin(), all.end(), "[linux/arm64 build 1/2] cargo fetch"), all.end());
  // Names are no part of what is built.
  const plan_result plain = planned(rust_service(), wolfi());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(one.definition.vertices[i].digest, plain.definition.vertices[i].digest);
}

}  // namespace
}  // namespace peelbox::spec
