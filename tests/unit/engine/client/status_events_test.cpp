#include "engine/client/status_events.hpp"

#include <gtest/gtest.h>

namespace peelbox::client {
namespace {

TEST(StatusEvents, CarryEveryField) {
  moby::buildkit::v1::StatusResponse message;
  auto* v = message.add_vertexes();
  v->set_digest("sha256:1");
  v->add_inputs("sha256:0");
  v->set_name("step");
  v->set_cached(true);
  v->mutable_started()->set_seconds(10);
  v->mutable_started()->set_nanos(5);
  v->set_error("boom");
  v->mutable_progressgroup()->set_id("g");
  auto* s = message.add_statuses();
  s->set_id("transferring context:");
  s->set_vertex("sha256:1");
  s->set_current(3);
  s->set_total(9);
  auto* l = message.add_logs();
  l->set_vertex("sha256:1");
  l->set_stream(2);
  l->set_msg("text\n");
  auto* w = message.add_warnings();
  w->set_vertex("sha256:1");
  w->set_short_("careful");
  w->add_detail("more");

  const progress::batch events = to_events(message);
  ASSERT_EQ(events.vertices.size(), 1u);
  EXPECT_EQ(events.vertices[0].inputs, std::vector<std::string>{"sha256:0"});
  EXPECT_EQ(events.vertices[0].started->time_since_epoch(), std::chrono::seconds(10) + std::chrono::nanoseconds(5));
  EXPECT_FALSE(events.vertices[0].completed.has_value());
  EXPECT_EQ(events.vertices[0].error, "boom");
  EXPECT_EQ(events.vertices[0].group->id, "g");
  EXPECT_EQ(events.statuses[0].current, 3);
  EXPECT_EQ(events.logs[0].stream, 2);
  EXPECT_EQ(events.logs[0].data, "text\n");
  EXPECT_EQ(events.warnings[0].brief, "careful");
}

TEST(StatusEvents, ReadsTheDaemonsClock) {
  const auto at = parse_rfc3339("2026-11-21T18:13:15.25Z");
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(*at, parse_rfc3339("2026-11-21T20:13:15.250000000+02:00"));
  EXPECT_EQ(at->time_since_epoch() % std::chrono::seconds(1), std::chrono::milliseconds(250));
  for (const char* text : {"", "2026-11-21", "2026-13-21T18:13:15Z", "2026-11-21T18:13:15", "x026-11-21T18:13:15Z",
                           "2026-11-21T18:13:15+0"})
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
}

}  // namespace
}  // namespace peelbox::client
