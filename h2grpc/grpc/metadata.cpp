#include "h2grpc/grpc/metadata.hpp"

#include <algorithm>
#include <array>

#include "engine/async/ascii.hpp"
#include "engine/async/base64.hpp"

namespace peelbox::h2grpc {

namespace {

// Headers that belong to HTTP/2 and gRPC; those for one connection are forbidden (RFC 9113, 8.2.2).
bool reserved(std::string_view name) {
  static constexpr std::array<std::string_view, 9> names{"content-type", "te",      "user-agent",        "host",
                                                         "connection",   "upgrade", "transfer-encoding", "keep-alive",
                                                         "proxy-connection"};
  return name.empty() || name.front() == ':' || name.starts_with("grpc-") ||
         std::find(names.begin(), names.end(), name) != names.end();
}

bool valid_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

void append_metadata(const metadata& from, h2::header_list& to) {
  for (const auto& [name, value] : from.entries()) {
    std::string lower = name;
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (reserved(lower) || !valid_name(lower)) continue;
    std::string wire;
    if (lower.ends_with("-bin")) {
      wire = base64_without_padding(value);
    } else {
      wire = value;
      for (char& c : wire)
        if (c < 0x20 || c > 0x7e) c = '?';
    }
    to.push_back({std::move(lower), std::move(wire)});
  }
}

metadata parse_metadata(const h2::header_list& from) {
  metadata all;
  for (const auto& [name, value] : from) {
    if (reserved(name)) continue;
    if (!name.ends_with("-bin")) {
      all.add(name, value);
      continue;
    }
    std::string_view rest = value;
    while (true) {
      const std::size_t comma = rest.find(',');
      if (auto bytes = decode_base64(rest.substr(0, comma))) all.add(name, std::move(*bytes));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return all;
}

}  // namespace peelbox::h2grpc
