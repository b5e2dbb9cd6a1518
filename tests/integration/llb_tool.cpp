// Writes LLB definitions for the comparisons with buildctl: a local source with patterns, or two small graphs.
//   llb_tool local [--include P] [--exclude P] [--follow P] [--name N]     the tree itself is the result
//   llb_tool copy [the same]                        FROM scratch, COPY . /: the tree in a layer
//   llb_tool merge < LINES            local sources c0, c1, … merged, so that each is a layer of its own; a line is
//                                     "source", or "include P", "exclude P", "follow P" for the source before it
//   llb_tool paths PATH…              these paths of the source "context", each below a directory of its own
//   llb_tool copies < LINES           copies of the source "context", each below a directory of its own; in a line a word of
//                                     'w' wildcard, 'e' content with no match, 'f' follow links, 'c' contents only or
//                                     '-' for none of them, a tab, and the path with \n, \t and \\ as in C
//   llb_tool sleep IMAGE SECONDS                                           a step that runs for a while
//   llb_tool run IMAGE COMMAND [secret|ssh ID TARGET]…       a step that mounts what the client gives
//   llb_tool layout REF NAME COMMAND                             a step in an image of the OCI layout NAME
//   llb_tool noise IMAGE STEPS LINES VERTICES       STEPS commands that print LINES lines each, VERTICES other operations
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "engine/llb/definition.hpp"
#include "engine/llb/node.hpp"
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

/// Unique, because otherwise the daemon takes the sources of two clients for one.
std::string unique_key() {
  static int count = 0;
  return std::to_string(std::rand()) + std::to_string(reinterpret_cast<std::uintptr_t>(&count)) + std::to_string(++count);
}

bool add_pattern(llb::local_options& options, const std::string& kind, const std::string& value) {
  if (kind == "include") options.include_patterns.push_back(value);
  else if (kind == "exclude") options.exclude_patterns.push_back(value);
  else if (kind == "follow") options.follow_paths.push_back(value);
  else return false;
  return true;
}

llb::state unique_local(const std::string& name, llb::local_options options) {
  options.unique = options.shared_key_hint = unique_key();
  return llb::local(name, options);
}

int local(const std::vector<std::string>& words) {
  llb::local_options options;
  std::string name = "context";
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    const std::string& flag = words[i];
    const std::string& value = words[i + 1];
    if (flag == "--name") name = value;
    else if (!flag.starts_with("--") || !add_pattern(options, flag.substr(2), value)) return fail("unknown flag " + flag);
  }
  const llb::state tree = unique_local(name, options);
  if (words[0] == "local") return print(tree);
  llb::copy_step all;
  all.from = tree;
  all.source = all.target = "/";
  all.contents = true;
  return print(llb::file(llb::state(), {all}, "copy"));
}

int merge() {
  std::vector<llb::local_options> sources;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t space = line.find(' ');
    if (line == "source") sources.emplace_back();
    else if (space == line.npos || sources.empty() || !add_pattern(sources.back(), line.substr(0, space), line.substr(space + 1)))
      return fail("bad line " + line);
  }
  std::vector<llb::state> layers;
  for (const auto& options : sources) layers.push_back(unique_local("c" + std::to_string(layers.size()), options));
  return print(llb::merge(layers));
}

int paths(const std::vector<std::string>& words) {
  const llb::state source = unique_local("context", {});
  std::vector<llb::file_step> steps;
  for (std::size_t i = 1; i < words.size(); ++i) {
    steps.push_back(llb::mkdir_step{"/" + std::to_string(i)});
    llb::copy_step step;
    step.from = source;
    step.source = words[i];
    step.target = "/" + std::to_string(i) + "/";
    step.wildcard = step.allow_no_match = true;
    steps.push_back(std::move(step));
  }
  return print(llb::file({}, std::move(steps), "paths"));
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) out += text[i];
    else if (const char c = text[++i]; c == 'n') out += '\n';
    else out += c == 't' ? '\t' : c;
  }
  return out;
}

int copies() {
  const llb::state source = unique_local("context", {});
  std::vector<llb::file_step> steps;
  int count = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == line.npos) return fail("bad line " + line);
    const std::string how = line.substr(0, tab);
    const auto has = [&how](char flag) { return how.find(flag) != how.npos; };
    const std::string target = "/" + std::to_string(count++);
    steps.push_back(llb::mkdir_step{target});
    llb::copy_step step;
    step.from = source;
    step.source = unescaped(line.substr(tab + 1));
    step.target = target + "/";
    step.wildcard = has('w');
    step.allow_no_match = has('e');
    step.follow_links = has('f');
    step.contents = has('c');
    steps.push_back(std::move(step));
  }
  return print(llb::file({}, std::move(steps), "copies"));
}

