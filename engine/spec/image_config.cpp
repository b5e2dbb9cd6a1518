#include "engine/spec/image_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/data/json.hpp"
#include "engine/spec/packages.hpp"

namespace peelbox::spec {
namespace {

constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::int64_t second = 1'000'000'000;

using data::json::value;

value list(const std::vector<std::string>& items) { return data::json::array(items.begin(), items.end()); }

/// std::map keeps the keys sorted, so that equal configurations are equal bytes.
value object(const std::map<std::string, value>& members) {
  data::json::object all;
  for (const auto& [key, content] : members) all.emplace(key, content);
  return all;
}

/// What the base image has, kept as text by oci::image_config.
value parsed(const std::string& text) {
  auto tree = data::parse_json(text, "base image");
  return tree.has_value() ? std::move(*tree) : value();
}

/// What every image configuration has; layers are the exporter's.
std::map<std::string, value> image_of(const oci::platform& platform, value config) {
  std::map<std::string, value> image;
  image["architecture"] = platform.arch;
  image["config"] = std::move(config);
  image["os"] = platform.os;
  image["rootfs"] = object({{"diff_ids", data::json::array()}, {"type", "layers"}});
  if (!platform.variant.empty()) image["variant"] = platform.variant;
  return image;
}

value environment(const universal_build& service, const plan_options& options) {
  std::vector<std::string> lines = merged_environment(options.runtime_base, service.runtime.env);
  const auto is_path = [](const std::string& line) { return line.starts_with("PATH="); };
  if (std::none_of(lines.begin(), lines.end(), is_path)) lines.push_back("PATH=" + std::string(default_path));
  std::sort(lines.begin(), lines.end());
  return list(lines);
}

/// The names as an object of empty objects, as ExposedPorts and Volumes are written.
value set_of(const std::vector<std::string>& names) {
  std::map<std::string, value> members;
  for (const std::string& name : names) members[name] = data::json::object();
  return object(members);
}

/// The base image's own working directory is kept unless the spec copies something into ours.
std::string working_dir(const universal_build& service, const plan_options& options, const oci::image_config& base) {
  const std::string ours = options.working_dir.empty() ? "/" : options.working_dir;
  if (base.working_dir.empty() || base.working_dir == "/") return ours;
  for (const copy_entry& entry : service.runtime.copy)
    if (entry.to == ours || entry.to.starts_with(ours.ends_with('/') ? ours : ours + "/")) return ours;
  return base.working_dir;
}

/// In single quotes for sh.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::string health_command(std::uint16_t port, const std::string& endpoint) {
  const std::string path = endpoint.starts_with('/') ? endpoint : "/" + endpoint;
  const std::string url = shell_quoted(fmt::format("http://127.0.0.1:{}{}", port, path));
  // Slim images have no HTTP client; bash alone can send such a request.
  const std::string with_bash = shell_quoted(fmt::format(
      "exec 3<>/dev/tcp/127.0.0.1/{} && printf 'GET %s HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' \"$0\" >&3 "
      "&& read -r line <&3 && [[ $line == HTTP/*\\ [23]* ]]",
      port));
  return fmt::format(
      "if command -v curl >/dev/null 2>&1; then curl -fsS -m 4 -o /dev/null {0}; "
      "elif command -v wget >/dev/null 2>&1; then wget -q -T 4 -O /dev/null {0}; "
      "elif command -v bash >/dev/null 2>&1; then bash -c {1} {2}; "
      "else echo 'the image has none of curl, wget and bash'; exit 1; fi",
      url, with_bash, shell_quoted(path));
}

std::string image_config_json(const universal_build& service, const plan_options& options, bool has_shell) {
  const oci::platform platform = oci::normalise(options.platform);
  const oci::image_config base = options.runtime_base ? options.runtime_base->config : oci::image_config{};
  std::map<std::string, value> config;
  config["Env"] = environment(service, options);
  const std::vector<std::string>& entrypoint =
      options.entrypoint ? *options.entrypoint : service.runtime.command;
  // The base image's arguments belong to its own entrypoint, so a new one drops them, as in a Dockerfile.
  const bool keeps_command = entrypoint.empty() && options.cmd.empty();
  if (!entrypoint.empty()) config["Entrypoint"] = list(entrypoint);
  else if (!base.entrypoint.empty()) config["Entrypoint"] = list(base.entrypoint);
  if (!options.cmd.empty()) config["Cmd"] = list(options.cmd);
  else if (keeps_command && !base.cmd.empty()) config["Cmd"] = list(base.cmd);
  config["WorkingDir"] = working_dir(service, options, base);
  if (const std::string& user = options.user.empty() ? base.user : options.user; !user.empty())
    config["User"] = user;
  std::map<std::string, value> labels;
  for (const auto& [key, text] : base.labels) labels[key] = text;
  for (const auto& [key, text] : options.labels) labels[key] = text;
  if (!labels.empty()) config["Labels"] = object(labels);
  std::vector<std::string> ports = base.exposed_ports;
  for (const std::uint16_t port : service.runtime.ports) ports.push_back(fmt::format("{}/tcp", port));
  if (!ports.empty()) config["ExposedPorts"] = set_of(ports);
  if (!base.volumes.empty()) config["Volumes"] = set_of(base.volumes);
  if (!base.stop_signal.empty()) config["StopSignal"] = base.stop_signal;
  if (!base.health_check_json.empty()) config["Healthcheck"] = parsed(base.health_check_json);
  if (service.runtime.health && !service.runtime.ports.empty() && has_shell) {
    config["Healthcheck"] = object({
        {"Interval", 30 * second},
        {"Retries", 3},
        {"StartPeriod", 15 * second},
        {"Test", list({"CMD-SHELL",
                       health_command(service.runtime.ports.front(), service.runtime.health->endpoint)})},
        {"Timeout", 5 * second},
    });
  }
  std::map<std::string, value> image = image_of(platform, object(config));
  image["history"] = base.history_json.empty() ? value(data::json::array()) : parsed(base.history_json);
  return data::to_text(object(image));
}

std::string plain_image_config_json(const oci::platform& platform) {
  const value config = object({{"Env", list({"PATH=" + std::string(default_path)})}, {"WorkingDir", "/"}});
  return data::to_text(object(image_of(platform, config)));
}

}  // namespace peelbox::spec
