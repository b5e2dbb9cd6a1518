#include "engine/client/service_events.hpp"

#include <utility>

#include "engine/client/solve_messages.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::client {

namespace {

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

std::unordered_set<std::string> operations_of(const std::vector<platform_build>& parts) {
  std::unordered_set<std::string> digests;
  for (const platform_build& part : parts)
    for (const std::string& operation : part.definition->def()) digests.insert(oci::digest_of(operation));
  return digests;
}

}  // namespace

service_events::service_events(const std::vector<solve_request>& services) {
  if (services.size() < 2) return;
  for (const solve_request& service : services) {
    names_.push_back(service.name);
    const auto* finished = std::get_if<definitions>(&service.source);
    operations_.push_back(finished != nullptr ? operations_of(finished->parts) : std::unordered_set<std::string>());
  }
  find_shared();
}

void service_events::define(std::size_t index, const std::vector<platform_build>& parts) {
  if (names_.empty()) return;
  operations_[index] = operations_of(parts);
  find_shared();
}

void service_events::find_shared() {
  shared_.clear();
  std::unordered_set<std::string> once;
  for (const auto& operations : operations_)
    for (const std::string& digest : operations)
      if (!once.insert(digest).second) shared_.insert(digest);
}

bool service_events::belongs(std::size_t index, const std::string& digest) {
  const auto [owner, is_new] = owners_.try_emplace(digest, index);
  // The step is done; that later solves find it in the cache is no news.
  if (is_new && finished_.contains(digest)) owner->second = nobody;
  return owner->second == index;
}

progress::batch service_events::of_service(std::size_t index, progress::batch events) {
  if (names_.empty()) return events;
  std::erase_if(events.vertices, [&](const progress::vertex& v) { return !belongs(index, v.digest); });
  for (progress::vertex& v : events.vertices) {
    if (shared_.contains(v.digest)) {
      if (v.completed && v.error.empty()) finished_.insert(v.digest);
    } else if (!v.name.starts_with(metadata_step)) {  // base images are asked for once, for all services
      v.name = "[" + names_[index] + "] " + v.name;
    }
  }
  const auto foreign = [&](const auto& event) { return !belongs(index, event.vertex); };
  std::erase_if(events.statuses, foreign);
  std::erase_if(events.warnings, foreign);
  std::erase_if(events.logs, foreign);
  return events;
}

void service_events::ended(std::size_t index) {
  std::erase_if(owners_, [&](const auto& owner) { return owner.second == index; });
}

}  // namespace peelbox::client
