#include "engine/registry/host_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <filesystem>

#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"
#include "engine/data/json.hpp"

namespace peelbox::registry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 1 << 20;
constexpr std::size_t most_files = 64;

/// The files of `folder` that end so, in the order of their names.
result<std::vector<fs::path>> files_with(const fs::path& folder, std::string_view end) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), last; !error && at != last; at.increment(error))
    if (at->path().extension() == end && found.size() < most_files) found.push_back(at->path());
  if (error) return errno_failure(error.value(), folder.string());
  std::sort(found.begin(), found.end());
  return found;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

/// By its name with its port, or as an address in a network.
bool is_covered(std::string_view host, const std::string& entry) {
  if (entry == host) return true;
  std::string name(without_port(host));
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  boost::system::error_code wrong;
  const auto address = boost::asio::ip::make_address(name, wrong);
  if (wrong) return false;
  if (address.is_v4()) {
    const auto network = boost::asio::ip::make_network_v4(entry, wrong);
    return !wrong && boost::asio::ip::make_network_v4(address.to_v4(), network.prefix_length()).canonical() == network.canonical();
  }
  const auto network = boost::asio::ip::make_network_v6(entry, wrong);
  return !wrong && boost::asio::ip::make_network_v6(address.to_v6(), network.prefix_length()).canonical() == network.canonical();
}

}  // namespace

std::string address_of(std::string_view registry) {
  return registry == "docker.io" ? "registry-1.docker.io" : std::string(registry);
}

bool is_loopback(std::string_view host) {
  const std::string name = lower(without_port(host));
  if (name == "localhost" || name == "[::1]") return true;
  return name.starts_with("127.") && std::all_of(name.begin(), name.end(), [](char c) { return is_digit(c) || c == '.'; });
}

result<std::vector<http::url>> places_of(std::string_view registry, const host_settings& settings) {
  std::vector<http::url> places;
  const std::string address = address_of(registry);
  for (const char* scheme : {"https", "http"}) {
    auto url = http::parse_url(fmt::format("{}://{}/v2/", scheme, address));
    if (url.has_error()) return url.error();
    places.push_back(std::move(*url));
    if (!settings.insecure) break;
  }
  return places;
}

std::vector<std::string> certificate_folders(const environment& variables) {
  std::vector<std::string> folders;
  std::string config = variables("XDG_CONFIG_HOME").value_or("");
  if (const std::string home = variables("HOME").value_or(""); config.empty() && !home.empty()) config = home + "/.config";
  if (!config.empty()) folders.push_back(config + "/docker/certs.d");
  folders.emplace_back("/etc/docker/certs.d");
  return folders;
}

result<host_settings> read_settings(std::string_view host, const std::vector<std::string>& folders) {
  host_settings found;
  // The name becomes a path, so one that leads elsewhere has none.
  const std::string name = lower(host);
  if (name.find('/') != name.npos || name.starts_with('.')) return found;
  for (const std::string& folder : folders) {
    const fs::path here = fs::path(folder) / name;
    std::error_code error;
    if (!fs::is_directory(here, error)) continue;
    auto authorities = files_with(here, ".crt");
    if (authorities.has_error()) return authorities.error();
    std::string all;
    for (const fs::path& file : *authorities) {
      auto text = read_file(file.string(), file.string(), largest_file);
      if (text.has_error()) return text.error();
      all += *text + "\n";
    }
    if (!all.empty()) found.tls.ca = transport::tls_material::data(std::move(all));
    found.tls.system_too = true;
    auto shown = files_with(here, ".cert");
    if (shown.has_error()) return shown.error();
    auto keys = files_with(here, ".key");
    if (keys.has_error()) return keys.error();
    const auto has = [&](const fs::path& file) { return fs::exists(file, error); };
    for (fs::path file : *shown)
      if (!has(file.replace_extension(".key")))
        return failure(errc::usage, fmt::format("{}: there is a certificate (.cert) without this key", file.string()), origin::user);
    for (fs::path file : *keys)
      if (!has(file.replace_extension(".cert")))
        return failure(errc::usage, fmt::format("{}: there is a key without this certificate; authorities end with .crt", file.string()), origin::user);
    // OpenSSL shows one; of several the first.
    if (!shown->empty()) {
      fs::path file = shown->front();
      found.tls.certificate = transport::tls_material::file(file.string());
      found.tls.key = transport::tls_material::file(file.replace_extension(".key").string());
    }
    break;
  }
  return found;
}

bool is_insecure_for_docker(std::string_view host, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    const std::string file = (fs::path(folder).parent_path() / "daemon.json").string();
    const auto text = read_file(file, file, largest_file);
    if (text.has_error()) continue;
    const auto tree = data::parse_json(*text, file);
    if (tree.has_error()) continue;  // the daemon says so, not we
    const auto* list = data::member(*tree, "insecure-registries");
    if (list == nullptr || !list->is_array()) continue;
    for (const auto& one : list->get_array())
      if (one.is_string() && is_covered(host, std::string(one.get_string()))) return true;
  }
  return false;
}

result<host_settings> find_settings(std::string_view host, const environment& variables) {
  const std::vector<std::string> folders = certificate_folders(variables);
  auto settings = read_settings(host, folders);
  if (settings.has_error()) return settings;
  const bool own_certificates = !settings->tls.ca.empty();
  settings->insecure = (is_loopback(host) && !own_certificates) || is_insecure_for_docker(host, folders);
  return settings;
}

}  // namespace peelbox::registry
