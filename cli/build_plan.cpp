#include "cli/build_plan.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/context_option.hpp"
#include "cli/split_command.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/oci/platform.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/validate.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* context_name = "context";

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

result<std::string> read_spec(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return wrong("--spec " + path + ": is a directory; name the JSON file in it");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return wrong(fmt::format("--spec {}: {}. Write one with `peelbox detect . > universalbuild.json`.", path,
                             std::generic_category().message(errno)));
  }
  std::string text(spec::max_spec_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

result<spec::package_manager> parse_package_manager(std::string_view text) {
  if (text == "auto") return spec::package_manager::automatic;
  if (text == "apk") return spec::package_manager::apk;
  if (text == "apt") return spec::package_manager::apt;
  return wrong(fmt::format("--package-manager {}: expected auto, apk or apt", text));
}

/// The output as a pattern relative to the context when it lies inside: an image must not be part of its own source.
void keep_output_out(const output_option& output, const std::string& context, filesync::context_source& source) {
  if (output.dest.empty() || output.dest == "-") return;
  std::error_code error;
  const fs::path dest = fs::weakly_canonical(fs::absolute(output.dest), error);
  if (error) return;
  const fs::path inside = dest.lexically_relative(context);
  const std::string text = inside.generic_string();
  if (text.empty() || text == "." || text.starts_with("..")) return;
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("*?[]\\!").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  source.exclude.push_back(pattern);
}

result<transport::tls_options> choose_tls(const build_args& args) {
  transport::tls_options tls = args.tls;
  if (!args.tls_dir.empty()) {
    if (!tls.ca_file.empty() || !tls.cert_file.empty() || !tls.key_file.empty())
      return wrong("--tlsdir and --tlscacert, --tlscert, --tlskey exclude each other");
    result<transport::tls_options> files = transport::tls_options_of_directory(args.tls_dir);
    if (files.has_error()) return files.error().in("--tlsdir");
    files->server_name = tls.server_name;
    return files;
  }
  if (tls.cert_file.empty() != tls.key_file.empty())
    return wrong(tls.cert_file.empty() ? "--tlskey needs --tlscert FILE too" : "--tlscert needs --tlskey FILE too");
  return tls;
}

result<std::string> read_llb(const std::string& path) {
  std::ostringstream bytes;
  if (path == "-") {
    bytes << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file) return wrong(fmt::format("--llb {}: {}", path, std::generic_category().message(errno)));
    bytes << file.rdbuf();
  }
  return bytes.str();
}

struct planned_service {
  spec::plan_result plan;
  std::string name;
  std::vector<std::string> warnings;
};

/// Spec and flags -> graph. `session_id` serves the context; empty for a definition that somebody else will solve.
result<planned_service> plan_spec(const build_args& args, const std::string& session_id) {
  result<std::string> text = read_spec(args.spec);
  if (text.has_error()) return text.error();
  result<spec::loaded_spec> loaded = spec::load(*text, args.spec);
  if (loaded.has_error()) return loaded.error();
  result<std::vector<std::string>> checked = spec::check(*loaded);
  if (checked.has_error()) return checked.error();
  result<const spec::universal_build*> service = spec::select_service(*loaded, args.service);
  if (service.has_error()) return service.error();

  spec::plan_options options;
  if (!args.build_image.empty()) options.build_image = args.build_image;
  if (!args.runtime_image.empty()) options.runtime_image = args.runtime_image;
  if (!args.platform.empty()) {
    result<oci::platform> platform = oci::parse_platform(args.platform);
    if (platform.has_error()) return platform.error().in("--platform");
    options.platform = *platform;
  }
  result<spec::package_manager> packages = parse_package_manager(args.package_manager);
  if (packages.has_error()) return packages.error();
  options.packages = *packages;
  if (args.entrypoint) {
    result<std::vector<std::string>> words = split_command(*args.entrypoint);
    if (words.has_error()) return words.error();
    options.entrypoint = *words;
  }
  options.no_cache = args.no_cache;
  options.context_name = context_name;
  options.session_id = session_id;
  options.shared_key_hint = context_name;
  result<spec::plan_result> plan = spec::make_plan(**service, options);
  if (plan.has_error()) return plan.error();

  planned_service planned{std::move(*plan), spec::service_name(**service), loaded->warnings};
  planned.warnings.insert(planned.warnings.end(), checked->begin(), checked->end());
  planned.warnings.insert(planned.warnings.end(), planned.plan.warnings.begin(), planned.plan.warnings.end());
  return planned;
}

