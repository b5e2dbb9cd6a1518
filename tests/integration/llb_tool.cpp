// Writes LLB definitions for the comparisons with buildctl: a local source with patterns, or two small graphs.
//   llb_tool local [--include P] [--exclude P] [--follow P] [--name N]     the tree itself is the result
//   llb_tool copy [the same]                        FROM scratch, COPY . /: the tree in a layer
//   llb_tool sleep IMAGE SECONDS                                           a step that runs for a while
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "engine/llb/definition.hpp"
#include "engine/llb/state.hpp"

namespace {

using namespace peelbox;

int fail(const std::string& text) {
  std::cerr << "llb_tool: " << text << "\n";
  return 2;
}

int print(const llb::state& result) {
  const auto definition = llb::marshal(result);
  if (definition.has_error()) return fail(definition.error().text);
  std::string bytes;
  definition->message.SerializeToString(&bytes);
  std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  return std::cout ? 0 : 1;
}

int local(const std::vector<std::string>& words) {
  llb::local_options options;
  std::string name = "context";
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    const std::string& flag = words[i];
    const std::string& value = words[i + 1];
    if (flag == "--include") options.include_patterns.push_back(value);
    else if (flag == "--exclude") options.exclude_patterns.push_back(value);
    else if (flag == "--follow") options.follow_paths.push_back(value);
    else if (flag == "--name") name = value;
    else return fail("unknown flag " + flag);
  }
  // Unique, or the daemon would take two clients' sources for one.
  options.unique = std::to_string(std::rand()) + std::to_string(reinterpret_cast<std::uintptr_t>(&options));
  options.shared_key_hint = options.unique;
  const llb::state tree = llb::local(name, options);
  if (words[0] == "local") return print(tree);
  llb::copy_step all;
  all.from = tree;
  all.source = all.target = "/";
  all.contents = true;
  return print(llb::file(llb::state(), {all}, "copy"));
}

int sleep(const std::vector<std::string>& words) {
  if (words.size() != 3) return fail("sleep IMAGE SECONDS");
  const oci::platform platform = oci::host_platform();
  llb::run_options options;
  options.args = {"/bin/sh", "-c", "echo sleeping; sleep " + words[2]};
  options.platform = platform;
  return print(llb::run(llb::image(words[1], platform), options, "sleep").root);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  std::srand(static_cast<unsigned>(std::time(nullptr)));
  if (!words.empty() && (words[0] == "local" || words[0] == "copy")) return local(words);
  if (!words.empty() && words[0] == "sleep") return sleep(words);
  return fail("local, copy or sleep");
}
