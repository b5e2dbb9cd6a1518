#include "engine/kubernetes/find_access.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"

namespace peelbox::kubernetes {
namespace {

constexpr std::size_t most_of_a_file = 8 << 20;

result<access> from_pod(const access_choice& choice, const environment& variables, const std::string& folder) {
  result<access> made = in_cluster_access(variables("KUBERNETES_SERVICE_HOST").value_or(""),
                                          variables("KUBERNETES_SERVICE_PORT").value_or(""), folder);
  if (made.has_error()) return made;
  // client-go goes on with the system's authorities too.
  if (read_file(made->cluster.ca_file, "", most_of_a_file).has_error()) made->cluster.ca_file.clear();
  made->name_space = variables("POD_NAMESPACE").value_or("");
  if (made->name_space.empty()) {
    result<std::string> name = read_file(folder + "/namespace", "", 1024);
    made->name_space = name.has_value() ? std::string(trimmed(*name)) : "default";
  }
  if (!choice.name_space.empty()) made->name_space = choice.name_space;
  return made;
}

}  // namespace

result<access> find_access(const access_choice& choice, const environment& variables, const std::string& folder) {
  const bool named = !choice.kubeconfig.empty();
  std::vector<std::string> files = split_path_list(variables("KUBECONFIG").value_or(""));
  if (files.empty())
    if (const auto home = variables("HOME"); home && !home->empty()) files = {*home + "/.kube/config"};
  if (named) files = {choice.kubeconfig};
  kubeconfig merged;
  std::vector<std::string> read;
  for (const std::string& file : files) {
    result<std::string> text = read_file(file, "kubeconfig " + file, most_of_a_file);
    if (text.has_error() && text.error().code == errc::not_found && !named) continue;
    if (text.has_error()) return text.error();
    result<kubeconfig> one = parse_kubeconfig(*text, file);
    if (one.has_error()) return one.error();
    merge(merged, std::move(*one));
    read.push_back(file);
  }
  const bool usable = !merged.contexts.empty() || !choice.context.empty();
  if (!read.empty() && usable) return choose_access(merged, choice.context, choice.name_space, fmt::format("{}", fmt::join(read, ":")));
  const bool in_pod = variables("KUBERNETES_SERVICE_HOST") && variables("KUBERNETES_SERVICE_PORT") &&
                      read_file(folder + "/token", "", most_of_a_file).has_value();
  if (in_pod && !named && choice.context.empty()) return from_pod(choice, variables, folder);
  return failure(errc::usage,
                 fmt::format("there is no kubeconfig ({}), and this is no pod with a service account: set KUBECONFIG, or name a "
                             "file with contexts",
                             files.empty() ? "KUBECONFIG and HOME are not set" : fmt::format("{}", fmt::join(files, ", "))),
                 origin::user);
}

}  // namespace peelbox::kubernetes