/// Fills the definition and the directories from a spec and --context.
result<void> use_spec(const build_args& args, prepared_build& prepared) {
  build::build_options& options = prepared.options;
  result<planned_service> planned = plan_spec(args, options.names.id);
  if (planned.has_error()) return planned.error();
  result<std::string> context = canonical_context("--context", args.context);
  if (context.has_error()) return context.error();
  prepared.service = planned->name;
  prepared.context_dir = *context;
  prepared.warnings = std::move(planned->warnings);
  const std::string ignore_mode = args.no_gitignore ? "dockerignore" : "gitignore,dockerignore";
  options.names.shared_key = session::shared_key_for(*context, ignore_mode);
  options.solve.definition = std::move(planned->plan.definition.message);
  options.solve.platform = planned->plan.platform;
  if (prepared.output.is_image()) options.solve.image_config = std::move(planned->plan.image_config_json);

  auto source = std::make_shared<filesync::context_source>(context_source_of(*context, !args.no_gitignore));
  keep_output_out(prepared.output, *context, *source);
  options.contexts[context_name] = std::move(source);
  return {};
}

/// Fills them from --llb and --local; the directories are sent as they are.
result<void> use_llb(const build_args& args, prepared_build& prepared) {
  build::build_options& options = prepared.options;
  result<std::string> bytes = read_llb(args.llb);
  if (bytes.has_error()) return bytes.error();
  if (bytes->empty() || !options.solve.definition.ParseFromString(*bytes) || options.solve.definition.def_size() == 0)
    return wrong("--llb " + args.llb + ": not an LLB definition (as `peelbox build --dump-llb -` writes one)");
  options.solve.platform = oci::host_platform();
  std::string roots;
  for (const std::string& local : args.locals) {
    const auto equals = local.find('=');
    if (equals == 0 || equals == std::string::npos)
      return wrong("--local " + local + ": expected NAME=DIR, as in --local context=.");
    result<std::string> root = canonical_context("--local", local.substr(equals + 1));
    if (root.has_error()) return root.error();
    auto source = std::make_shared<filesync::context_source>();
    source->root = *root;
    roots += *root + '\0';
    options.contexts[local.substr(0, equals)] = std::move(source);
  }
  options.names.shared_key = session::shared_key_for(roots, "none");
  return {};
}

result<void> open_output(prepared_build& prepared) {
  const output_option& output = prepared.output;
  if (output.type == output_option::kind::cacheonly || output.into_docker()) return {};
  if (output.type == output_option::kind::local) {
    prepared.options.output = session::directory_target{output.dest};
    return {};
  }
  result<std::unique_ptr<session::output_file>> file = session::output_file::create(output.dest);
  if (file.has_error()) return file.error();
  prepared.options.output = session::file_target{std::shared_ptr<session::output_file>(std::move(*file))};
  return {};
}

}  // namespace

result<std::string> definition_bytes(const build_args& args) {
  if (args.spec.empty()) return wrong("--dump-llb needs --spec FILE");
  result<planned_service> planned = plan_spec(args, {});
  if (planned.has_error()) return planned.error();
  return planned->plan.definition.message.SerializeAsString();
}

result<prepared_build> prepare_build(const build_args& args) {
  if (args.spec.empty() && args.llb.empty())
    return wrong("--spec FILE is missing. Run `peelbox detect . > universalbuild.json` first, look at the file, then "
                 "build with --spec universalbuild.json.");
  if (!args.spec.empty() && !args.llb.empty()) return wrong("--spec and --llb exclude each other");
  if (args.tag.empty()) return wrong("--tag REF is missing; name the image, as in --tag app:1.0");
  result<oci::image_reference> tag = oci::parse_image_reference(args.tag);
  if (tag.has_error()) return tag.error().in("--tag " + args.tag);
  if (!tag->digest.empty())
    return wrong("--tag " + args.tag + ": an image that is yet to be built has no digest; name it as in app:1.0");

  prepared_build prepared;
  prepared.image_name = tag->text();
  result<output_option> output = parse_output(args.output.value_or("type=docker"));
  if (output.has_error()) return output.error();
  prepared.output = *output;
  attestation_flags flags = args.attest;
  if (args.no_sbom) flags.sbom = "false";
  if (args.no_provenance) flags.provenance = "false";
  result<attestation_choice> attest = choose_attestations(flags, *output);
  if (attest.has_error()) return attest.error();
  result<transport::tls_options> tls = choose_tls(args);
  if (tls.has_error()) return tls.error();

  build::build_options& options = prepared.options;
  options.names.id = session::random_id();
  prepared.dial.tls = *tls;
  options.silence_limit = std::chrono::seconds(args.silence_limit);
  options.sbom_is_optional = attest->sbom_is_default;
  options.solve.attest = attest->wanted;
  options.solve.no_cache = args.no_cache;
  if (output->into_docker()) options.to_docker = build::docker_output{prepared.image_name, {}};
  else if (output->type != output_option::kind::cacheonly) options.solve.target.type = to_string(output->type);
  options.solve.target.attributes = output->attributes;
  if (output->is_image()) options.solve.target.attributes["name"] = prepared.image_name;
  result<void> filled = args.llb.empty() ? use_spec(args, prepared) : use_llb(args, prepared);
  if (filled.has_error()) return filled.error();
  result<void> opened = open_output(prepared);
  if (opened.has_error()) return opened.error();
  return prepared;
}

}  // namespace peelbox::cli
