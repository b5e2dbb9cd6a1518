// What compose files, manifests of clusters and Helm charts say about a service.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/detect/dockerfile.hpp"
#include "engine/detect/hint_files.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// "8080:3000", "127.0.0.1:80:3000", "3000" and {target: 3000} -> 3000.
std::uint16_t container_port(const value& entry) {
  if (entry.is(value::kind::object)) return port_of(entry["target"].text);
  return port_of(std::string_view(entry.text).substr(entry.text.rfind(':') + 1));
}

/// NAME: value and NAME=value.
std::map<std::string, std::string> environment_of(const value& from) {
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : from.members) out.emplace(name, text.text);
  for (const std::string& entry : from.texts()) out.emplace(entry.substr(0, entry.find('=')), entry.substr(std::min(entry.find('='), entry.size() - 1) + 1));
  return out;
}

}  // namespace

void take_compose(analysis& work, const std::string& path) {
  const value* tree = work.files.shared_tree(path, parse_yaml);
  if (!tree) return;
  hints& out = work.hint;
  for (const auto& [name, service] : (*tree)["services"].members) {
    const value& build = service["build"];
    const std::string& context = build.is(value::kind::object) ? build["context"].text : build.text;
    if (context.empty()) continue;
    const auto dir = resolve(parent_of(path), context);
    const std::string& named = build["dockerfile"].text;
    const auto dockerfile = dir && !named.empty() ? resolve(*dir, named) : std::nullopt;
    // With a Dockerfile below the context, it is the service of that directory that is built.
    const bool elsewhere = dockerfile && parent_of(*dockerfile) != *dir && is_candidate(work.all, parent_of(*dockerfile));
    if (elsewhere ? parent_of(*dockerfile) != work.self.dir : dir != work.self.dir) continue;
    if (dockerfile && out.command_from.empty()) take_dockerfile(work, *dockerfile);
    const auto environment = environment_of(service["environment"]);
    for (const value& entry : service["ports"].items) work.listens(rank::deployment, container_port(entry), path);
    if (const auto at = environment.find("PORT"); at != environment.end()) work.listens(rank::deployment, port_of(at->second), "PORT in " + path);
    if (const std::string health = health_path_of(fmt::format("{}", fmt::join(service["healthcheck"]["test"].texts(), " "))); is_health_path(health))
      work.out.health_path.add({health, rank::deployment, "healthcheck in " + path, confidence::certain});
    const value& command = service["command"];
    if (out.command.empty() && !command.is(value::kind::null)) {
      out.command = command.is(value::kind::array) ? command.texts() : as_command(command.text);
      out.command_from = "command in " + path;
    }
    // Values belong to where it runs (addresses, passwords), the names to the service.
    for (const auto& [variable, content] : environment)
      if (variable != "PORT") out.wanted.push_back(variable);
    out.wanted_from = path;
    return;
  }
}

void take_compose_of_image(analysis& work, const std::string& path) {
  const value* tree = work.files.shared_tree(path, parse_yaml);
  if (!tree) return;
  for (const auto& [name, service] : (*tree)["services"].members) {
    const std::string& image = service["image"].text;
    const std::string_view last = name_of(image);
    const std::string_view called = last.substr(0, last.find_first_of(":@"));
    // An image that is called like the program of the Dockerfile, with the arguments that the program wants.
    std::vector<std::string>& own = work.hint.command;
    if (own.size() == 1 && name_of(own.front()) == called && !called.empty() && !service["command"].is(value::kind::null)) {
      const value& arguments = service["command"];
      const std::vector<std::string> words = arguments.is(value::kind::array) ? arguments.texts() : words_of(arguments.text);
      own.insert(own.end(), words.begin(), words.end());
      work.hint.command_from = "command in " + path;
    }
    if (work.self.dir.empty() || called != name_of(work.self.dir)) continue;
    for (const value& entry : service["ports"].items) work.listens(rank::deployment, container_port(entry), path);
  }
}

namespace {

/// Whether a container of a cluster is this service: by its image, else by its own name.
bool is_our_container(const analysis& work, std::string_view image, std::string_view name) {
  const std::string_view last = name_of(image);
  const std::string_view called = last.substr(0, last.find_first_of(":@"));
  const std::string_view own = work.self.dir.empty() ? std::string_view() : name_of(work.self.dir);
  return !own.empty() && (called == own || name == own);
}

/// Ports of containers in Kubernetes manifests, and of the values of Helm charts. `alone`: no other service is in the
/// repository, so that names need not agree.
void take_container_ports(analysis& work, const value& tree, const std::string& path, bool alone) {
  const value* pod = &tree["spec"];
  if (pod->has("jobTemplate")) pod = &(*pod)["jobTemplate"]["spec"];
  if (pod->has("template")) pod = &(*pod)["template"]["spec"];
  const std::vector<value>& containers = (*pod)["containers"].items;
  for (const value& container : containers) {
    if (!is_our_container(work, container["image"].text, container["name"].text) && !(alone && containers.size() == 1)) continue;
    for (const value& port : container["ports"].items) work.listens(rank::deployment, port_of(port["containerPort"].text), "containerPort in " + path);
    for (const char* probe : {"readinessProbe", "livenessProbe"})
      if (const std::string& health = container[probe]["httpGet"]["path"].text; is_health_path(health)) work.out.health_path.add({health, rank::deployment, std::string(probe) + " in " + path, confidence::likely});
  }
  // values.yaml: image: {repository: shop/api}, service: {targetPort: 8080}
  const value& service = tree["service"];
  if (!service.is(value::kind::object) || !(alone || is_our_container(work, tree["image"]["repository"].text, tree["nameOverride"].text))) return;
  for (const char* key : {"containerPort", "targetPort", "internalPort"})
    work.listens(rank::deployment, port_of(service[key].text), fmt::format("service.{} in {}", key, path));
}

}  // namespace

namespace {

/// Whether the Dockerfile of the root starts another member of the workspace: an image that is called like this one's
/// directory is then that other one's.
bool root_starts_another(analysis& work) {
  if (!work.self.is_member) return false;
  const std::string path = join(work.self.root, "Dockerfile");
  const std::string* text = work.files.has_evidence(path) ? work.files.read(path) : nullptr;
  const std::vector<std::string> command = text ? without_init(read_dockerfile(*text).command) : std::vector<std::string>();
  if (command.empty()) return false;
  const std::string_view program = name_of(command.front());
  if (program == name_of(work.self.dir)) return false;
  return std::any_of(work.all.begin(), work.all.end(), [&](const candidate& c) { return c.dir != work.self.dir && name_of(c.dir) == program; });
}

}  // namespace

void take_manifests(analysis& work) {
  const bool alone = work.all.size() == 1;
  if (!work.files.cluster_manifests().empty() && root_starts_another(work)) return;
  for (const std::string& path : work.files.cluster_manifests()) {
    if (!alone && work.self.dir.empty()) return;
    const std::vector<value>& documents = work.files.yaml_documents(path);
    for (const value& tree : documents) take_container_ports(work, tree, path, alone);
  }
}

}  // namespace peelbox::detect
