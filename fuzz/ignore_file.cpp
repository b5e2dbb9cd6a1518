// An ignore file, a zero byte, then a path: the file is read as both kinds, and asked about the path.
#include <string>

#include "engine/filesync/git_ignore.hpp"
#include "engine/filesync/ignore_file.hpp"
#include "engine/filesync/pattern.hpp"

using namespace peelbox::filesync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(input.rfind('\0'), input.size());
  const std::string_view content = input.substr(0, split);
  const std::string_view path = input.substr(std::min(split + 1, size));
  const git_ignore_file git(content);
  git.find(path, true);
  git.find(path, false);
  std::vector<std::string> patterns;
  for (auto& line : read_dockerignore(content, "x")) patterns.push_back(std::move(line.pattern));
  const auto set = pattern_set::compile(patterns);
  if (set) static_cast<void>(set->matches(path));
  return 0;
}
