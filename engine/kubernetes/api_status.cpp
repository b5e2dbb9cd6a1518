#include "engine/kubernetes/api_status.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/data/json.hpp"

namespace peelbox::kubernetes {
namespace {

namespace json = data::json;

constexpr std::size_t most_of_a_page = 200;
constexpr std::size_t most_of_a_message = 1000;

errc code_of(int status) {
  switch (status) {
    case 401:
    case 403: return errc::permission;
    case 404: return errc::not_found;
    case 409:
    case 410: return errc::lost;
    case 413:
    case 429: return errc::limit;
    default: return errc::connection;
  }
}

std::optional<int> exit_code_of(const json::value& status) {
  const json::value* details = data::member(status, "details");
  const json::value* causes = details == nullptr ? nullptr : data::member(*details, "causes");
  if (causes == nullptr || !causes->is_array()) return std::nullopt;
  for (const json::value& one : causes->get_array()) {
    if (data::text_of(one, "reason") != "ExitCode") continue;
    const std::string_view text = data::text_of(one, "message");
    int code = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
    if (error == std::errc() && end == text.data() + text.size()) return code;
  }
  return std::nullopt;
}

}  // namespace

std::optional<api_status> parse_status(std::string_view body) {
  const result<json::value> tree = data::parse_json(body, "Status", {1 << 20, 16});
  if (tree.has_error() || !tree->is_object()) return std::nullopt;
  const std::string_view said = data::text_of(*tree, "status");
  if (said != "Success" && said != "Failure") return std::nullopt;
  api_status made;
  made.success = said == "Success";
  made.message = std::string(data::text_of(*tree, "message").substr(0, most_of_a_message));
  made.reason = std::string(data::text_of(*tree, "reason").substr(0, most_of_a_page));
  if (const json::value* code = data::member(*tree, "code"); code != nullptr && code->is_int64() && code->get_int64() >= 0 && code->get_int64() < 1000)
    made.code = static_cast<int>(code->get_int64());
  made.exit_code = exit_code_of(*tree);
  return made;
}

failure refusal(const asked& question, int http_status, std::string_view body) {
  const std::optional<api_status> status = parse_status(body);
  std::string words = status ? status->message : std::string(body.substr(0, most_of_a_page));
  if (words.empty()) words = "it gave no reason";
  std::string text = fmt::format("Kubernetes at {}: {} {}: HTTP status {}{}: {} (as {})", question.server, question.verb,
                                 question.what.text(), http_status,
                                 status && !status->reason.empty() ? " " + status->reason : "", words, question.who);
  const std::string sub = question.what.subresource.empty() ? "" : "/" + question.what.subresource;
  if (http_status == 401)
    text += ". The credentials are not accepted: they may have expired, or belong to another cluster";
  if (http_status == 403 && !status && body.empty() && !sub.empty())
    text += ". A refusal without words is not about rights: the container runtime, or a proxy before it, does not know the "
            "WebSocket protocols that were offered";
  else if (http_status == 403)
    text += fmt::format(". A Role would need: apiGroups [\"{}\"], resources [\"{}{}\"], verbs [{}]", question.what.of.group,
                        question.what.of.plural, sub,
                        sub == "/exec" || sub == "/portforward" ? "\"get\", \"create\"" : fmt::format("\"{}\"", question.verb));
  return failure(code_of(http_status), std::move(text), origin::peer);
}

}  // namespace peelbox::kubernetes
