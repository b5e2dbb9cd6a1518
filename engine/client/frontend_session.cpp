#include "engine/client/frontend_session.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/client/context_sessions.hpp"
#include "engine/client/solve.hpp"

namespace peelbox::client {

namespace {

using namespace std::chrono_literals;
using judged_ptr = std::shared_ptr<const filesync::fingerprinted_context>;

/// What decides which files a frontend asks for; arguments and labels change too often and rarely do.
std::string kind_of(const build_options& options) {
  const auto& frontend = std::get<frontend_call>(options.services.front().source);
  std::string kind = options.way->name() + '\0' + options.names.shared_key + '\0' + frontend.name;
  for (const auto& [key, value] : frontend.attributes)
    if (!key.starts_with("build-arg:") && !key.starts_with("label:") && !key.starts_with("vcs:")) kind += '\0' + key + '\0' + value;
  return kind;
}

bool describes(const filesync::fingerprinted_context& found, const session::sent_context& sent) {
  return found.name == sent.name && found.filters == sent.filters;
}

bool is_as_it_was(const known_session& one, const std::vector<judged_ptr>& looked) {
  return std::all_of(one.sent.begin(), one.sent.end(), [&](const session::sent_context& sent) {
    return std::any_of(looked.begin(), looked.end(), [&](const judged_ptr& found) {
      return describes(*found, sent) && found->digest == sent.digest;
    });
  });
}

task<result<void>> look(build_state& build, session::sent_context sent, judged_ptr& out) {
  const auto source = build.contexts->by_name.find(sent.name);
  if (source == build.contexts->by_name.end()) co_return failure(errc::not_found, "it is not given");
  auto looking = filesync::take_fingerprint(source->second, sent.name, std::move(sent.filters), build.pool);
  auto found = co_await std::move(looking);
  if (found.has_error()) co_return found.error().in("context " + sent.name);
  out = std::move(*found);
  co_return result<void>();
}

/// All requests of that session again; empty, with the reason in the log, when one of them cannot be judged.
task<std::vector<judged_ptr>> look_at_all(build_state& build, const known_session& last) {
  std::vector<judged_ptr> looked(last.sent.size());
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
    for (std::size_t i = 0; i < last.sent.size(); ++i) group.spawn(look(build, last.sent[i], looked[i]));
    co_return result<void>();
  };
  result<void> done = co_await task_group::run(std::move(body));
  // They were measured; if they have to be walked again nothing is to count twice.
  for (const auto& [name, source] : build.options.contexts) build.contexts->by_name[name] = source;
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  if (done.has_value())
    for (const judged_ptr& one : looked) newest = std::max(newest, one->newest_change);
  std::string why = done.has_error() ? done.error().text : std::string();
  if (why.empty() && !co_await settled(newest)) why = "files changed just now";
  if (why.empty()) co_return looked;
  build.log.info("the daemon compares the contexts: {}", why);
  co_return std::vector<judged_ptr>();
}

}  // namespace

bool keeps_session(const build_options& options) {
  if (!options.user || options.services.size() != 1) return false;
  if (!std::holds_alternative<frontend_call>(options.services.front().source)) return false;
  return std::none_of(options.contexts.begin(), options.contexts.end(), [](const auto& one) { return one.second->tree != nullptr; });
}

task<result<void>> judge_frontend(build_state& build) {
  const auto began = std::chrono::steady_clock::now();
  auto& mine = build.keyed.frontend.emplace(known_sessions(*build.options.user, kind_of(build.options)));
  mine.id = build.session_id;
  const std::vector<known_session> all = mine.known.all();
  if (all.empty()) {
    build.log.info("the daemon compares the contexts: nothing is known of them from an earlier build");
    build.contexts->record.emplace();
    co_return result<void>();
  }
  auto looking = look_at_all(build, all.front());
  mine.looked = co_await std::move(looking);
  if (mine.looked.empty()) {
    // Where directories cannot be judged, the next build need not look.
    for (const known_session& one : all) (void)mine.known.take(one.id);
    co_return result<void>();
  }
  mine.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  session::session_record& record = build.contexts->record.emplace();
  for (const known_session& one : all) {
    if (!is_as_it_was(one, mine.looked) || !mine.known.take(one.id)) continue;
    mine.id = one.id;
    mine.reused = true;
    record.sent = one.sent;
    break;
  }
  for (const judged_ptr& one : mine.looked) {
    build.contexts->judged.push_back({one, false});
    build.log.info("context {}: {} files looked at in {} ms, {}", one->name, one->seen.files, mine.took.count(), one->digest);
  }
  build.log.info("{}", mine.reused ? "the daemon knows these contexts from an earlier build" : "the daemon does not know these contexts");
  co_return result<void>();
}

void leave_known_session(build_state& build) {
  const frontend_session& mine = *build.keyed.frontend;
  if (mine.reused) (void)mine.known.put({mine.id, build.contexts->record->sent});
  build.contexts->record.reset();
  build.contexts->judged.clear();
  build.keyed.frontend.reset();
}

task<void> keep_session(build_state& build) {
  auto& record = build.contexts->record;
  if (!build.keyed.frontend || !record || build.keyed.outdated) co_return;
  const auto until = std::chrono::steady_clock::now() + closing_limit;
  while (!build.keyed.main_ended) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) {
      build.log.info("the next build compares the contexts, because the daemon has not yet ended the session of this one");
      co_return;
    }
    auto waiting = build.keyed.changed.wait_for(left);
    if (co_await std::move(waiting) == wake::cancelled) co_return;
  }
  const frontend_session& mine = *build.keyed.frontend;
  if (!mine.reused)
    for (const judged_ptr& one : mine.looked)
      if (build.contexts->was_asked(*one)) record->sent.push_back({one->name, one->filters, one->digest});
  if (!record->holds()) co_return;
  if (result<void> kept = mine.known.put({mine.id, record->sent}); kept.has_error())
    build.log.info("the next build compares the contexts, because this one cannot be written down: {}", kept.error().text);
}

bool is_unchanged(const build_state& build, const std::string& name) {
  return build.keyed.frontend && build.keyed.frontend->reused && !build.keyed.outdated && !build.contexts->asked.contains(name);
}

}  // namespace peelbox::client
