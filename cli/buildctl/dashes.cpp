#include "cli/buildctl/dashes.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace peelbox::cli::buildctl {

std::vector<std::string> with_two_dashes(std::vector<std::string> words) {
  std::vector<std::string> out;
  bool plain = false;
  for (std::string& word : words) {
    plain = plain || word == "--";
    const bool one_dash = !plain && word.size() > 2 && word[0] == '-' && word[1] >= 'a' && word[1] <= 'z';
    const std::size_t equals = word.find('=');
    const std::string_view name = std::string_view(word).substr(1, equals == word.npos ? word.npos : equals - 1);
    if (!one_dash || std::all_of(name.begin(), name.end(), [](char c) { return c == 'v'; })) {
      out.push_back(std::move(word));
    } else if (name.size() > 1) {
      out.push_back('-' + word);
    } else {
      out.push_back(word.substr(0, 2));
      out.push_back(word.substr(equals + 1));
    }
  }
  return out;
}

}  // namespace peelbox::cli::buildctl
