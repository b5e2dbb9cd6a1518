#include "cli/frontend_question.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "cli/csv_fields.hpp"
#include "cli/output_fields.hpp"
#include "cli/wrong.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

result<std::optional<frontend_question>> parse_question(std::string_view text) {
  const std::size_t comma = text.find(',');
  frontend_question question;
  question.method = text.substr(0, comma);
  if (question.method.empty() || question.method.find('=') != std::string::npos)
    return wrong(fmt::format("--call {}: expected METHOD[,format=json][,ignorestatus=true], METHOD being check, outline or targets", text));
  if (comma != text.npos) {
    result<std::map<std::string, std::string>> fields = parse_fields(text.substr(comma + 1));
    if (fields.has_error()) return fields.error().in(fmt::format("--call {}", text));
    for (const auto& [key, value] : *fields) {
      if (key == "format" && (value == "json" || value == "text")) question.as_json = value == "json";
      else if (key == "ignorestatus") question.ignores_status = !is_false(value);
      else return wrong(fmt::format("--call {}: {}={} has no meaning; expected format=json, format=text or ignorestatus=true", text, key, value));
    }
  }
  if (question.method == "build") return std::optional<frontend_question>();
  if (question.method == "check") question.method = "lint";
  return std::optional<frontend_question>(std::move(question));
}

client::solve_request request_of(client::frontend_call frontend, std::optional<frontend_question> question,
                                 std::optional<asked_frontend>& asked) {
  client::solve_request request;
  if (question) {
    asked = asked_frontend{std::move(*question), std::make_shared<client::frontend_answer>()};
    request.source = client::program_of(std::move(frontend), asked->answer);
  } else {
    request.source = std::move(frontend);
  }
  return request;
}

result<std::string> answer_text(const frontend_question& question, const client::frontend_answer& answer) {
  const auto found = answer.find(question.as_json ? "result.json" : "result.txt");
  if (found == answer.end())
    return failure(errc::unsupported,
                   fmt::format("the frontend has no answer to --call {}; a newer one may have: add the line "
                               "# syntax=docker/dockerfile:1 to the Dockerfile",
                               question.method == "lint" ? "check" : question.method),
                   origin::peer);
  std::string text = question.as_json ? found->second : progress::sanitize(found->second);
  while (text.ends_with('\n')) text.pop_back();
  if (question.method == "lint" && !question.as_json && text.empty()) text = "Check complete, no warnings found.";
  return text;
}

bool tells_of_trouble(const frontend_question& question, const client::frontend_answer& answer) {
  const auto found = answer.find("result.statuscode");
  return !question.ignores_status && found != answer.end() && found->second != "0";
}

}  // namespace peelbox::cli
