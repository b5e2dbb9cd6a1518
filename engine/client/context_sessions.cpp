#include "engine/client/context_sessions.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/clock.hpp"
#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/solve.hpp"
#include "engine/session/health_service.hpp"
#include "proto/ops.pb.h"

namespace peelbox::client {

namespace {

using namespace std::chrono_literals;

/// How soon it is noticed that another build does not serve a context any more. The daemon waits 5 s for a session that it does
/// not know.
constexpr auto look_for_lock = 100ms;
/// How long a daemon may take to forget a session whose process was killed. It would forget the next one with it.
constexpr auto forgetting_time = 250ms;

/// More local sources than this are rare; the others are served by the build's own session.
constexpr std::size_t most_sessions = 16;

filesync::request_filters filters_of(const llb::local_request& request) {
  return {request.include, request.exclude, request.follow_paths};
}

/// Only a directory on disk has numbers that stand for contents.
std::shared_ptr<const filesync::context_source> source_of(const build_state& build, const std::string& name) {
  const auto given = build.options.contexts.find(name);
  if (given == build.options.contexts.end() || given->second->tree) return nullptr;
  return build.contexts->by_name.at(name);
}

/// The id of a context that was judged; std::nullopt, with the reason in the log, when there is none.
std::optional<session::held_id> id_of(const build_state& build, const filesync::fingerprinted_context& judged) {
  auto id = session::hold_content_id(*build.options.user, judged.digest, build.options.way->name(), build.options.shared_secret,
                                     build.keyed.variant);
  if (!id) build.log.info("context {}: its id cannot be locked, so the daemon compares it", judged.name);
  return id;
}

task<result<void>> judge(build_state& build, llb::local_request request) {
  const auto source = source_of(build, request.name);
  if (!source) co_return result<void>();
  const auto began = std::chrono::steady_clock::now();
  auto looking = filesync::take_fingerprint(source, request.name, filters_of(request), build.pool);
  auto judged = co_await std::move(looking);
  if (judged.has_error()) {
    build.log.info("context {}: it has no fingerprint, so the daemon compares it: {}", request.name, judged.error().text);
    co_return result<void>();
  }
  // It was measured; if it has to be walked again nothing is to count twice.
  build.contexts->by_name[request.name] = build.options.contexts.at(request.name);
  auto resting = settled((*judged)->newest_change);
  if (!co_await std::move(resting)) {
    build.log.info("context {}: files in it changed just now, so the daemon compares it", request.name);
    co_return result<void>();
  }
  auto id = id_of(build, **judged);
  if (!id) co_return result<void>();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  build.log.info("context {}: {} files looked at in {} ms, {}", request.name, (*judged)->seen.files, took.count(), (*judged)->digest);
  build.contexts->judged.push_back({*judged, false});
  auto made = std::make_unique<context_session>(context_session{std::move(request), std::move(*judged), std::move(*id), took});
  build.keyed.all.push_back(std::move(made));
  co_return result<void>();
}

/// What serves one context: its name and nothing else.
h2grpc::method_table services_of(build_state& build) {
  h2grpc::method_table methods;
  session::add_health_service(methods);
  session::add_filesync_service(methods, build.contexts, build.pool, build.log, true);
  return methods;
}

/// Waits until nobody else serves the id; false when it is not needed any more.
task<bool> wait_for_turn(build_state& build, context_session& context, std::string id) {
  if (context.id.take()) co_return true;
  build.log.info("context {}: another build serves it", context.request.name);
  do {
    auto waiting = build.keyed.changed.wait_for(look_for_lock);
    if (co_await std::move(waiting) == wake::cancelled) co_return false;
    if (build.keyed.closing || build.keyed.outdated || context.id.text() != id) co_return false;
  } while (!context.id.take());
  auto forgetting = sleep_for(forgetting_time);
  co_return co_await std::move(forgetting) != wake::cancelled && !build.keyed.closing;
}

task<result<void>> serve(build_state& build, context_session& context) {
  while (!build.keyed.closing && !build.keyed.outdated) {
    const std::string id = context.id.text();
    auto turn = wait_for_turn(build, context, id);
    const bool mine = co_await std::move(turn);
    if (context.id.text() != id) continue;
    if (!mine) break;
    session::identity names{id, build.options.names.shared_key};
    context.serving.emplace(std::move(names), services_of(build), build.log, build.options.silence_limit);
    auto running = context.serving->run(build.carrier);
    const failure why = co_await std::move(running);
    build.log.debug("context {}: {}", context.request.name, why.text);
    if (context.id.text() == id) break;
  }
  context.ended = true;
  build.keyed.changed.notify();
  co_return result<void>();
}

}  // namespace

task<bool> settled(std::int64_t newest) {
  const auto rest = filesync::settling_time(newest, wall_clock());
  if (!rest) co_return false;
  if (rest->count() == 0) co_return true;
  auto resting = sleep_for(*rest);
  co_return co_await std::move(resting) != wake::cancelled;
}

task<result<void>> judge_contexts(build_state& build) {
  const auto& wanted = build.options.keyed_contexts;
  if (keeps_session(build.options)) {
    result<void> judged = co_await judge_frontend(build);
    if (judged.has_error()) build.log.debug("contexts: {}", judged.error().text);
  } else if (build.options.user && !wanted.empty()) {
    std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
      for (std::size_t i = 0; i < wanted.size() && i < most_sessions; ++i) group.spawn(judge(build, wanted[i]));
      co_return result<void>();
    };
    result<void> judged = co_await task_group::run(std::move(body));
    if (judged.has_error()) build.log.debug("contexts: {}", judged.error().text);
  }
  build.keyed.known = true;
  build.keyed.changed.notify();
  co_return result<void>();
}

