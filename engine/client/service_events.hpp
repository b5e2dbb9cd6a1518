// The events of several solves as those of one build.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/progress/event.hpp"

namespace peelbox::client {

struct platform_build;
struct solve_request;

/// With one service all events pass unchanged. With several, steps get the name of their service, except those that several
/// definitions have: the daemon runs such a step once and reports it to each solve, so we take the reports of the first
/// solve that sends one, and those of another one when that has ended.
class service_events {
 public:
  explicit service_events(const std::vector<solve_request>& services);

  /// The final definitions of a service; decides again what is shared. Call it before any of these steps is reported.
  void define(std::size_t index, const std::vector<platform_build>& parts);

  progress::batch of_service(std::size_t index, progress::batch events);
  /// The Status stream of this service ended.
  void ended(std::size_t index);

 private:
  void find_shared();
  bool belongs(std::size_t index, const std::string& digest);

  std::vector<std::string> names_;
  std::vector<std::unordered_set<std::string>> operations_;  // of each service, by digest
  std::unordered_set<std::string> shared_;
  std::unordered_map<std::string, std::size_t> owners_;
  std::unordered_set<std::string> finished_;
};

}  // namespace peelbox::client
