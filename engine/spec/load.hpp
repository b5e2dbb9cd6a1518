// UniversalBuild JSON -> structs.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/spec/universal_build.hpp"

namespace peelbox::spec {

inline constexpr std::size_t max_spec_bytes = 4 << 20;
inline constexpr std::size_t max_spec_depth = 32;
inline constexpr std::size_t max_spec_services = 1000;

struct loaded_spec {
  std::string file_name;
  std::vector<universal_build> services;  ///< at least one
  /// Complete sentences with file and line: unknown or outdated keys.
  std::vector<std::string> warnings;
  /// The line (from 1) of each value, by its path: "runtime.ports[1]", or "[2].runtime.ports[1]" when the file is an
  /// array of services. For validate().
  std::map<std::string, unsigned> lines;
  bool is_array = false;
};

/// One service as an object, or several as an array. `file_name` is for messages only.
/// errc::usage for anything wrong with the text: syntax, UTF-8, types, ranges, duplicate keys, an empty
/// array. One failure names all problems of type and range, one per line: "spec.json:12: runtime.ports[1]:
/// expected …". errc::limit when it is larger or deeper than the bounds above. Pure, total over hostile texts.
result<loaded_spec> load(std::string_view text, std::string file_name);

/// The service called `name`; with an empty name, the only one. Otherwise errc::usage, which lists the names.
/// The pointer is valid as long as `spec`.
result<const universal_build*> select_service(const loaded_spec& spec, std::string_view name);

/// metadata.project_name, or "app".
std::string service_name(const universal_build& service);

}  // namespace peelbox::spec
