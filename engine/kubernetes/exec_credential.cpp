#include "engine/kubernetes/exec_credential.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/async/base64.hpp"
#include "engine/data/json.hpp"

namespace peelbox::kubernetes {
namespace {

namespace json = data::json;

/// Digits at a place, or -1.
int number_at(std::string_view text, std::size_t from, std::size_t count) {
  if (text.size() < from + count) return -1;
  int number = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
  const int year = number_at(text, 0, 4), month = number_at(text, 5, 2), day = number_at(text, 8, 2);
  const int hour = number_at(text, 11, 2), minute = number_at(text, 14, 2), second = number_at(text, 17, 2);
  if (year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == rest.npos || end == 1) return std::nullopt;
    rest.remove_prefix(end);
  }
  std::chrono::seconds offset{0};
  if (rest != "Z" && rest != "z") {
    const int hours = number_at(rest, 1, 2), minutes = number_at(rest, 4, 2);
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' || hours < 0 || minutes < 0) return std::nullopt;
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (rest[0] == '-') offset = -offset;
  }
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                    std::chrono::seconds(second) - offset;
  // The clock counts nanoseconds, until 2262; "9999-12-31" is how some say never.
  using clock = std::chrono::system_clock;
  if (time >= std::chrono::floor<std::chrono::seconds>(clock::time_point::max())) return clock::time_point::max();
  if (time <= std::chrono::ceil<std::chrono::seconds>(clock::time_point::min())) return clock::time_point::min();
  return clock::time_point(time);
}

std::string exec_info(const exec_plugin& plugin, const access& to, std::string_view ca) {
  json::object spec{{"interactive", false}};
  if (plugin.wants_cluster) {
    json::object cluster{{"server", to.server.where.text() + to.prefix()}};
    if (!to.cluster.tls_server_name.empty()) cluster["tls-server-name"] = to.cluster.tls_server_name;
    if (to.cluster.insecure) cluster["insecure-skip-tls-verify"] = true;
    if (!ca.empty()) {
      std::string encoded;
      append_base64(ca, encoded);
      cluster["certificate-authority-data"] = encoded;
    }
    if (!to.cluster.proxy_url.empty()) cluster["proxy-url"] = to.cluster.proxy_url;
    spec["cluster"] = std::move(cluster);
  }
  return data::to_text(json::object{{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", std::move(spec)}});
}

result<exec_credential> parse_exec_credential(const exec_plugin& plugin, std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return failure(errc::protocol, fmt::format("exec plugin {}: its answer {}", plugin.command, what), origin::peer);
  };
  const result<json::value> tree = data::parse_json(text, plugin.command, {1 << 20, 16});
  if (tree.has_error()) return wrong("is not JSON");
  if (data::text_of(*tree, "kind") != "ExecCredential") return wrong("is no ExecCredential");
  if (data::text_of(*tree, "apiVersion") != plugin.api_version)
    return wrong(fmt::format("has another apiVersion than {}, which the kubeconfig names", plugin.api_version));
  const json::value* status = data::member(*tree, "status");
  if (status == nullptr) return wrong("has no status");
  exec_credential made;
  made.token = std::string(data::text_of(*status, "token"));
  made.certificate = std::string(data::text_of(*status, "clientCertificateData"));
  made.key = std::string(data::text_of(*status, "clientKeyData"));
  if (made.certificate.empty() != made.key.empty()) return wrong("has a certificate without its key, or a key without certificate");
  if (made.token.empty() && made.key.empty()) return wrong("has neither a token nor a certificate");
  if (made.token.find_first_of("\r\n") != made.token.npos) return wrong("has a token with an end of line in it");
  if (const std::string_view expires = data::text_of(*status, "expirationTimestamp"); !expires.empty()) {
    made.expires = parse_rfc3339(expires);
    if (!made.expires) return wrong("has an expirationTimestamp that is no time");
  }
  return made;
}

}  // namespace peelbox::kubernetes
