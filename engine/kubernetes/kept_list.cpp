#include "engine/kubernetes/kept_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/data/json.hpp"

namespace peelbox::kubernetes {
namespace {

namespace json = data::json;

constexpr std::size_t most_of_a_quote = 200;

std::string_view about(const json::value& object, std::string_view name) {
  const json::value* metadata = data::member(object, "metadata");
  return metadata == nullptr ? std::string_view() : data::text_of(*metadata, name);
}

}  // namespace

result<std::vector<watch_event>> watch_lines::feed(byte_view bytes) {
  std::vector<watch_event> events;
  std::string_view left = as_text(bytes);
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    const std::string_view part = left.substr(0, end);
    if (begun_.size() + part.size() > most_of_a_line)
      return failure(errc::limit, fmt::format("an event of the watch is larger than {} bytes", most_of_a_line), origin::peer);
    begun_ += part;
    if (end == left.npos) break;
    left.remove_prefix(end + 1);
    const std::string line = std::exchange(begun_, {});
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    result<json::value> tree = data::parse_json(line, "an event of the watch", {most_of_a_line, 64});
    if (tree.has_error()) return tree.error();
    watch_event event;
    event.type = std::string(data::text_of(*tree, "type"));
    if (const json::value* object = data::member(*tree, "object"); object != nullptr) event.object = *object;
    if (event.type.empty() || !event.object.is_object())
      return failure(errc::protocol, fmt::format("no event of a watch: {}", line.substr(0, most_of_a_quote)), origin::peer);
    events.push_back(std::move(event));
  }
  return events;
}

void kept_list::replace(json::array items, std::string version) {
  items_ = std::move(items);
  version_ = std::move(version);
}

result<kept_list::outcome> kept_list::apply(const watch_event& event) {
  if (event.type == "ERROR") {
    const std::string_view reason = data::text_of(event.object, "reason");
    const json::value* code = data::member(event.object, "code");
    if (reason == "Expired" || reason == "Gone" || (code != nullptr && code->is_int64() && code->get_int64() == 410)) return outcome::expired;
    return failure(errc::connection, fmt::format("the watch ended: {} {}", reason.substr(0, most_of_a_quote),
                                                 data::text_of(event.object, "message").substr(0, most_of_a_quote)), origin::peer);
  }
  if (const std::string_view version = about(event.object, "resourceVersion"); !version.empty()) version_ = std::string(version);
  if (event.type == "BOOKMARK") return outcome::same;
  const std::string_view name = about(event.object, "name");
  const bool gone = event.type == "DELETED";
  if (name.empty() || (!gone && event.type != "ADDED" && event.type != "MODIFIED"))
    return failure(errc::protocol, fmt::format("the watch told something unknown: {}", event.type.substr(0, most_of_a_quote)), origin::peer);
  const std::string_view name_space = about(event.object, "namespace");
  const auto same = std::find_if(items_.begin(), items_.end(), [&](const json::value& one) {
    return about(one, "name") == name && about(one, "namespace") == name_space;
  });
  if (gone) {
    if (same == items_.end()) return outcome::same;
    items_.erase(same);
    return outcome::changed;
  }
  if (same != items_.end()) *same = event.object;
  else if (items_.size() >= most_items) return failure(errc::limit, fmt::format("more than {} objects", most_items), origin::peer);
  else items_.push_back(event.object);
  return outcome::changed;
}

}  // namespace peelbox::kubernetes
