#include "engine/registry/scope.hpp"

#include <map>
#include <set>

namespace peelbox::registry {
namespace {

template <class Each>
void split(std::string_view text, char at, Each each) {
  while (!text.empty()) {
    const auto end = text.find(at);
    if (const std::string_view part = text.substr(0, end); !part.empty()) each(part);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
}

}  // namespace

std::string pull_scope(std::string_view repository) { return "repository:" + std::string(repository) + ":pull"; }
std::string push_scope(std::string_view repository) { return "repository:" + std::string(repository) + ":pull,push"; }

scopes merge(const scopes& some, const scopes& more) {
  // The resource ends at the last colon: names of repositories may have a port in them.
  std::map<std::string, std::set<std::string>, std::less<>> actions;
  const auto add = [&](std::string_view one) {
    const auto colon = one.rfind(':');
    auto& known = actions[std::string(one.substr(0, colon))];
    if (colon != one.npos) split(one.substr(colon + 1), ',', [&](std::string_view action) { known.emplace(action); });
  };
  for (const scopes* list : {&some, &more})
    for (const std::string& entry : *list) split(entry, ' ', add);
  scopes all;
  for (const auto& [resource, allowed] : actions) {
    std::string entry = resource;
    for (const std::string& action : allowed) entry += (entry.size() == resource.size() ? ":" : ",") + action;
    all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace peelbox::registry
