#include "engine/docker/engine_client.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <limits>
#include <utility>

#include "engine/async/event.hpp"
#include "engine/async/task_group.hpp"
#include "engine/data/json.hpp"
#include "engine/http/connection.hpp"
#include "transport/dialer.hpp"
#include "transport/helper_command.hpp"
#include "transport/hijack_stream.hpp"
#include "transport/process_stream.hpp"
#include "transport/stdcopy_stream.hpp"

namespace peelbox::docker {
namespace {

using namespace std::chrono_literals;

/// An engine unpacks layers after it has read the archive, so its reply may take long.
constexpr std::chrono::milliseconds load_limit = 10min;
constexpr std::chrono::milliseconds upgrade_limit = 20s;
/// Longer than a build's calls are apart when they come one after the other; short, because an ssh:// engine's connection
/// is a program here and a session there.
constexpr std::chrono::milliseconds idle_limit = 10s;

std::string string_of(const data::json::value& from, std::string_view key) {
  return std::string(data::text_of(from, key));
}

std::string exec_wish(const std::vector<std::string>& argv) {
  return data::to_text(data::json::object{{"AttachStdin", true},
                                          {"AttachStdout", true},
                                          {"AttachStderr", true},
                                          {"Tty", false},
                                          {"Cmd", data::json::array(argv.begin(), argv.end())}});
}

failure refused(const engine_address& where, const http::request& what, const http::reply& reply) {
  const errc code = reply.status == 404 ? errc::not_found : reply.status == 403 ? errc::permission : errc::connection;
  return failure(code,
                 fmt::format("Docker engine at {}: {} {}: HTTP status {}: {}", where.where.text, what.method,
                             what.target.substr(0, 200), reply.status, reply.words),
                 origin::peer);
}

/// Rewords a failure to connect: the dialer's text is about buildkitd.
failure of_docker(failure why, const engine_address& where) {
  const std::string name = fmt::format("Docker engine at {} ({})", where.where.text, where.source);
  if (where.where.kind != transport::scheme::unix_socket) return std::move(why).in(name);
  switch (why.code) {
    case errc::not_found: why.text = name + ": there is no such socket: is Docker installed and running?"; break;
    case errc::permission:
      why.text = name + ": permission denied: join the group that owns the socket, usually `sudo usermod -aG docker "
                        "$USER` and log in again, or use rootless Docker";
      break;
    case errc::connection: why.text = name + ": the socket exists, but no engine answers: is dockerd running?"; break;
    default: break;
  }
  return why;
}

/// A connection that did not live to the engine's answer; whatever the archive's source says stays as it is.
failure lost_while_loading(failure why, const engine_address& where) {
  if (why.code != errc::connection && why.code != errc::closed && why.code != errc::timed_out) return why;
  return failure(errc::lost,
                 fmt::format("Docker engine at {} went away while it loaded the image: {}. Whether it has the image is not "
                             "known; build again, which sends it only if it is missing",
                             where.where.text, why.text),
                 origin::peer);
}

/// What Go's server answers when it expects TLS (net/http, server.go).
failure with_tls_advice(failure why, const engine_address& where) {
  if (where.where.kind == transport::scheme::tcp && where.tls.empty() &&
      why.text.find("HTTP request to an HTTPS server") != std::string::npos)
    why.text += ". The engine expects TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the directory of ca.pem, "
                "cert.pem and key.pem, or use a Docker context that has them";
  return why;
}

task<result<transport::stream_ptr>> dial_engine(engine_address to, transport::dial_limits limits,
                                                std::shared_ptr<transport::dial_gate> gate) {
  if (to.where.kind == transport::scheme::ssh) {
    auto argv = transport::docker_ssh_command(to.where);
    if (argv.has_error()) co_return std::move(argv).error().in(to.source);
    transport::process_rules rules;
    rules.gate = std::move(gate);
    auto starting = transport::start_process_stream(*argv, to.where.text, std::move(rules));
    co_return co_await std::move(starting);
  }
  transport::dial_options options;
  options.tls = to.tls;
  options.tls.protocol = "http/1.1";
  options.limits = limits;
  auto dialling = transport::dial(to.where, options);
  auto stream = co_await std::move(dialling);
  if (stream.has_error()) co_return of_docker(stream.error(), to);
  co_return stream;
}

}  // namespace

engine_client::engine_client(engine_address where, transport::dial_limits limits)
    : where_(std::move(where)), limits_(limits),
      gate_(std::make_shared<transport::dial_gate>(transport::programs_at_once)),
      patience_(where_.where.kind == transport::scheme::ssh ? transport::program_patience : 0s) {
  http::client_options options;
  options.idle_limit = idle_limit;
  options.redirections = 0;
  // No call waits for another one: a ping is judged by when its answer comes.
  options.connections_per_origin = std::numeric_limits<std::size_t>::max();
  client_ = std::make_unique<http::client>(std::move(options), [to = where_, limits, gate = gate_](const http::origin_address&) {
    return dial_engine(to, limits, gate);
  });
}

task<result<transport::stream_ptr>> engine_client::dial() const { return dial_engine(where_, limits_, gate_); }

task<result<http::reply>> engine_client::call(http::request what, http::limits most) const {
  most.reply += patience_;
  // The engine is wherever `dial_engine` leads; the host is only what the request says.
  http::url to;
  to.where.host = what.host;
  to.target = what.target;
  auto sending = client_->send(std::move(to), what, most);
  auto reply = co_await std::move(sending);
  if (reply.has_value() && !reply->ok()) co_return with_tls_advice(refused(where_, what, *reply), where_);
  co_return reply;
}

task<result<void>> engine_client::ping() const {
  http::request what;
  what.target = "/_ping";
  http::limits most;
  most.reply = 10s;
  auto reply = co_await call(std::move(what), most);
  if (reply.has_error()) co_return reply.error();
  co_return result<void>();
}

task<result<engine_version>> engine_client::version() const {
  http::request what;
  what.target = "/version";
  const http::limits most;
  auto reply = co_await call(std::move(what), most);
  if (reply.has_error()) co_return reply.error();
  auto tree = data::parse_json(reply->body, where_.where.text + ": GET /version");
  if (tree.has_error()) co_return tree.error();
  co_return engine_version{string_of(*tree, "Version"), string_of(*tree, "ApiVersion"),
                           string_of(*tree, "Os"), string_of(*tree, "Arch")};
}

task<result<engine_info>> engine_client::info() const {
  http::request what;
  what.target = "/info";
  const http::limits most;
  auto reply = co_await call(std::move(what), most);
  if (reply.has_error()) co_return reply.error();
  auto tree = data::parse_json(reply->body, where_.where.text + ": GET /info");
  if (tree.has_error()) co_return tree.error();
  engine_info info;
  info.storage_driver = string_of(*tree, "Driver");
  const data::json::value* status = data::member(*tree, "DriverStatus");
  if (status != nullptr && status->is_array())
    for (const data::json::value& pair : status->get_array()) {
      const data::json::array* both = pair.if_array();
      if (both == nullptr || both->size() < 2 || !(*both)[0].is_string() || !(*both)[1].is_string()) continue;
      if ((*both)[0] == "driver-type" && (*both)[1].get_string().starts_with("io.containerd.snapshotter."))
        info.containerd_store = true;
    }
  co_return info;
}

task<result<std::optional<engine_image>>> engine_client::inspect_image(std::string name) const {
  http::request what;
  what.target = "/images/" + transport::url_encode(name) + "/json";
  const http::limits most;
  auto reply = co_await call(std::move(what), most);
  if (reply.has_error()) {
    if (reply.error().code == errc::not_found && reply.error().who == origin::peer)
      co_return std::optional<engine_image>();
    co_return reply.error();
  }
  auto tree = data::parse_json(reply->body, where_.where.text + ": image inspect");
  if (tree.has_error()) co_return tree.error();
  co_return std::optional<engine_image>(engine_image{string_of(*tree, "Id")});
}

task<result<void>> engine_client::tag_image(std::string name, std::string repository, std::string tag) const {
  http::request what;
  what.method = "POST";
  what.target = fmt::format("/images/{}/tag?repo={}&tag={}", transport::url_encode(name),
                            transport::url_encode(repository), transport::url_encode(tag));
  const http::limits most;
  auto reply = co_await call(std::move(what), most);
  if (reply.has_error()) co_return reply.error();
  co_return result<void>();
}

task<result<void>> engine_client::watch(std::shared_ptr<std::chrono::steady_clock::time_point> seen,
                                        std::chrono::milliseconds silence) const {
  event tick(co_await asio::this_coro::executor);
  for (;;) {
    const auto due = *seen + silence;
    const auto now = std::chrono::steady_clock::now();
    if (now < due) {
      if (co_await tick.wait_for(due - now) == wake::cancelled)
        throw boost::system::system_error(asio::error::operation_aborted);
      continue;
    }
    result<void> alive = co_await ping();
    if (alive.has_error())
      co_return failure(errc::lost,
                        fmt::format("Docker engine at {}: nothing of the image has been taken for {} s, and it does not "
                                    "answer a ping ({}): it hangs. Look at its log or restart it, then build again",
                                    where_.where.text, std::chrono::ceil<std::chrono::seconds>(silence).count(),
                                    alive.error().text),
                        origin::peer);
    *seen = std::chrono::steady_clock::now();
  }
}

task<result<std::string>> engine_client::load_image(http::body_source archive, std::chrono::milliseconds silence) const {
  auto seen = std::make_shared<std::chrono::steady_clock::time_point>(std::chrono::steady_clock::now());
  http::request what;
  what.method = "POST";
  what.target = "/images/load?quiet=1";
  what.headers = {{"Content-Type", "application/x-tar"}};
  what.streamed = [seen, archive = std::move(archive)] {
    *seen = std::chrono::steady_clock::now();
    return archive();
  };
  http::limits most;
  // An engine that answers pings may be slow.
  most.stall = load_limit;
  most.reply = load_limit;
  auto stream = co_await dial();
  if (stream.has_error()) co_return lost_while_loading(stream.error(), where_);
  result<http::reply> reply = failure(errc::internal, "the engine was not asked");
  const result<void> ran = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(watch(seen, silence));
    reply = co_await http::exchange(std::move(*stream), what, most);
    group.cancel();
    co_return result<void>();
  });
  if (ran.has_error()) co_return ran.error();
  if (reply.has_error()) co_return lost_while_loading(reply.error(), where_);
  if (!reply->ok()) {
    failure why = with_tls_advice(refused(where_, what, *reply), where_);
    why.code = errc::io;
    co_return why;
  }
  auto said = read_load_reply(reply->body);
  if (said.has_error()) co_return said.error().in("Docker engine at " + where_.where.text + " cannot load the image");
  co_return said;
}

