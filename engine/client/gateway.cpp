#include "engine/client/gateway.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/client/daemon_platform.hpp"
#include "engine/client/solve_messages.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

namespace gateway = moby::buildkit::v1::frontend;

[[noreturn]] void unwind() { throw boost::system::system_error(asio::error::operation_aborted); }

/// A call to the bridge of this solve. The daemon waits 3 s for the build of this id to be registered
/// (control/gateway/gateway.go).
template <class Reply, class Request>
task<result<Reply>> ask_gateway(solve_state& state, const char* method, Request request) {
  h2grpc::metadata headers;
  headers.add("buildkit-controlapi-buildid", state.request.ref);
  std::string path = fmt::format("/moby.buildkit.v1.frontend.LLBBridge/{}", method);
  result<Reply> reply = co_await h2grpc::unary<Reply>(state.build.control, std::move(path), std::move(request), std::move(headers));
  co_return reply;
}

/// Tells those who wait for an answer when the one who asks goes away.
struct asking {
  explicit asking(std::shared_ptr<image_answer> of) : entry(std::move(of)) {}
  ~asking() {
    entry->abandoned = !entry->answer;
    entry->known.notify();
  }
  asking(const asking&) = delete;
  asking& operator=(const asking&) = delete;
  std::shared_ptr<image_answer> entry;
};

std::string reference_of(const gateway_result& result) {
  return result.message() != nullptr ? result.message()->ref().id() : std::string();
}

filesync::stat_entry entry_of(const fsutil::types::Stat& stat) {
  filesync::stat_entry entry;
  entry.path = stat.path();
  entry.mode = stat.mode();
  entry.uid = stat.uid();
  entry.gid = stat.gid();
  entry.size = stat.size();
  entry.mod_time = stat.modtime();
  entry.linkname = stat.linkname();
  entry.dev_major = stat.devmajor();
  entry.dev_minor = stat.devminor();
  for (const auto& attribute : stat.xattrs()) entry.xattrs.emplace_back(attribute.key(), attribute.value());
  return entry;
}

/// What programs see of one solve. Several may use that of the first solve for their preparation.
class bridge final : public gateway_client {
 public:
  /// `sees` is the solve that the program belongs to, `asks` the one whose bridge is used.
  bridge(solve_state& sees, solve_state& asks) : state_(sees), asks_(asks) {}

  task<result<std::vector<oci::platform>>> platforms() override {
    if (!state_.request.platforms.empty()) co_return state_.request.platforms;
    result<oci::platform> own = co_await daemon_platform(state_.build);
    if (own.has_error()) co_return own.error();
    co_return std::vector<oci::platform>{*own};
  }

  task<result<resolved_image>> resolve_image(std::string reference, oci::platform platform) override {
    auto& known = state_.build.images;
    auto key = std::pair(reference, oci::to_string(platform));
    while (const auto found = known.contains(key) ? known.at(key) : nullptr) {
      if (found->answer) co_return *found->answer;
      if (found->abandoned) break;
      if (co_await found->known.wait() == wake::cancelled) unwind();
    }
    const executor ex = co_await asio::this_coro::executor;
    auto mine = std::make_shared<image_answer>(ex);
    known[key] = mine;
    const asking mark(mine);
    result<resolved_image> answer = co_await resolve(std::move(reference), std::move(platform));
    mine->answer = answer;
    co_return answer;
  }

  task<result<gateway_result>> solve(std::shared_ptr<const pb::Definition> definition) override {
    if (state_.uses_cache) definition = with_cache(*definition);
    co_await contexts_judged(state_.build);
    gateway::SolveRequest request = gateway_solve(*definition, state_.request.cache_imports);
    name_sessions(state_.build, *request.mutable_definition());
    auto running = run(std::move(request));
    co_return co_await std::move(running);
  }
  task<result<gateway_result>> solve(frontend_call frontend) override { return run(gateway_solve(frontend, state_.request.cache_imports)); }

  task<result<std::string>> read_file(gateway_result of, std::string path, std::size_t most) override {
    gateway::ReadFileRequest request;
    request.set_ref(reference_of(of));
    request.set_filepath(path);
    // One byte more tells that there is more.
    request.mutable_range()->set_length(static_cast<std::int64_t>(most) + 1);
    auto reply = co_await ask_gateway<gateway::ReadFileResponse>(asks_, "ReadFile", std::move(request));
    if (reply.has_error()) co_return reply.error();
    if (reply->data().size() > most)
      co_return failure(errc::limit, fmt::format("{} has more than {} bytes, the most that are read of it", path, most), origin::user);
    co_return std::move(*reply->mutable_data());
  }

  task<result<filesync::stat_entry>> stat_file(gateway_result of, std::string path) override {
    gateway::StatFileRequest request;
    request.set_ref(reference_of(of));
    request.set_path(std::move(path));
    auto reply = co_await ask_gateway<gateway::StatFileResponse>(asks_, "StatFile", std::move(request));
    if (reply.has_error()) co_return reply.error();
    co_return entry_of(reply->stat());
  }

