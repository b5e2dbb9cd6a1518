// What docs/library.md says about kube-pod://: a program that wants it names who serves it.
#include <cstdio>

#include "engine/client/route.hpp"
#include "engine/kubernetes/pod_dialer.hpp"

int main() {
  const auto where = peelbox::transport::parse_endpoint("kube-pod://buildkit-0?namespace=builds");
  if (where.has_error()) return 1;
  peelbox::transport::dial_options dial;
  dial.pods = peelbox::kubernetes::make_pod_dialer;
  const peelbox::environment variables = [](std::string_view name) -> std::optional<std::string> {
    if (name == "KUBECONFIG") return "/nonexistent/kubeconfig";
    return std::nullopt;
  };
  const auto way = peelbox::client::make_route(*where, dial, variables, peelbox::logger());
  std::puts(way.has_error() ? way.error().text.c_str() : "a route");
  return 0;
}
