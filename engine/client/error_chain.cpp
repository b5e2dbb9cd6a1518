#include "engine/client/error_chain.hpp"

#include <algorithm>

#include "h2grpc/grpc/status.hpp"

namespace peelbox::client {
namespace {

using std::string_view;

constexpr std::size_t longest_message = 64 * 1024;
constexpr std::size_t most_links = 64;

// Where the quotation that begins at `from` ends: its last character, or npos if it is none.
std::size_t end_of_quotation(string_view text, std::size_t from) {
  const bool begins = from == 0 || string_view(" (=[,").find(text[from - 1]) != string_view::npos;
  if (!begins) return string_view::npos;
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1 == text.size() || string_view(" :,;)]").find(text[i + 1]) != string_view::npos
                 ? i
                 : string_view::npos;
  }
  return string_view::npos;
}

constexpr int last_code = 16;

}  // namespace

std::vector<error_link> error_chain(string_view message) {
  message = message.substr(0, longest_message);
  std::vector<error_link> links;
  std::size_t begin = 0;
  error_link link;
  const auto end_link = [&](std::size_t end) {
    link.text = message.substr(begin, end - begin);
    links.push_back(std::move(link));
    link = {};
  };
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c == '"') {
      if (const std::size_t end = end_of_quotation(message, i); end != string_view::npos) {
        link.quoted.push_back(message.substr(i + 1, end - i - 1));
        link.shape.append("\"\"");
        i = end;
        continue;
      }
    } else if (c == ':' && i + 1 < message.size() && message[i + 1] == ' ' && links.size() + 1 < most_links) {
      end_link(i);
      begin = ++i + 1;
      continue;
    }
    link.shape.push_back(c);
  }
  end_link(message.size());
  return links;
}

bool is_code_name(string_view text) {
  for (int code = 0; code <= last_code; ++code)
    if (h2grpc::code_name(code) == text) return true;
  return false;
}

std::string without_repeated_codes(string_view message) {
  constexpr string_view code_is = "code = ";
  constexpr string_view described = " desc = ";
  std::string out;
  std::string seen;
  const auto add = [&](string_view part) {
    if (is_code_name(part)) {
      if (seen == part) return;
      seen = part;
    }
    if (!out.empty()) out.append(": ");
    out.append(part);
  };
  const std::vector<error_link> links = error_chain(message);
  for (std::size_t i = 0; i < links.size(); ++i) {
    const bool go =
        links[i].text == "rpc error" && i + 1 < links.size() && links[i + 1].text.starts_with(code_is);
    const std::size_t desc = go ? links[i + 1].text.find(described) : string_view::npos;
    if (desc == string_view::npos) {
      add(links[i].text);
      continue;
    }
    const string_view pair = links[++i].text;
    const string_view name = pair.substr(code_is.size(), desc - code_is.size());
    if (name != h2grpc::code_name(static_cast<int>(h2grpc::code::unknown))) add(name);
    add(pair.substr(desc + described.size()));
  }
  return out.append(message.substr(std::min(message.size(), longest_message)));
}

}  // namespace peelbox::client
