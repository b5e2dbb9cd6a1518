// Headers of a file sync request, one per line as "name: value": reading them must end, and what is not marked as encoded
// must come through as it is.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/filesync/filter.hpp"
#include "engine/session/filesync_service.hpp"

using namespace peelbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  h2grpc::metadata headers;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    const std::size_t colon = line.find(": ");
    if (colon != line.npos) headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
  }
  const filesync::request_filters found = session::filters_of(headers);
  const auto check = [&](const std::string& key, const std::vector<std::string>& values) {
    const std::vector<std::string> sent = headers.get_all(key);
    if (values.size() != sent.size()) std::abort();
    const bool encoded = headers.get(key + "-encoded") == "1";
    if (!encoded && values != sent) std::abort();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i].size() > sent[i].size()) std::abort();
  };
  check("include-patterns", found.include);
  check("exclude-patterns", found.exclude);
  check("followpaths", found.follow_paths);
  filesync::filter::rules asked;
  asked.include = found.include;
  asked.exclude = found.exclude;
  const auto rules = filesync::filter::compile(std::move(asked));
  filesync::filter::scope inner;
  if (rules) rules->judge("some/path", true, {}, inner);
  return 0;
}