task<result<transport::stream_ptr>> engine_client::exec(std::string container, std::vector<std::string> argv,
                                                        std::string name) const {
  http::request create;
  create.method = "POST";
  create.target = "/containers/" + transport::url_encode(container) + "/exec";
  create.headers = {{"Content-Type", "application/json"}};
  create.body = exec_wish(argv);
  const http::limits most;
  auto created = co_await call(std::move(create), most);
  if (created.has_error()) co_return created.error();
  auto tree = data::parse_json(created->body, where_.where.text + ": exec");
  if (tree.has_error()) co_return tree.error();
  transport::upgrade_request start;
  start.target = "/exec/" + transport::url_encode(string_of(*tree, "Id")) + "/start";
  start.protocol = "tcp";
  start.body = "{\"Detach\":false,\"Tty\":false}";
  auto stream = co_await hijack(std::move(start));
  if (stream.has_error()) co_return stream.error();
  co_return transport::make_stdcopy_stream(std::move(*stream), std::move(name));
}

task<result<transport::stream_ptr>> engine_client::hijack(transport::upgrade_request request) const {
  auto stream = co_await dial();
  if (stream.has_error()) co_return stream.error();
  auto upgraded = co_await transport::hijack(std::move(*stream), std::move(request), upgrade_limit + patience_);
  if (upgraded.has_error() && upgraded.error().code == errc::protocol)
    co_return failure(errc::protocol,
                      fmt::format("Docker engine at {} ({}): no Docker engine listens there, something else does: {}",
                                  where_.where.text, where_.source, upgraded.error().text),
                      origin::peer);
  if (upgraded.has_error()) co_return with_tls_advice(upgraded.error(), where_).in("Docker engine");
  co_return upgraded;
}

bool says_loaded(std::string_view said) { return said.find("Loaded image") != said.npos; }

result<std::string> read_load_reply(std::string_view lines) {
  std::string said;
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines = end == lines.npos ? std::string_view() : lines.substr(end + 1);
    // A line that is not JSON is ignored: the status was good.
    const auto tree = data::parse_json(line, "");
    if (tree.has_error()) continue;
    if (std::string error = string_of(*tree, "error"); !error.empty())
      return failure(errc::io, std::move(error), origin::peer);
    if (std::string text = string_of(*tree, "stream"); !text.empty()) said += text;
  }
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
  return said;
}

}  // namespace peelbox::docker
