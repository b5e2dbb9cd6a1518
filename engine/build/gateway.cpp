#include "engine/build/gateway.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/build/daemon_platform.hpp"
#include "engine/build/solve_request.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::build {

namespace {

namespace gateway = moby::buildkit::v1::frontend;

/// The daemon waits 3 s for the build of this id to be registered (control/gateway/gateway.go).
h2grpc::metadata headers_of(const solve_state& state) {
  h2grpc::metadata headers;
  headers.add("buildkit-controlapi-buildid", state.request.ref);
  return headers;
}

/// One image on one platform.
struct image_question {
  std::string reference;
  oci::platform platform;
  resolved_image answer;
};

task<result<void>> resolve(solve_state& state, image_question& question) {
  result<gateway::ResolveImageConfigResponse> reply = co_await h2grpc::unary<gateway::ResolveImageConfigResponse>(
      state.build.control, "/moby.buildkit.v1.frontend.LLBBridge/ResolveImageConfig",
      gateway_resolve(question.reference, question.platform), headers_of(state));
  if (reply.has_error()) co_return reply.error();
  // A source policy may have replaced the image; then the daemon will replace it in the definition too.
  if (reply->ref().empty() || reply->ref() == question.reference) question.answer.digest = reply->digest();
  question.answer.config = reply->config();
  co_return result<void>();
}

/// All images that definitions of the build depend on, on each platform, each once.
std::vector<image_question> questions_of(const build_state& build) {
  std::vector<image_question> all;
  for (const solve_state* solve : build.solves) {
    if (!solve->service.plan) continue;
    for (const platform_build& part : solve->request.parts)
      for (const std::string& reference : solve->service.plan->base_images) {
        const auto same = [&](const image_question& q) {
          return q.reference == reference && q.platform == part.platform;
        };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back({reference, part.platform, {}});
      }
  }
  return all;
}

void make_parts(solve_state& solve, const std::vector<image_question>& answers) {
  if (!solve.service.plan) return;
  for (platform_build& part : solve.request.parts) {
    resolved_images images;
    for (const image_question& q : answers)
      if (q.platform == part.platform) images[q.reference] = q.answer;
    result<platform_build> made = solve.service.plan->make(part, images);
    if (made.has_error()) {
      solve.plan_failure = made.error();
      return;
    }
    part = std::move(*made);
  }
  solve.build.shown.define(solve.index, solve.request.parts);
}

/// The daemon looks for the scanner when everything else is done (solver/llbsolver/proc/sbom.go), and a second solve would
/// then do all of it again that no cache holds.
task<result<void>> look_for_scanner(solve_state& state) {
  const auto& all = state.build.solves;
  if (std::none_of(all.begin(), all.end(), [](const solve_state* s) { return s->sbom_is_optional(); }))
    co_return result<void>();
  image_question question{std::string(default_sbom_scanner), {}, {}};
  result<void> found = co_await resolve(state, question);
  if (found.has_error() && found.error().code != errc::remote) co_return found;
  if (found.has_error()) state.build.scanner_missing = found.error().text;
  co_return result<void>();
}

task<result<void>> make_all_plans(solve_state& state) {
  std::vector<image_question> questions = questions_of(state.build);
  result<void> resolved = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    for (image_question& question : questions) group.spawn(resolve(state, question));
    group.spawn(look_for_scanner(state));
    co_return result<void>();
  });
  if (resolved.has_error()) co_return resolved;
  for (solve_state* solve : state.build.solves) make_parts(*solve, questions);
  co_return result<void>();
}

/// The first solve that gets here makes the definitions of all, so that they are known and agree before any of their steps
/// is reported.
task<result<void>> ensure_plans(solve_state& state) {
  build_state& build = state.build;
  while (!build.planned && build.planning)
    if (co_await build.plans_changed.wait() == wake::cancelled)
      throw boost::system::system_error(asio::error::operation_aborted);
  if (build.planned) co_return *build.planned;
  struct mark {
    explicit mark(build_state& b) : of(b) { of.planning = true; }
    ~mark() {
      of.planning = false;
      of.plans_changed.notify();
    }
    build_state& of;
  };
  const mark planning(build);
  result<void> made = co_await make_all_plans(state);
  build.planned = made;
  co_return made;
}

void set_error(gateway::ReturnRequest& answer, const failure& why) {
  const auto& status = why.status;
  auto& error = *answer.mutable_error();
  error.set_code(status ? status->code : static_cast<int>(h2grpc::code::unknown));
  error.set_message(status ? status->message : why.text);
  if (!status) return;
  for (const status_detail& detail : status->details) {
    auto* any = error.add_details();
    any->set_type_url(detail.type_url);
    any->set_value(detail.value);
  }
}

task<result<gateway::ReturnRequest>> solve_parts(solve_state& state) {
  result<void> platform = co_await await_platform(state);
  if (platform.has_error()) co_return platform.error();
  if (state.service.plan || state.sbom_is_optional()) {
    result<void> planned = co_await ensure_plans(state);
    if (planned.has_error()) co_return planned.error();
    if (state.plan_failure) co_return *state.plan_failure;
  }
  if (state.sbom_is_optional() && state.build.scanner_missing)
    co_return failure(errc::remote, *state.build.scanner_missing, origin::peer);
  std::vector<gateway::SolveResponse> solved;
  for (const platform_build& part : state.request.parts) {
    result<gateway::SolveResponse> one = co_await h2grpc::unary<gateway::SolveResponse>(
        state.build.control, "/moby.buildkit.v1.frontend.LLBBridge/Solve", gateway_solve(part), headers_of(state));
    if (one.has_error()) co_return one.error();
    solved.push_back(std::move(*one));
  }
  co_return gateway_return(state.request, solved);
}

}  // namespace

task<result<void>> drive_gateway(solve_state& state) {
  result<gateway::ReturnRequest> made = co_await solve_parts(state);
  gateway::ReturnRequest answer;
  if (made.has_value()) answer = std::move(*made);
  else set_error(answer, made.error());
  result<gateway::ReturnResponse> returned = co_await h2grpc::unary<gateway::ReturnResponse>(
      state.build.control, "/moby.buildkit.v1.frontend.LLBBridge/Return", std::move(answer), headers_of(state));
  if (returned.has_error()) state.build.log.debug("outer: gateway return: {}", returned.error().text);
  co_return result<void>();
}

}  // namespace peelbox::build
