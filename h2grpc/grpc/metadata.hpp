// Metadata of a call: ordered, repeatable, lower-case names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "h2grpc/h2/types.hpp"

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

/// Appends the wire form, with names in lower case. Because the peer would reset the stream for them, names are dropped
/// that belong to the transport (pseudo headers, "grpc-…", content-type, te, connection headers) or have characters
/// other than a-z 0-9 - _ . ; in values of names without "-bin", bytes outside printable ASCII become '?'.
void append_metadata(const metadata& from, h2::header_list& to);

/// All headers that do not belong to the transport. "-bin" values are decoded, also when several are joined with commas;
/// what is not base64 is dropped (PROTOCOL-HTTP2 of gRPC: "Custom-Metadata").
metadata parse_metadata(const h2::header_list& from);

}  // namespace peelbox::h2grpc
