#include "engine/kubernetes/kept_list.hpp"

#include <gtest/gtest.h>

#include "engine/data/json.hpp"
#include "tests/support/json_tree.hpp"

namespace peelbox::kubernetes {
namespace {

using outcome = kept_list::outcome;

boost::json::value pod(const char* name, const char* version, int n = 0) {
  return data::json::object{{"metadata", data::json::object{{"name", name}, {"resourceVersion", version}}}, {"n", n}};
}

std::string names(const kept_list& list) {
  std::string all;
  for (const auto& one : list.items()) all += data::text_of(one.at("metadata"), "name");
  return all;
}

TEST(WatchLines, EventsWhereverPiecesEnd) {
  const std::string text = R"({"type":"ADDED","object":{"a":1}})" "\n\n" R"({"type":"BOOKMARK","object":{"b":2}})" "\r\n" R"({"type":"X")";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    watch_lines lines;
    std::vector<std::string> types;
    for (const std::string& part : {text.substr(0, cut), text.substr(cut)}) {
      const auto events = lines.feed(as_bytes(part));
      ASSERT_TRUE(events.has_value()) << events.error().text;
      for (const watch_event& one : *events) types.push_back(one.type);
    }
    EXPECT_EQ(types, (std::vector<std::string>{"ADDED", "BOOKMARK"}));
  }
}

TEST(WatchLines, WhatIsNoEvent) {
  for (const char* text : {"<html>\n", "[]\n", "{}\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"object\":7}\n", "{\"object\":{}}\n"}) {
    watch_lines lines;
    EXPECT_EQ(lines.feed(as_bytes(text)).error().code, errc::protocol) << text;
  }
  watch_lines lines;
  const std::string piece(1 << 20, ' ');
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(lines.feed(as_bytes(piece)).has_value());
  EXPECT_EQ(lines.feed(as_bytes(piece)).error().code, errc::limit);
}

TEST(KeptList, FollowsTheEvents) {
  kept_list list;
  list.replace({pod("a", "1"), pod("b", "2")}, "5");
  EXPECT_EQ(list.apply({"BOOKMARK", pod("", "9")}).value(), outcome::same);
  EXPECT_EQ(list.version(), "9");
  EXPECT_EQ(list.apply({"ADDED", pod("c", "10")}).value(), outcome::changed);
  EXPECT_EQ(list.apply({"MODIFIED", pod("a", "11", 7)}).value(), outcome::changed);
  EXPECT_EQ(names(list), "abc");
  EXPECT_EQ(list.items().front().at("n"), 7);
  EXPECT_EQ(list.apply({"DELETED", pod("b", "12")}).value(), outcome::changed);
  EXPECT_EQ(list.apply({"DELETED", pod("b", "13")}).value(), outcome::same);
  EXPECT_EQ(names(list) + list.version(), "ac13");
}

TEST(KeptList, Errors) {
  kept_list list;
  list.replace({}, "5");
  const auto error = [](const char* text) { return watch_event{"ERROR", test::json_tree(text)}; };
  EXPECT_EQ(list.apply(error(R"({"code":410,"reason":"Gone"})")).value(), outcome::expired);
  EXPECT_EQ(list.apply(error(R"({"reason":"Expired"})")).value(), outcome::expired);
  EXPECT_EQ(list.apply(error(R"({"code":500,"reason":"InternalError","message":"etcd"})")).error().text, "the watch ended: InternalError etcd");
  EXPECT_EQ(list.apply({"RENAMED", pod("a", "6")}).error().code, errc::protocol);
  EXPECT_EQ(list.apply({"ADDED", pod("", "6")}).error().code, errc::protocol);
}

}  // namespace
}  // namespace peelbox::kubernetes
