// What golden files do not have: texts of every length, since short and long ones are written in different ways.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "engine/progress/renderer.hpp"

namespace peelbox::progress {
namespace {

boost::json::value read_back(const batch& events) {
  trace picture;
  std::string out;
  const auto renderer = make_rawjson_renderer();
  renderer->update(events, picture, wall_time{}, out);
  EXPECT_TRUE(out.ends_with("\n"));
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(out, error);
  EXPECT_FALSE(error) << out;
  return value;
}

TEST(Rawjson, TextsOfEveryLengthAreReadBack) {
  batch events;
  for (std::size_t size = 0; size < 1100; ++size) {
    vertex v;
    v.digest = "sha256:" + std::to_string(size);
    v.name = std::string(size, size % 3 == 0 ? '"' : 'x');
    v.inputs = {v.name, "sha256:1"};
    v.cached = size % 2 == 0;
    events.vertices.push_back(v);
    log_chunk l;
    l.vertex = v.digest;
    l.data = v.name;
    events.logs.push_back(l);
  }
  const boost::json::value back = read_back(events);
  const auto& vertices = back.at("vertexes").as_array();
  ASSERT_EQ(vertices.size(), events.vertices.size());
  ASSERT_EQ(back.at("logs").as_array().size(), events.logs.size());
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    const vertex& v = events.vertices[i];
    EXPECT_EQ(vertices[i].at("digest").as_string(), v.digest);
    if (i > 0) {
      EXPECT_EQ(vertices[i].at("name").as_string(), v.name);
    }
    EXPECT_EQ(vertices[i].at("inputs").at(0).as_string(), v.name);
    EXPECT_EQ(vertices[i].as_object().contains("cached"), v.cached);
    EXPECT_EQ(back.at("logs").at(i).at("data").as_string().size(), (i + 2) / 3 * 4);
  }
}

TEST(Rawjson, TimesHaveTheDecimalsThatTheyNeed) {
  using namespace std::chrono_literals;
  const auto text = [](std::chrono::nanoseconds since_1970) {
    batch events;
    vertex v;
    v.started = wall_time(since_1970);
    events.vertices.push_back(v);
    return std::string(read_back(events).at("vertexes").at(0).at("started").as_string());
  };
  EXPECT_EQ(text(0ns), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text(1ns), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(text(123456789ns), "1970-01-01T00:00:00.123456789Z");
  EXPECT_EQ(text(16s + 120ms), "1970-01-01T00:00:16.12Z");
  EXPECT_EQ(text(-1ns), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(text(std::chrono::seconds(1'795'359'158) + 900ms), "2026-11-22T14:52:38.9Z");
}

}  // namespace
}  // namespace peelbox::progress