  task<result<std::set<std::string>>> capabilities() override {
    gateway::PingRequest request;
    auto reply = co_await ask_gateway<gateway::PongResponse>(asks_, "Ping", std::move(request));
    if (reply.has_error()) co_return reply.error();
    std::set<std::string> all;
    for (const auto& one : reply->frontendapicaps())
      if (one.enabled()) all.insert(one.id());
    co_return all;
  }

 private:
  task<result<resolved_image>> resolve(std::string reference, oci::platform platform) {
    gateway::ResolveImageConfigRequest request = gateway_resolve(reference, platform);
    auto reply = co_await ask_gateway<gateway::ResolveImageConfigResponse>(asks_, "ResolveImageConfig", std::move(request));
    if (reply.has_error()) co_return reply.error();
    resolved_image image;
    // A source policy may have replaced the image; then the daemon will replace it in the definition too.
    if (reply->ref().empty() || reply->ref() == reference) image.digest = reply->digest();
    image.config = reply->config();
    co_return image;
  }

  task<result<gateway_result>> run(gateway::SolveRequest request) {
    auto reply = co_await ask_gateway<gateway::SolveResponse>(asks_, "Solve", std::move(request));
    if (reply.has_error()) co_return reply.error();
    co_return gateway_result(std::make_shared<const gateway::Result>(std::move(*reply->mutable_result())));
  }

  solve_state& state_;
  solve_state& asks_;
};

task<result<void>> prepare(solve_state& solve, solve_state& asks) {
  bridge daemon(solve, asks);
  result<void> ready = co_await solve.program->prepare(daemon);
  if (ready.has_error()) solve.plan_failure = ready.error();
  else {
    co_await contexts_judged(solve.build);
    solve.build.shown.define(solve.index, with_sessions(solve.build, solve.program->plan()));
  }
  co_return result<void>();
}

/// The daemon looks for the scanner when everything else is done (solver/llbsolver/proc/sbom.go), and a second solve would
/// then do all of it again that no cache holds.
task<result<void>> look_for_scanner(solve_state& state) {
  const auto& all = state.build.solves;
  if (std::none_of(all.begin(), all.end(), [](const solve_state* s) { return s->sbom_is_optional(); }))
    co_return result<void>();
  bridge daemon(state, state);
  std::string scanner(default_sbom_scanner);
  oci::platform any;
  result<resolved_image> found = co_await daemon.resolve_image(std::move(scanner), std::move(any));
  // Another failure is met again, by a call that explains it better.
  if (found.has_error() && found.error().code == errc::remote) state.build.scanner_missing = found.error().text;
  co_return result<void>();
}

task<result<void>> prepare_all(solve_state& state) {
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
    for (solve_state* solve : state.build.solves)
      if (solve->program) group.spawn(prepare(*solve, state));
    group.spawn(look_for_scanner(state));
    co_return result<void>();
  };
  result<void> ran = co_await task_group::run(std::move(body));
  co_return ran;
}

/// The first solve that gets here prepares the programs of all, so that they are known and agree before any of their steps
/// is reported.
task<result<void>> ensure_prepared(solve_state& state) {
  build_state& build = state.build;
  while (!build.planned && build.planning) {
    const wake why = co_await build.plans_changed.wait();
    if (why == wake::cancelled) unwind();
  }
  if (build.planned) co_return result<void>();
  struct mark {
    explicit mark(build_state& b) : of(b) { of.planning = true; }
    ~mark() {
      of.planning = false;
      of.plans_changed.notify();
    }
    build_state& of;
  };
  const mark planning(build);
  result<void> made = co_await prepare_all(state);
  build.planned = true;
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

task<result<gateway_result>> run_program(solve_state& state) {
  result<void> prepared = co_await ensure_prepared(state);
  if (prepared.has_error()) co_return prepared.error();
  if (state.plan_failure) co_return *state.plan_failure;
  if (state.sbom_is_optional() && state.build.scanner_missing)
    co_return failure(errc::remote, *state.build.scanner_missing, origin::peer);
  bridge daemon(state, state);
  result<gateway_result> made = co_await state.program->run(daemon);
  co_return made;
}

}  // namespace

task<result<void>> drive_gateway(solve_state& state) {
  result<gateway_result> made = co_await run_program(state);
  gateway::ReturnRequest answer;
  if (made.has_error()) set_error(answer, made.error());
  else if (made->message() != nullptr) *answer.mutable_result() = *made->message();
  auto returned = co_await ask_gateway<gateway::ReturnResponse>(state, "Return", std::move(answer));
  if (returned.has_error()) state.build.log.debug("outer: gateway return: {}", returned.error().text);
  co_return result<void>();
}

}  // namespace peelbox::client