int sleep(const std::vector<std::string>& words) {
  if (words.size() != 3) return fail("sleep IMAGE SECONDS");
  const oci::platform platform = oci::host_platform();
  llb::run_options options;
  options.args = {"/bin/sh", "-c", "echo sleeping; sleep " + words[2]};
  options.platform = platform;
  return print(llb::run(llb::image(words[1], platform), options, "sleep").root);
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 3 || words.size() % 3 != 0) return fail("run IMAGE COMMAND [secret|ssh ID TARGET]...");
  const oci::platform platform = oci::host_platform();
  llb::run_options options;
  options.args = {"/bin/sh", "-c", words[2]};
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  options.platform = platform;
  for (std::size_t i = 3; i < words.size(); i += 3)
    options.mounts.push_back(words[i] == "ssh" ? llb::ssh(words[i + 2], words[i + 1]) : llb::secret(words[i + 2], words[i + 1]));
  return print(llb::run(llb::image(words[1], platform), options, "RUN " + words[2]).root);
}

int layout(const std::vector<std::string>& words) {
  if (words.size() != 4) return fail("layout REF NAME COMMAND");
  const oci::platform platform = oci::host_platform();
  auto source = std::make_shared<llb::node>(*llb::image("docker.io/library/x:1", platform).operation());
  source->op.mutable_source()->set_identifier("oci-layout://" + words[1]);
  (*source->op.mutable_source()->mutable_attrs())["oci.store"] = words[2];
  llb::run_options options;
  options.args = {"/bin/sh", "-c", words[3]};
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  options.platform = platform;
  return print(llb::run(llb::state(source, 0), options, "RUN " + words[3]).root);
}

// One operation that depends on all of `level` but uses nothing of it, through others with at most fifty inputs each.
llb::state gather(std::vector<llb::state> level) {
  constexpr std::size_t most_inputs = 50;
  while (level.size() > 1) {
    std::vector<llb::state> next;
    for (std::size_t i = 0; i < level.size(); i += most_inputs) {
      std::vector<llb::file_step> copies;
      for (std::size_t j = i; j < std::min(i + most_inputs, level.size()); ++j) {
        llb::copy_step copy;
        copy.from = level[j];
        copy.source = "/none*";
        copy.target = "/";
        copy.allow_no_match = copy.wildcard = true;
        copies.emplace_back(std::move(copy));
      }
      next.push_back(llb::file({}, std::move(copies), "gather"));
    }
    level = std::move(next);
  }
  return level.at(0);
}

void add_cheap_operations(const std::string& count, std::vector<llb::state>& to) {
  for (int i = 0; i < std::stoi(count); ++i) {
    const std::string name = std::to_string(i);
    to.push_back(llb::file({}, {llb::mkdir_step{"/" + name}}, "[" + name + "/" + count + "] mkdir /" + name));
  }
}

// STEPS commands that print LINES lines each, and VERTICES independent cheap operations.
int noise(const std::vector<std::string>& words) {
  if (words.size() != 5) return fail("noise IMAGE STEPS LINES VERTICES");
  const oci::platform platform = oci::host_platform();
  const llb::state root = llb::image(words[1], platform);
  std::vector<llb::state> all;
  for (int i = 0; i < std::stoi(words[2]); ++i) {
    llb::run_options options;
    options.args = {"/bin/sh", "-c", "seq -f 'compiling object %g' " + words[3] + "; echo " + std::to_string(i)};
    options.platform = platform;
    all.push_back(llb::run(root, options, "[" + std::to_string(i + 1) + "/" + words[2] + "] RUN make").root);
  }
  add_cheap_operations(words[4], all);
  return print(gather(std::move(all)));
}

// COUNT independent cheap operations.
int fan(const std::vector<std::string>& words) {
  if (words.size() != 2) return fail("fan COUNT");
  std::vector<llb::state> all;
  add_cheap_operations(words[1], all);
  return print(gather(std::move(all)));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  // Two tools may start within one second.
  std::srand(static_cast<unsigned>(std::chrono::system_clock::now().time_since_epoch().count()));
  if (!words.empty() && (words[0] == "local" || words[0] == "copy")) return local(words);
  if (!words.empty() && words[0] == "merge") return merge();
  if (words.size() > 1 && words[0] == "paths") return paths(words);
  if (words.size() == 1 && words[0] == "copies") return copies();
  if (!words.empty() && words[0] == "sleep") return sleep(words);
  if (!words.empty() && words[0] == "run") return run(words);
  if (!words.empty() && words[0] == "layout") return layout(words);
  if (!words.empty() && words[0] == "noise") return noise(words);
  if (!words.empty() && words[0] == "fan") return fan(words);
  return fail("local, copy, merge, paths, sleep, run, layout, noise or fan");
}
