#include "engine/kubernetes/client.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <iterator>
#include <optional>
#include <random>
#include <utility>

#include "engine/async/sleep.hpp"
#include "engine/async/timeout.hpp"
#include "engine/data/json.hpp"
#include "engine/http/client.hpp"
#include "engine/http/origin_dial.hpp"
#include "engine/http/websocket.hpp"
#include "engine/kubernetes/api_status.hpp"
#include "engine/kubernetes/credentials.hpp"
#include "engine/kubernetes/exec_frames.hpp"

namespace peelbox::kubernetes {
namespace {

namespace json = data::json;
using namespace std::chrono_literals;

constexpr std::size_t most_of_a_reply = 64 << 20;
constexpr std::chrono::seconds longest_pause{30};
constexpr std::size_t most_pages = 1000;

/// Seconds of Retry-After; the form with a date is not used here.
std::optional<std::chrono::milliseconds> retry_after(const http::reply& reply) {
  const std::string_view text = reply.header("retry-after");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::min<std::chrono::milliseconds>(std::chrono::seconds(seconds), longest_pause);
}

bool broke(const failure& why) { return why.code == errc::connection || why.code == errc::closed; }

}  // namespace

struct client::state {
  state(access where, environment env, const executor& ex, client_limits most)
      : to(std::move(where)), variables(std::move(env)), limits(most), login(to, variables, ex) {
    if (to.cluster.proxy_url.empty()) return;
    // What the kubeconfig names is used for this server whatever the environment says.
    variables = [url = to.cluster.proxy_url](std::string_view name) -> std::optional<std::string> {
      if (name == "https_proxy" || name == "http_proxy") return url;
      return std::nullopt;
    };
  }

  result<void> check_proxy() const {
    const std::string& url = to.cluster.proxy_url;
    if (url.empty() || url.starts_with("http://") || url.starts_with("https://")) return {};
    return failure(errc::unsupported, fmt::format("proxy-url of {}: only http:// and https:// proxies are supported", to.who), origin::user);
  }

  /// The pool of connections for this certificate.
  http::client& web(const identity& as) {
    if (!pool || pool_certificate != as.certificate) {
      http::client_options options;
      options.tls = as.tls;
      options.dial = limits.dial;
      options.variables = variables;
      options.redirections = 0;
      pool = std::make_shared<http::client>(std::move(options));
      pool_certificate = as.certificate;
    }
    return *pool;
  }

  asked question(std::string verb, const object_path& what) const { return {std::move(verb), what, to.who, to.server.where.text()}; }

  task<result<json::value>> ask(std::string verb, object_path what, query_list query, http::request request);
  task<result<json::value>> ask_in_time(std::string verb, object_path what, query_list query, http::request request);
  task<result<void>> follow(object_path what, query_list query, std::chrono::milliseconds silence, event_sink take);
  task<result<std::unique_ptr<http::websocket>>> upgrade(object_path what, query_list query);

