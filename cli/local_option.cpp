#include "cli/local_option.hpp"

#include <algorithm>

#include "cli/context_option.hpp"
#include "cli/wrong.hpp"

namespace peelbox::cli {

result<std::vector<std::pair<std::string, std::string>>> parse_locals(const std::vector<std::string>& given) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& local : given) {
    const auto equals = local.find('=');
    if (equals == 0 || equals == std::string::npos)
      return wrong("--local " + local + ": expected NAME=DIR, as in --local context=.");
    std::string name = local.substr(0, equals);
    if (std::any_of(all.begin(), all.end(), [&](const auto& other) { return other.first == name; }))
      return wrong("--local " + local + ": this source has a directory already");
    result<std::string> root = canonical_context("--local", local.substr(equals + 1));
    if (root.has_error()) return root.error();
    all.emplace_back(std::move(name), std::move(*root));
  }
  return all;
}

std::shared_ptr<filesync::context_source> whole_directory(std::string root) {
  auto source = std::make_shared<filesync::context_source>();
  source->root = std::move(root);
  return source;
}

}  // namespace peelbox::cli