task<void> contexts_judged(build_state& build) {
  while (!build.keyed.known) {
    const wake why = co_await build.keyed.changed.wait();
    if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
  if (build.keyed.all.empty() || std::exchange(build.keyed.shown, true)) co_return;
  // What several services share is decided by the operations as the daemon gets them.
  for (solve_state* solve : build.solves)
    if (const auto* finished = std::get_if<definitions>(&solve->request.source))
      build.shown.define(solve->index, with_sessions(build, finished->parts));
}

task<result<void>> serve_contexts(build_state& build) {
  co_await contexts_judged(build);
  if (!build.carrier) {
    for (const auto& context : build.keyed.all) context->id.release();
    co_return result<void>();
  }
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
    for (const auto& context : build.keyed.all) group.spawn(serve(build, *context));
    co_return result<void>();
  };
  result<void> served = co_await task_group::run(std::move(body));
  co_return served;
}

bool take_other_ids(build_state& build, unsigned failed) {
  context_sessions& keyed = build.keyed;
  if (failed < keyed.variant) return true;
  ++keyed.variant;
  for (const auto& context : keyed.all) {
    if (build.contexts->was_asked(*context->judged)) continue;
    auto other = id_of(build, *context->judged);
    if (!other) return false;
    if (context->serving && !context->ended) context->serving->close();
    context->id = std::move(*other);
  }
  keyed.changed.notify();
  return true;
}

void leave_ids(build_state& build) {
  build.keyed.outdated = true;
  build.contexts->judged.clear();
  for (const auto& context : build.keyed.all) {
    if (context->serving && !context->ended) context->serving->close();
    context->id.release();
  }
  build.keyed.changed.notify();
}

namespace {

task<void> close_sessions(build_state& build) {
  const auto until = std::chrono::steady_clock::now() + closing_limit;
  for (const auto& context : build.keyed.all)
    if (context->serving && !context->ended) context->serving->close();
  for (const auto& context : build.keyed.all) {
    while (context->serving && !context->ended) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) co_return;
      auto waiting = build.keyed.changed.wait_for(left);
      if (co_await std::move(waiting) == wake::cancelled) co_return;
    }
  }
}

}  // namespace

task<void> close_contexts(build_state& build) {
  build.keyed.closing = true;
  build.keyed.changed.notify();
  co_await close_sessions(build);
  for (const auto& context : build.keyed.all) context->id.release();
}

void name_sessions(const build_state& build, pb::Definition& definition) {
  const std::string& own = build.options.names.id;
  llb::session_names names;
  if (!build.keyed.outdated && build.carrier)
    for (const auto& context : build.keyed.all) names.emplace_back(context->request, context->id.text());
  llb::name_sessions(definition, own, names);
  if (build.session_id != own) llb::rename_session(definition, own, build.session_id);
}

std::vector<platform_build> with_sessions(const build_state& build, std::vector<platform_build> parts) {
  const bool keyed = !build.keyed.outdated && !build.keyed.all.empty();
  if (!keyed && build.session_id == build.options.names.id) return parts;
  for (platform_build& part : parts) {
    auto named = std::make_shared<pb::Definition>(*part.definition);
    name_sessions(build, *named);
    part.definition = std::move(named);
  }
  return parts;
}

}  // namespace peelbox::client