  access to;
  environment variables;
  client_limits limits;
  credentials login;
  std::shared_ptr<http::client> pool;
  std::uint64_t pool_certificate = 0;
};

task<result<json::value>> client::state::ask_in_time(std::string verb, object_path what, query_list query, http::request request) {
  const bool reads = request.method == "GET";
  bool renewed = false;
  std::chrono::milliseconds wait = limits.first_pause;
  for (unsigned left = limits.tries;; wait *= 2) {
    --left;
    result<identity> as = co_await login.current();
    if (as.has_error()) co_return as.error().in(fmt::format("Kubernetes at {} (as {})", to.server.where.text(), to.who));
    http::url where = to.server;
    where.target = to.prefix() + what.target(query);
    http::request sent = request;
    sent.headers.insert(sent.headers.end(), as->headers.begin(), as->headers.end());
    http::limits most;
    most.reply = limits.reply;
    most.body = most_of_a_reply;
    web(*as);
    const std::shared_ptr<http::client> held = pool;
    auto sending = held->send(std::move(where), std::move(sent), most);
    result<http::reply> got = co_await std::move(sending);
    std::uniform_real_distribution<double> jitter(0.75, 1.25);
    std::random_device source;
    auto next = std::chrono::duration_cast<std::chrono::milliseconds>(wait * jitter(source));
    if (got.has_error()) {
      if (reads && left > 0 && broke(got.error())) {
        const wake slept = co_await sleep_for(next);
        if (slept == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
        continue;
      }
      failure why = got.error().in(fmt::format("Kubernetes: {} {} (as {})", verb, what.text(), to.who));
      if (!reads && broke(why)) why.text += ". Whether it was done is not known";
      co_return why;
    }
    if (got->status == 401 && !renewed && login.forget()) {
      renewed = true;
      ++left;
      continue;
    }
    const std::optional<std::chrono::milliseconds> told = retry_after(*got);
    const bool later = (got->status == 429 || got->status == 503) && told;
    if (left > 0 && (later || (reads && got->status >= 500))) {
      if (told) next = *told;
      const wake slept = co_await sleep_for(next);
      if (slept == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
      continue;
    }
    if (!got->ok()) co_return refusal(question(verb, what), got->status, got->body);
    result<json::value> tree = data::parse_json(got->body, verb + " " + what.text(), {most_of_a_reply, 64});
    co_return tree;
  }
}

task<result<json::value>> client::state::ask(std::string verb, object_path what, query_list query, http::request request) {
  const result<void> possible = check_proxy();
  if (possible.has_error()) co_return possible.error();
  std::string late = fmt::format("Kubernetes at {}: {} {}: no answer within {} s", to.server.where.text(), verb, what.text(),
                                 std::chrono::ceil<std::chrono::seconds>(limits.overall).count());
  request.headers.emplace_back("Accept", "application/json");
  auto work = ask_in_time(std::move(verb), std::move(what), std::move(query), std::move(request));
  co_return co_await with_timeout(std::move(work), limits.overall, std::move(late));
}

namespace {

struct reading {
  watch_lines lines;
  event_sink take;
};

task<result<void>> read_events(reading& of, byte_view piece) {
  const result<std::vector<watch_event>> events = of.lines.feed(piece);
  if (events.has_error()) co_return events.error();
  for (const watch_event& one : *events) {
    const result<void> taken = of.take(one);
    if (taken.has_error()) co_return taken.error();
  }
  co_return result<void>();
}

}  // namespace

task<result<void>> client::state::follow(object_path what, query_list query, std::chrono::milliseconds silence, event_sink take) {
  const result<void> possible = check_proxy();
  if (possible.has_error()) co_return possible.error();
  for (bool renewed = false;; renewed = true) {
    result<identity> as = co_await login.current();
    if (as.has_error()) co_return as.error().in(fmt::format("Kubernetes at {} (as {})", to.server.where.text(), to.who));
    http::url where = to.server;
    where.target = to.prefix() + what.target(query);
    http::request request;
    request.headers = as->headers;
    request.headers.emplace_back("Accept", "application/json");
    reading of{{}, take};
    request.sink = [&of](byte_view piece) { return read_events(of, piece); };
    http::limits most;
    most.reply = silence;
    web(*as);
    const std::shared_ptr<http::client> held = pool;
    auto sending = held->send(std::move(where), std::move(request), most);
    result<http::reply> got = co_await std::move(sending);
    if (got.has_error()) co_return got.error().in(fmt::format("Kubernetes: watch {} (as {})", what.text(), to.who));
    if (got->status == 401 && !renewed && login.forget()) continue;
    if (!got->ok()) co_return refusal(question("watch", what), got->status, got->body);
    co_return result<void>();
  }
}

task<result<std::unique_ptr<http::websocket>>> client::state::upgrade(object_path what, query_list query) {
  const result<void> possible = check_proxy();
  if (possible.has_error()) co_return possible.error();
  for (bool renewed = false;; renewed = true) {
    result<identity> as = co_await login.current();
    if (as.has_error()) co_return as.error().in(fmt::format("Kubernetes at {} (as {})", to.server.where.text(), to.who));
    http::origin_dial how;
    how.limits = limits.dial;
    if (to.server.where.tls) {
      as->tls.protocol = "http/1.1";
      result<transport::tls_setup_ptr> setup = transport::prepare_tls(as->tls);
      if (setup.has_error()) co_return setup.error().in(to.who);
      how.tls = std::move(*setup);
    }
    if (variables) {
      result<std::optional<http::proxy>> through = http::find_proxy(to.server.where, variables);
      if (through.has_error()) co_return through.error();
      how.through = std::move(*through);
    }
    if (how.through && how.through->where.tls) {
      transport::tls_options usual;
      usual.protocol = "http/1.1";
      result<transport::tls_setup_ptr> setup = transport::prepare_tls(std::move(usual));
      if (setup.has_error()) co_return setup.error();
      how.proxy_tls = std::move(*setup);
    }
    auto dialling = http::dial_origin(to.server.where, std::move(how));
    result<transport::stream_ptr> stream = co_await std::move(dialling);
    if (stream.has_error()) co_return stream.error().in(fmt::format("Kubernetes: {} (as {})", what.text(), to.who));
    http::websocket_request request;
    request.target = to.prefix() + what.target(query);
    request.host = to.server.where.host_header();
    request.headers = as->headers;
    request.protocols = {std::string(exec_v5), std::string(exec_v4)};
    http::websocket_limits most;
    // Longer than the pauses of a busy server, shorter than what balancers between allow: a ping comes after half of it.
    most.silence = 90s;
    http::websocket_refusal refused;
    auto opening = http::websocket::open(std::move(*stream), std::move(request), most, &refused);
    result<std::unique_ptr<http::websocket>> made = co_await std::move(opening);
    if (refused.status == 401 && !renewed && login.forget()) continue;
    if (refused.status != 0) co_return refusal(question("get", what), refused.status, refused.body);
    if (made.has_value() && (*made)->protocol().empty())
      co_return failure(errc::protocol, fmt::format("Kubernetes at {}: {}: it chose neither {} nor {}", to.server.where.text(),
                                                    what.text(), exec_v5, exec_v4), origin::peer);
    co_return made;
  }
}

client::client(access to, environment variables, executor ex, client_limits limits)
    : state_(std::make_unique<state>(std::move(to), std::move(variables), ex, limits)) {}
client::~client() = default;

const access& client::reached() const noexcept { return state_->to; }

task<result<json::value>> client::get(object_path what) {
  http::request request;
  auto asking = state_->ask("get", std::move(what), {}, std::move(request));
  co_return co_await std::move(asking);
}

task<result<json::value>> client::list(object_path what, query_list selectors) {
  auto asking = snapshot(std::move(what), std::move(selectors));
  result<listing> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  co_return json::value(std::move(got->items));
}

task<result<void>> client::follow(object_path what, query_list selectors, std::string version, std::chrono::seconds lasts, event_sink take) {
  selectors.emplace_back("watch", "true");
  selectors.emplace_back("resourceVersion", std::move(version));
  selectors.emplace_back("allowWatchBookmarks", "true");
  selectors.emplace_back("timeoutSeconds", std::to_string(lasts.count()));
  auto following = state_->follow(std::move(what), std::move(selectors), lasts + 30s, std::move(take));
  co_return co_await std::move(following);
}

task<result<listing>> client::snapshot(object_path what, query_list selectors) {
  selectors.emplace_back("limit", "500");
  json::array items;
  query_list query = selectors;
  bool again = false;
  for (std::size_t page = 0; page < most_pages; ++page) {
    http::request request;
    auto asking = state_->ask("list", what, query, std::move(request));
    result<json::value> got = co_await std::move(asking);
    if (got.has_error() && got.error().code == errc::lost && page > 0 && !again) {
      again = true;
      items.clear();
      query = selectors;
      continue;
    }
    if (got.has_error()) co_return got.error();
    json::object* const whole = got->if_object();
    json::value* const some = whole == nullptr ? nullptr : whole->if_contains("items");
    if (some != nullptr && some->is_array())
      items.insert(items.end(), std::make_move_iterator(some->get_array().begin()), std::make_move_iterator(some->get_array().end()));
    const json::value* about = data::member(*got, "metadata");
    const std::string more(about == nullptr ? std::string_view() : data::text_of(*about, "continue"));
    if (more.empty()) co_return listing{std::move(items), std::string(about == nullptr ? std::string_view() : data::text_of(*about, "resourceVersion"))};
    query = selectors;
    query.emplace_back("continue", more);
  }
  co_return failure(errc::limit, fmt::format("Kubernetes: list {}: more than {} pages", what.text(), most_pages), origin::peer);
}

task<result<json::value>> client::patch(object_path what, json::value change, patch_options how) {
  if (!how.resource_version.empty()) {
    json::object& root = change.as_object();
    if (!root.contains("metadata")) root["metadata"] = json::object();
    root["metadata"].as_object()["resourceVersion"] = how.resource_version;
  }
  http::request request;
  request.method = "PATCH";
  request.headers.emplace_back("Content-Type", "application/merge-patch+json");
  request.body = data::to_text(change);
  query_list query{{"fieldManager", "peelbox"}};
  if (how.dry_run) query.emplace_back("dryRun", "All");
  auto asking = state_->ask("patch", std::move(what), std::move(query), std::move(request));
  co_return co_await std::move(asking);
}

task<result<void>> client::remove(object_path what, delete_options how) {
  json::object options{{"kind", "DeleteOptions"},
                       {"apiVersion", "v1"},
                       {"preconditions", json::object{{"uid", how.uid}, {"resourceVersion", how.resource_version}}}};
  if (how.dry_run) options["dryRun"] = json::array{"All"};
  http::request request;
  request.method = "DELETE";
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = data::to_text(json::value(std::move(options)));
  auto asking = state_->ask("delete", std::move(what), {}, std::move(request));
  const result<json::value> done = co_await std::move(asking);
  if (done.has_error()) co_return done.error();
  co_return result<void>();
}

task<result<transport::stream_ptr>> client::exec(std::string name_space, std::string pod, std::string container,
                                                 std::vector<std::string> argv, std::string name, pod_fate fate) {
  query_list query;
  if (!container.empty()) query.emplace_back("container", std::move(container));
  for (std::string& word : argv) query.emplace_back("command", std::move(word));
  for (const char* which : {"stdin", "stdout", "stderr"}) query.emplace_back(which, "true");
  object_path what{pods(), std::move(name_space), std::move(pod), "exec"};
  auto opening = state_->upgrade(std::move(what), std::move(query));
  result<std::unique_ptr<http::websocket>> on = co_await std::move(opening);
  if (on.has_error()) co_return on.error().in(name);
  co_return make_exec_stream(std::move(*on), std::move(name), std::move(fate));
}

}  // namespace peelbox::kubernetes
