// --call and --check: a frontend is asked instead of building (frontend/subrequests).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/client/program.hpp"

namespace peelbox::cli {

struct frontend_question {
  /// "lint", "outline", "targets" or any other name that a frontend knows, without its "frontend.".
  std::string method;
  bool as_json = false;
  /// The answer's status does not become the exit code.
  bool ignores_status = false;
};

/// "METHOD[,format=text|json][,ignorestatus=BOOL]"; std::nullopt for "build", which asks nothing.
result<std::optional<frontend_question>> parse_question(std::string_view text);

/// A question to a frontend, and where its answer will be.
struct asked_frontend {
  frontend_question question;
  std::shared_ptr<client::frontend_answer> answer;
};

/// The request that calls the frontend; with a question also `asked`.
client::solve_request request_of(client::frontend_call frontend, std::optional<frontend_question> question,
                                 std::optional<asked_frontend>& asked);

/// What is printed. failure{unsupported} when the frontend did not answer in this form.
result<std::string> answer_text(const frontend_question& question, const client::frontend_answer& answer);

/// Whether the answer tells of something that is wrong (result.statuscode).
bool tells_of_trouble(const frontend_question& question, const client::frontend_answer& answer);

}  // namespace peelbox::cli
