#include "engine/client/source_policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string>

#include "engine/data/json.hpp"
#include "proto/policy.pb.h"

namespace peelbox::client {

namespace {

namespace policy_wire = moby::buildkit::v1::sourcepolicy;
namespace json = data::json;
using words = std::span<const std::string_view>;

constexpr std::size_t largest_policy = 1 << 20;
constexpr std::string_view actions[] = {"ALLOW", "DENY", "CONVERT"};
constexpr std::string_view matches[] = {"WILDCARD", "EXACT", "REGEX"};
constexpr std::string_view conditions[] = {"EQUAL", "NOTEQUAL", "MATCHES"};

class reader {
 public:
  explicit reader(std::string_view name) : name_(name) {}

  result<void> policy(const json::value& from, policy_wire::Policy& out) {
    return each(from, "", [&](std::string_view key, const std::string& path, const json::value& value) -> result<void> {
      if (key == "version") {
        const auto* number = value.if_int64();
        if (number == nullptr || *number != 1) return wrong(path, "expected 1");
        out.set_version(*number);
        return {};
      }
      if (key == "rules") return list(value, path, [&](const json::value& item, const std::string& at) { return rule(item, at, *out.add_rules()); });
      return unknown(path);
    });
  }

 private:
  failure wrong(const std::string& path, std::string_view why) const {
    return failure(errc::usage, fmt::format("{}: {}: {}", name_, path.empty() ? "the policy" : path, why), origin::user);
  }
  failure unknown(const std::string& path) const { return wrong(path, "unknown key; a policy that is not understood would not hold"); }

  template <class Member>
  result<void> each(const json::value& from, const std::string& path, Member member) const {
    const auto* object = from.if_object();
    if (object == nullptr) return wrong(path, "expected an object");
    for (const auto& [key, value] : *object) {
      if (value.is_null()) continue;
      const std::string_view name(key.data(), key.size());
      result<void> read = member(name, path.empty() ? std::string(name) : fmt::format("{}.{}", path, name), value);
      if (read.has_error()) return read;
    }
    return {};
  }

  template <class Item>
  result<void> list(const json::value& from, const std::string& path, Item item) const {
    const auto* array = from.if_array();
    if (array == nullptr) return wrong(path, "expected a list");
    for (std::size_t i = 0; i < array->size(); ++i) {
      result<void> read = item((*array)[i], fmt::format("{}[{}]", path, i));
      if (read.has_error()) return read;
    }
    return {};
  }

  template <class Set>
  result<void> text(const json::value& from, const std::string& path, Set set) const {
    const auto* string = from.if_string();
    if (string == nullptr) return wrong(path, "expected a string");
    set(std::string(string->data(), string->size()));
    return {};
  }

  /// A name, or its position.
  template <class Set>
  result<void> choice(const json::value& from, const std::string& path, words names, Set set) const {
    std::size_t index = names.size();
    if (const auto* string = from.if_string())
      index = static_cast<std::size_t>(std::find(names.begin(), names.end(), std::string_view(string->data(), string->size())) - names.begin());
    else if (const auto* number = from.if_int64(); number != nullptr && *number >= 0)
      index = static_cast<std::size_t>(*number);
    if (index >= names.size()) return wrong(path, fmt::format("expected {}", fmt::join(names, ", ")));
    set(static_cast<int>(index));
    return {};
  }

  result<void> rule(const json::value& from, const std::string& at, policy_wire::Rule& out) {
    return each(from, at, [&](std::string_view key, const std::string& path, const json::value& value) -> result<void> {
      if (key == "action") return choice(value, path, actions, [&](int action) { out.set_action(action); });
      if (key == "selector") return selector(value, path, *out.mutable_selector());
      if (key == "updates") return update(value, path, *out.mutable_updates());
      return unknown(path);
    });
  }

  result<void> selector(const json::value& from, const std::string& at, policy_wire::Selector& out) {
    return each(from, at, [&](std::string_view key, const std::string& path, const json::value& value) -> result<void> {
      if (key == "identifier") return text(value, path, [&](std::string identifier) { out.set_identifier(std::move(identifier)); });
      if (key == "match_type" || key == "matchType") return choice(value, path, matches, [&](int type) { out.set_match_type(type); });
      if (key == "constraints")
        return list(value, path, [&](const json::value& item, const std::string& here) { return constraint(item, here, *out.add_constraints()); });
      return unknown(path);
    });
  }

  result<void> constraint(const json::value& from, const std::string& at, policy_wire::AttrConstraint& out) {
    return each(from, at, [&](std::string_view key, const std::string& path, const json::value& value) -> result<void> {
      if (key == "key") return text(value, path, [&](std::string name) { out.set_key(std::move(name)); });
      if (key == "value") return text(value, path, [&](std::string wanted) { out.set_value(std::move(wanted)); });
      if (key == "condition") return choice(value, path, conditions, [&](int condition) { out.set_condition(condition); });
      return unknown(path);
    });
  }

  result<void> update(const json::value& from, const std::string& at, policy_wire::Update& out) {
    return each(from, at, [&](std::string_view key, const std::string& path, const json::value& value) -> result<void> {
      if (key == "identifier") return text(value, path, [&](std::string identifier) { out.set_identifier(std::move(identifier)); });
      if (key == "attrs")
        return each(value, path, [&](std::string_view name, const std::string& here, const json::value& item) -> result<void> {
          return text(item, here, [&](std::string wanted) { (*out.mutable_attrs())[std::string(name)] = std::move(wanted); });
        });
      return unknown(path);
    });
  }

  std::string_view name_;
};

}  // namespace

result<std::shared_ptr<const policy_wire::Policy>> parse_source_policy(std::string_view text, std::string_view name) {
  result<json::value> tree = data::parse_json(text, name, {largest_policy, 32});
  if (tree.has_error()) return failure(errc::usage, tree.error().text, origin::user);
  auto policy = std::make_shared<policy_wire::Policy>();
  result<void> read = reader(name).policy(*tree, *policy);
  if (read.has_error()) return read.error();
  if (policy->rules_size() == 0)
    return failure(errc::usage, fmt::format("{}: the policy has no rules, so it would change nothing", name), origin::user);
  return std::shared_ptr<const policy_wire::Policy>(std::move(policy));
}

}  // namespace peelbox::client
