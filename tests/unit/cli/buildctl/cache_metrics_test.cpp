#include "cli/buildctl/cache_metrics.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli::buildctl {
namespace {

progress::vertex vertex(std::string digest, std::string name, bool cached, bool completed) {
  progress::vertex v;
  v.digest = std::move(digest);
  v.name = std::move(name);
  v.cached = cached;
  if (completed) v.completed = progress::wall_time(std::chrono::seconds(1));
  return v;
}

TEST(CacheMetrics, CountsWhatTheUserWrote) {
  cache_metrics metrics;
  progress::batch events;
  events.vertices = {vertex("1", "[internal] load build context", false, true), vertex("2", "[1/3] FROM docker.io/x", false, true),
                     vertex("3", "[2/3] RUN a", false, false), vertex("4", "[3/3] RUN \x1b[31mb", false, true),
                     vertex("5", "exporting to image", false, true)};
  metrics.update(events, progress::trace(), {});
  events.vertices = {vertex("3", "[2/3] RUN a", true, true)};
  metrics.update(events, progress::trace(), {});
  EXPECT_EQ(metrics.text(std::chrono::milliseconds(12)),
            "cache miss: [3/3] RUN b\n"
            R"({"total":5,"completed":5,"user_total":3,"user_cached":1,"user_completed":3,"user_cacheable":2,"from":1,"miss":1,)"
            R"("client_duration_ms":12})" "\n");
}

}  // namespace
}  // namespace peelbox::cli::buildctl
