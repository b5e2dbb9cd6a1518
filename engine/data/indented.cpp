#include "engine/data/indented.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <vector>

namespace peelbox::data {

namespace {

namespace json = boost::json;

void write(std::string& to, const json::value& tree, std::size_t level) {
  const std::string line = "\n" + std::string(2 * (level + 1), ' ');
  const std::string last = "\n" + std::string(2 * level, ' ');
  if (const json::array* array = tree.if_array(); array != nullptr && !array->empty()) {
    for (const json::value& one : *array) {
      to += (&one == &array->front() ? "[" : ",") + line;
      write(to, one, level + 1);
    }
    to += last + "]";
  } else if (const json::object* object = tree.if_object(); object != nullptr && !object->empty()) {
    std::vector<const json::key_value_pair*> members;
    for (const json::key_value_pair& one : *object) members.push_back(&one);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
    for (const json::key_value_pair* one : members) {
      to += (one == members.front() ? "{" : ",") + line + json::serialize(one->key()) + ": ";
      write(to, one->value(), level + 1);
    }
    to += last + "}";
  } else {
    to += json::serialize(tree);
  }
}

}  // namespace

std::string indented(const json::value& tree) {
  std::string text;
  write(text, tree, 0);
  return text;
}

}  // namespace peelbox::data
