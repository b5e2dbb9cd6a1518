// Metadata of a call: ordered, repeatable, lower-case names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peelbox::h2grpc {

/// Names are lower case on the wire. Values of names that end in "-bin" are raw bytes here and base64 on the wire.
class metadata {
 public:
  using entry = std::pair<std::string, std::string>;

  metadata() = default;
  metadata(std::initializer_list<entry> entries) : entries_(entries) {}

  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  /// The first value of this name.
  std::optional<std::string_view> get(std::string_view name) const {
    for (const auto& [n, v] : entries_)
      if (n == name) return v;
    return std::nullopt;
  }
  std::vector<std::string> get_all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [n, v] : entries_)
      if (n == name) values.push_back(v);
    return values;
  }
  bool has(std::string_view name) const { return get(name).has_value(); }
  const std::vector<entry>& entries() const noexcept { return entries_; }
  bool empty() const noexcept { return entries_.empty(); }

 private:
  std::vector<entry> entries_;
};

}  // namespace peelbox::h2grpc
