#include "cli/bench/invocation.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/bench/workload.hpp"

namespace peelbox::cli::bench {

namespace {

constexpr std::string_view image_name = "peelbox-bench:1";

std::vector<std::string> beginning(const client_program& client, const std::string& address, const std::vector<std::string>& tls) {
  std::vector<std::string> words{client.path};
  if (client.speaks == grammar::peelbox) {
    words.insert(words.end(), {"build", "--progress", "plain", "--addr", address});
    words.insert(words.end(), tls.begin(), tls.end());
    return words;
  }
  words.insert(words.end(), {"--addr", address});
  words.insert(words.end(), tls.begin(), tls.end());
  words.insert(words.end(), {"build", "--progress", "plain"});
  return words;
}

}  // namespace

result<client_program> client_named(std::string_view path) {
  client_program named;
  named.path = path;
  named.name = std::filesystem::path(named.path).filename().string();
  if (named.name.find("buildctl") != std::string::npos) {
    named.speaks = grammar::buildctl;
  } else if (named.name.find("peelbox") == std::string::npos) {
    return failure(errc::usage,
                   fmt::format("--client {}: the name of the program tells which flags it takes: buildctl, peelbox, or one with such a "
                               "name inside, such as /opt/old/peelbox-0.3 or buildctl-v0.31",
                               path),
                   origin::user);
  }
  return named;
}

command_line command_of(const client_program& client, const invocation& what) {
  command_line line;
  line.words = beginning(client, what.address, what.tls);
  const auto add = [&](std::initializer_list<std::string> more) { line.words.insert(line.words.end(), more); };
  add({"--local", fmt::format("{}={}", source_name, what.context)});
  if (client.speaks == grammar::peelbox) {
    add({"--llb", what.definition});
    if (what.archive.empty()) add({"--output", "type=cacheonly"});
    else add({"--no-provenance", "--no-sbom", "--tag", std::string(image_name)});
  } else {
    line.standard_input = what.definition;
  }
  if (!what.archive.empty()) add({"--output", fmt::format("type=oci,dest={}{}", what.archive, client.speaks == grammar::buildctl ? fmt::format(",name={}", image_name) : "")});
  return line;
}

result<command_line> own_command(const client_program& client, const own_input& what, const std::string& address,
                                 const std::vector<std::string>& tls) {
  command_line line;
  line.words = beginning(client, address, tls);
  const auto add = [&](std::initializer_list<std::string> more) { line.words.insert(line.words.end(), more); };
  const std::filesystem::path dockerfile(what.dockerfile);
  if (client.speaks == grammar::peelbox) {
    add({"--output", "type=cacheonly"});
    if (!what.spec.empty()) add({"--spec", what.spec});
    else if (!what.llb.empty()) add({"--llb", what.llb, "--local", fmt::format("{}={}", source_name, what.context)});
    else add({"--file", what.dockerfile});
    if (what.llb.empty()) line.words.push_back(what.context);
    return line;
  }
  if (!what.spec.empty())
    return failure(errc::usage,
                   fmt::format("{} knows no specs: write the definition with `peelbox build --spec {} --dump-llb FILE` and measure that "
                               "with --llb FILE",
                               client.name, what.spec),
                   origin::user);
  add({"--local", fmt::format("{}={}", source_name, what.context)});
  if (!what.llb.empty()) {
    line.standard_input = what.llb;
    return line;
  }
  const std::string folder = dockerfile.has_parent_path() ? dockerfile.parent_path().string() : ".";
  add({"--frontend", "dockerfile.v0", "--local", "dockerfile=" + folder, "--opt", "filename=" + dockerfile.filename().string()});
  return line;
}

}  // namespace peelbox::cli::bench
