#include "cli/split_command.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <utility>

namespace peelbox::cli {

result<std::vector<std::string>> split_command(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first != std::string_view::npos && text[first] == '[') {
    boost::system::error_code error;
    const boost::json::value parsed = boost::json::parse(text, error);
    if (error || !parsed.is_array())
      return failure(errc::usage, "--entrypoint: not a JSON array of strings: " + error.message(), origin::user);
    std::vector<std::string> words;
    for (const auto& word : parsed.get_array()) {
      if (!word.is_string()) return failure(errc::usage, "--entrypoint: not a JSON array of strings", origin::user);
      words.emplace_back(word.get_string());
    }
    if (words.empty()) return failure(errc::usage, "--entrypoint: the command is empty", origin::user);
    return words;
  }
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      else if (c == '\\' && quote == '"' && i + 1 < text.size()) word += text[++i];
      else word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return failure(errc::usage, "--entrypoint: a quote is not closed", origin::user);
  if (in_word) words.push_back(word);
  if (words.empty()) return failure(errc::usage, "--entrypoint: the command is empty", origin::user);
  return words;
}

}  // namespace peelbox::cli
