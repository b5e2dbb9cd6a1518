#include "engine/data/value.hpp"

namespace peelbox::data {

namespace {

const value nothing;

}  // namespace

const value& value::operator[](std::string_view key) const {
  for (const auto& [name, member] : members)
    if (name == key) return member;
  return nothing;
}

bool value::has(std::string_view key) const { return &(*this)[key] != &nothing; }

std::vector<std::string> value::texts() const {
  std::vector<std::string> out;
  if (type == kind::array) {
    for (const value& item : items)
      if (item.type == kind::string || item.type == kind::number || item.type == kind::boolean)
        out.push_back(item.text);
  } else if (type != kind::null && type != kind::object) {
    out.push_back(text);
  }
  return out;
}

std::vector<const value*> all(const value& object, std::string_view key) {
  std::vector<const value*> out;
  for (const auto& [name, member] : object.members)
    if (name == key) out.push_back(&member);
  return out;
}

}  // namespace peelbox::data
