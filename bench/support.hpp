// What the benchmark programs share: settings from the environment, and trees.
//   PEELBOX_BENCH_TREE     a directory to use instead of the generated one of many files
//   PEELBOX_BENCH_FILES    files of the generated tree (100000)
//   PEELBOX_BENCH_MIB      size of the large file (1024)
//   PEELBOX_BENCH_THREADS  pool threads (4)
//   TMPDIR                 where trees are made
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace peelbox::bench {

inline std::size_t setting(const char* name, std::size_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

inline unsigned threads() { return static_cast<unsigned>(setting("PEELBOX_BENCH_THREADS", 4)); }

/// Made at first use, and removed at the end of the program.
class trees {
 public:
  ~trees() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  /// Three levels: pkgN/modN/fileN.js, 20 files in each directory, up to 2 KB.
  std::string many() {
    if (const char* given = std::getenv("PEELBOX_BENCH_TREE")) return given;
    const std::filesystem::path dir = root_ / "many";
    if (std::filesystem::exists(dir)) return dir;
    const std::size_t files = setting("PEELBOX_BENCH_FILES", 100'000);
    for (std::size_t i = 0; i < files; ++i) {
      const auto sub = dir / ("pkg" + std::to_string(i / 1000)) / ("mod" + std::to_string(i / 20 % 50));
      if (i % 20 == 0) std::filesystem::create_directories(sub);
      std::ofstream(sub / ("file" + std::to_string(i) + ".js")) << std::string(i % 2000, 'x');
    }
    return dir;
  }
  /// A directory with one file, "file".
  std::string large() {
    const std::filesystem::path dir = root_ / "large";
    if (std::filesystem::exists(dir)) return dir;
    std::filesystem::create_directories(dir);
    std::ofstream out(dir / "file", std::ios::binary);
    const std::string block(1 << 20, 'x');
    for (std::size_t i = setting("PEELBOX_BENCH_MIB", 1024); i > 0; --i) out << block;
    if (!out.flush()) throw std::runtime_error(dir.string() + ": no space for PEELBOX_BENCH_MIB?");
    return dir;
  }

 private:
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("peelbox-bench-" + std::to_string(::getpid()));
};

inline trees& all_trees() {
  static trees t;
  return t;
}

/// Patterns as in an ignore file: names, endings, paths and globs in turn. None matches the trees above.
inline std::vector<std::string> rules(std::size_t count) {
  std::vector<std::string> lines;
  const char* kinds[] = {"**/*.tmp{}", "**/cache{}", "build{}/**", "*.log{}", "docs/*/out{}"};
  for (std::size_t i = 0; i < count; ++i) {
    std::string line = kinds[i % 5];
    line.replace(line.find("{}"), 2, std::to_string(i));
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace peelbox::bench
