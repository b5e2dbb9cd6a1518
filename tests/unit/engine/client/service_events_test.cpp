#include "engine/client/service_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/client/build.hpp"
#include "engine/oci/digest.hpp"
#include "proto/ops.pb.h"

namespace peelbox::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<solve_request> services(std::vector<std::pair<std::string, std::vector<std::string>>> described) {
  std::vector<solve_request> all;
  for (auto& [name, operations] : described) {
    solve_request service;
    service.name = name;
    auto definition = std::make_shared<pb::Definition>();
    for (const std::string& operation : operations) definition->add_def(operation);
    service.source = definitions{{{{}, std::move(definition), {}}}};
    all.push_back(std::move(service));
  }
  return all;
}

progress::vertex step(const std::string& operation, bool done = false) {
  progress::vertex v;
  v.digest = oci::digest_of(operation);
  v.name = operation;
  if (done) v.completed = progress::wall_time();
  return v;
}

std::vector<std::string> names(const progress::batch& events) {
  std::vector<std::string> all;
  for (const auto& v : events.vertices) all.push_back(v.name);
  return all;
}

progress::batch with(std::vector<progress::vertex> vertices, const std::string& log = {}) {
  progress::batch events;
  events.vertices = std::move(vertices);
  if (!log.empty()) {
    progress::log_chunk chunk;
    chunk.vertex = oci::digest_of(log);
    chunk.data = "text";
    events.logs.push_back(std::move(chunk));
  }
  return events;
}

TEST(service_events, one_service_passes_unchanged) {
  service_events events(services({{"a", {"x"}}}));
  EXPECT_THAT(names(events.of_service(0, with({step("x"), step("export")}))), ElementsAre("x", "export"));
}

TEST(service_events, own_steps_carry_their_service) {
  service_events events(services({{"a", {"context", "x"}}, {"b", {"context", "y"}}}));
  EXPECT_THAT(names(events.of_service(0, with({step("context"), step("x")}))), ElementsAre("context", "[a] x"));
  EXPECT_THAT(names(events.of_service(1, with({step("context"), step("y")}))), ElementsAre("[b] y"));
}

TEST(service_events, shared_steps_are_told_by_one_solve) {
  service_events events(services({{"a", {"context"}}, {"b", {"context"}}}));
  EXPECT_EQ(events.of_service(1, with({step("context")}, "context")).logs.size(), 1U);
  const progress::batch again = events.of_service(0, with({step("context")}, "context"));
  EXPECT_TRUE(again.empty());
}

TEST(service_events, another_solve_takes_over_what_was_not_finished) {
  service_events events(services({{"a", {"context", "other"}}, {"b", {"context", "other"}}}));
  events.of_service(0, with({step("context"), step("other", true)}));
  EXPECT_THAT(names(events.of_service(1, with({step("context"), step("other")}))), IsEmpty());
  events.ended(0);
  EXPECT_THAT(names(events.of_service(1, with({step("context"), step("other")}, "context"))), ElementsAre("context"));
}

}  // namespace
}  // namespace peelbox::client
