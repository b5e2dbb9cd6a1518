// Runs a fuzz target without libFuzzer: replay TARGET SEEDS_CSV CRASH_DIRECTORY
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Damaged forms of each seed; fewer where there are many seeds, so that sanitized builds end in seconds too.
constexpr std::size_t damaged_forms = 300;
constexpr std::size_t most_inputs = 3000;

void run(const std::string& input) {
  // Memory of exactly the input's size, so that sanitizers notice reads beyond it.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Rows are target,name,hex. A malformed row is an error and ends the run.
std::vector<std::string> seeds_of(const std::string& target, const char* file) {
  std::vector<std::string> seeds;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto first = line.find(',');
    const auto second = line.find(',', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      std::fprintf(stderr, "%s: malformed row: %s\n", file, line.c_str());
      std::exit(2);
    }
    if (line.substr(0, first) != target) continue;
    std::string bytes;
    for (auto i = second + 1; i + 1 < line.size(); i += 2) {
      const int high = nibble(line[i]), low = nibble(line[i + 1]);
      if (high < 0 || low < 0) {
        std::fprintf(stderr, "%s: not hex: %s\n", file, line.c_str());
        std::exit(2);
      }
      bytes.push_back(static_cast<char>(high << 4 | low));
    }
    seeds.push_back(std::move(bytes));
  }
  return seeds;
}

// Deterministic for each seed, because this is a test and not a search.
std::string damaged(std::string input, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (std::size_t n = below(4) + 1; n > 0; --n) {
    if (input.empty()) return input;
    const std::size_t at = below(input.size());
    switch (below(5)) {
      case 0: input[at] = static_cast<char>(below(256)); break;
      case 1: input[at] = static_cast<char>(input[at] ^ (1 << below(8))); break;
      case 2: input.resize(at); break;
      case 3: input.insert(at, input.substr(below(input.size()), below(40))); break;
      default: input.erase(at, below(9)); break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::size_t runs = 0;
  std::error_code no_crashes;
  for (const auto& entry : std::filesystem::directory_iterator(argv[3], no_crashes)) {
    std::ifstream in(entry.path(), std::ios::binary);
    run(std::string(std::istreambuf_iterator<char>(in), {}));
    ++runs;
  }
  std::mt19937 random(1);
  run("");
  const std::vector<std::string> seeds = seeds_of(argv[1], argv[2]);
  const std::size_t forms = std::min(damaged_forms, most_inputs / (seeds.size() + 1));
  for (const std::string& seed : seeds) {
    run(seed);
    for (std::size_t i = 0; i < forms; ++i) run(damaged(seed, random));
    ++runs;
  }
  std::printf("%s: %zu inputs\n", argv[1], runs);
  return 0;
}
