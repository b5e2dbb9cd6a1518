#include "engine/session/filesync_service.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/clock.hpp"
#include "engine/async/percent.hpp"
#include "engine/session/call_packets.hpp"

namespace peelbox::session {

namespace {

std::string query_unescape(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return percent_decoded(text);
}

std::vector<std::string> values_of(const h2grpc::metadata& headers, const std::string& key) {
  std::vector<std::string> values = headers.get_all(key);
  if (headers.get(key + "-encoded") == "1")
    for (std::string& value : values) value = query_unescape(std::move(value));
  return values;
}

/// An element of shared_contexts::running, which is removed on every way out.
class live_transfer {
 public:
  live_transfer(shared_contexts& all, const std::string& name)
      : all_(all), mine_(all.running.insert(all.running.end(), {++all.last_id, name, {}, false, false})) {}
  ~live_transfer() {
    mine_->ended = true;
    all_.past += mine_->stats;
    if (all_.on_end) all_.on_end(*mine_);
    all_.running.erase(mine_);
  }
  live_transfer(const live_transfer&) = delete;
  live_transfer& operator=(const live_transfer&) = delete;
  shared_contexts::transfer* operator->() const noexcept { return &*mine_; }

 private:
  shared_contexts& all_;
  std::list<shared_contexts::transfer>::iterator mine_;
};

/// The fingerprint that this request belongs to, if there is one.
std::shared_ptr<const filesync::fingerprinted_context> ask_for(shared_contexts& contexts, const std::string& name,
                                                               const filesync::request_filters& filters) {
  for (auto& one : contexts.judged) {
    if (one.found->name != name || one.found->filters != filters) continue;
    one.asked = true;
    return one.found;
  }
  return nullptr;
}

/// Two answers to one request have to be the same.
bool add_to(std::vector<sent_context>& all, sent_context one) {
  for (const sent_context& before : all)
    if (before.name == one.name && before.filters == one.filters) return before.digest == one.digest;
  all.push_back(std::move(one));
  return true;
}

/// Sends what a session that may be used again was not known to be asked for.
task<result<filesync::transfer_stats>> send_for_record(session_record& record,
                                                       std::shared_ptr<const filesync::context_source> source,
                                                       std::string name, filesync::request_filters filters,
                                                       call_packets& packets, blocking_pool& pool,
                                                       filesync::transfer_stats& stats) {
  ++record.unknown;
  const std::int64_t began = wall_clock();
  filesync::announced_tree told;
  auto sending = filesync::send_and_describe(std::move(source), name, filters, packets, pool, stats, told);
  result<filesync::transfer_stats> sent = co_await std::move(sending);
  // A file that changed in the tick of the clock in which it was looked at may change again without a trace.
  const auto rest = filesync::settling_time(told.newest_change, began);
  const bool certain = sent.has_value() && stats.files_grown == 0 && !told.digest.empty() && rest && rest->count() == 0;
  if (certain && add_to(record.sent, {std::move(name), std::move(filters), std::move(told.digest)})) --record.unknown;
  co_return sent;
}

task<grpc_status> serve_diff_copy(h2grpc::server_call& call, std::shared_ptr<shared_contexts> contexts, blocking_pool& pool,
                            const logger& log, bool only_judged) {
  const std::vector<std::string> names = values_of(call.request_metadata(), "dir-name");
  const std::string name = names.empty() ? std::string() : names.front();
  const auto found = contexts->by_name.find(name);
  if (found == contexts->by_name.end())
    co_return h2grpc::make_status(h2grpc::code::not_found, "no access allowed to dir \"" + name + "\"");
  const std::shared_ptr<const filesync::context_source> source = found->second;
  filesync::request_filters filters = filters_of(call.request_metadata());
  log.debug("inner: the daemon asks for directory \"{}\"", name);
  const std::shared_ptr<const filesync::fingerprinted_context> judged = ask_for(*contexts, name, filters);
  if (only_judged && !judged)
    co_return h2grpc::make_status(h2grpc::code::unavailable, "dir \"" + name + "\" is not what this session was for any more");
  contexts->asked.insert(name);
  call_packets packets(call);
  const live_transfer live(*contexts, name);
  if (judged) log.info("context {}: the daemon has nothing for its fingerprint yet, so it compares", name);
  const bool recorded = !judged && contexts->record;
  auto sending = recorded ? send_for_record(*contexts->record, source, name, std::move(filters), packets, pool, live->stats)
                          : filesync::send_tree(source, std::move(filters), packets, pool, live->stats, judged);
  result<filesync::transfer_stats> sent = co_await std::move(sending);
  live->failed = sent.has_error();
  if (sent.has_value()) co_return grpc_status{};
  const failure& why = sent.error();
  if (why.code == errc::cancelled) co_return h2grpc::make_status(h2grpc::code::cancelled, why.text);
  if (judged && why.code == errc::context) {
    if (!contexts->outdated) contexts->outdated = why;
  } else if (!contexts->first_failure) {
    contexts->first_failure = why;
  }
  co_return h2grpc::make_status(h2grpc::code::unknown, why.text);
}

}  // namespace

bool shared_contexts::was_asked(const filesync::fingerprinted_context& context) const noexcept {
  return std::any_of(judged.begin(), judged.end(),
                     [&](const judged_context& one) { return one.found.get() == &context && one.asked; });
}

filesync::transfer_stats shared_contexts::total() const {
  filesync::transfer_stats sum = past;
  for (const transfer& one : running) sum += one.stats;
  return sum;
}

filesync::request_filters filters_of(const h2grpc::metadata& headers) {
  filesync::request_filters filters;
  filters.include = values_of(headers, "include-patterns");
  filters.exclude = values_of(headers, "exclude-patterns");
  filters.follow_paths = values_of(headers, "followpaths");
  return filters;
}

void add_filesync_service(h2grpc::method_table& methods, std::shared_ptr<shared_contexts> contexts,
                          blocking_pool& pool, const logger& log, bool only_judged) {
  methods.add("/moby.filesync.v1.FileSync/DiffCopy",
              [contexts = std::move(contexts), &pool, &log, only_judged](h2grpc::server_call& call) {
                return serve_diff_copy(call, contexts, pool, log, only_judged);
              });
}

}  // namespace peelbox::session
