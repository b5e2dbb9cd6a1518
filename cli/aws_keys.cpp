#include "cli/aws_keys.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"

namespace peelbox::cli {

namespace {

constexpr std::size_t largest_file = 1 << 20;
constexpr auto names = std::to_array<std::string_view>({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"});

/// What stands under [section]. Of several values the last one counts.
aws_keys section_of(std::string_view text, std::string_view section) {
  aws_keys found;
  bool inside = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    const std::string_view line = trimmed(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = trimmed(line.substr(1, line.find(']') - 1)) == section;
      continue;
    }
    // What is indented belongs to the value before it, such as those of "s3 =".
    const auto equals = line.find('=');
    if (!inside || equals == line.npos || raw.front() == ' ' || raw.front() == '\t') continue;
    const std::string_view key = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (key == "aws_access_key_id") found.id = value;
    if (key == "aws_secret_access_key") found.secret = value;
    if (key == "aws_session_token") found.session_token = value;
  }
  return found;
}

std::string variable_or(const environment& variables, const char* variable, const char* otherwise) {
  std::string path = variables(variable).value_or("");
  const std::string home = variables("HOME").value_or("");
  if (path.empty() && home.empty()) return {};
  if (path.empty()) path = home + otherwise;
  result<std::string> text = read_file(path, path, largest_file);
  return text.has_value() ? std::move(*text) : std::string();
}

std::optional<aws_keys> read_keys(const environment& variables) {
  const auto set = [&variables](std::string_view name) { return !variables(name).value_or("").empty(); };
  if (set("AWS_ACCESS_KEY_ID") && set("AWS_SECRET_ACCESS_KEY")) return std::nullopt;
  std::string profile = variables("AWS_PROFILE").value_or("");
  if (profile.empty()) profile = "default";
  return find_aws_keys(variable_or(variables, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"),
                       variable_or(variables, "AWS_CONFIG_FILE", "/.aws/config"), profile);
}

struct kept_keys {
  bool read = false;
  std::optional<aws_keys> keys;
};

}  // namespace

std::optional<aws_keys> find_aws_keys(std::string_view credentials, std::string_view config, std::string_view profile) {
  const auto whole = [](const aws_keys& one) { return !one.id.empty() && !one.secret.empty(); };
  if (aws_keys found = section_of(credentials, profile); whole(found)) return found;
  const std::string section = profile == "default" ? "default" : "profile " + std::string(profile);
  if (aws_keys found = section_of(config, section); whole(found)) return found;
  return std::nullopt;
}

environment with_aws_files(environment variables) {
  const auto kept = std::make_shared<kept_keys>();
  return [variables = std::move(variables), kept](std::string_view name) -> std::optional<std::string> {
    if (std::find(names.begin(), names.end(), name) == names.end()) return variables(name);
    if (!std::exchange(kept->read, true)) kept->keys = read_keys(variables);
    if (!kept->keys) return variables(name);
    if (name == names[0]) return kept->keys->id;
    if (name == names[1]) return kept->keys->secret;
    return kept->keys->session_token;
  };
}

}  // namespace peelbox::cli
