#include "engine/kubernetes/credentials.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"
#include "engine/http/message.hpp"
#include "transport/program_output.hpp"

namespace peelbox::kubernetes {
namespace {

using namespace std::chrono_literals;

/// client-go, transport/token_source.go: a minute, less ten seconds.
constexpr auto token_age = 50s;
constexpr auto plugin_limit = 60s;
/// Clocks differ, and a request takes a while.
constexpr auto slack = 30s;
constexpr std::size_t most_of_a_token = 64 << 10;
constexpr std::size_t most_of_an_answer = 1 << 20;

transport::tls_material material(const std::string& file, const std::string& data) {
  return data.empty() ? transport::tls_material::file(file) : transport::tls_material::data(std::string(data));
}

}  // namespace

credentials::credentials(access to, environment variables, executor ex)
    : to_(std::move(to)), variables_(std::move(variables)), done_(std::move(ex)) {}

result<std::string> credentials::token() {
  const user_entry& user = to_.user;
  if (user.token_file.empty()) return user.token;
  const auto now = std::chrono::steady_clock::now();
  if (!file_token_.empty() && now - read_at_ < token_age) return file_token_;
  result<std::string> text = read_file(user.token_file, "token file " + user.token_file, most_of_a_token, 5s);
  if (text.has_error() && file_token_.empty()) return user.token.empty() ? text : user.token;
  // A file that is just being replaced does not end a build; the old token may be good for a while.
  if (text.has_error()) return file_token_;
  file_token_ = trimmed(*text);
  read_at_ = now;
  if (file_token_.empty() || file_token_.find_first_of("\r\n") != std::string::npos) {
    file_token_.clear();
    return failure(errc::usage, fmt::format("token file {}: it does not hold one token", user.token_file), origin::user);
  }
  return file_token_;
}

task<result<void>> credentials::run_plugin() {
  const exec_plugin& plugin = *to_.user.exec;
  if (plugin.mode == exec_plugin::interaction::always)
    co_return failure(errc::unsupported, fmt::format("exec plugin {}: it wants to ask something, for which there is no terminal here",
                                                     plugin.command), origin::user);
  const std::optional<std::string> program = find_program(variables_, plugin.command);
  if (!program || ::access(program->c_str(), X_OK) != 0)
    co_return failure(errc::not_found,
                      fmt::format("exec plugin {}: there is no such program, which the kubeconfig names{}{}", plugin.command,
                                  plugin.install_hint.empty() ? "" : ". ", plugin.install_hint), origin::user);
  std::string ca = to_.cluster.ca_data;
  if (plugin.wants_cluster && ca.empty() && !to_.cluster.ca_file.empty()) {
    result<std::string> text = read_file(to_.cluster.ca_file, "certificate authority " + to_.cluster.ca_file, 8 << 20, 5s);
    if (text.has_error()) co_return text.error();
    ca = std::move(*text);
  }
  std::vector<std::string> argv{"env", "KUBERNETES_EXEC_INFO=" + exec_info(plugin, to_, ca)};
  for (const auto& [name, value] : plugin.env) argv.push_back(name + "=" + value);
  argv.push_back(plugin.command);
  argv.insert(argv.end(), plugin.args.begin(), plugin.args.end());
  const std::string name = "exec plugin " + plugin.command;
  auto work = transport::program_output(std::move(argv), name, plugin_limit, most_of_an_answer);
  result<std::string> out = co_await std::move(work);
  if (out.has_error()) co_return out.error();
  result<exec_credential> answer = parse_exec_credential(plugin, *out);
  if (answer.has_error()) co_return answer.error();
  if (answer->certificate != of_plugin_.certificate || answer->key != of_plugin_.key) ++certificate_;
  of_plugin_ = std::move(*answer);
  has_plugin_ = true;
  co_return result<void>();
}

task<result<identity>> credentials::current() {
  identity made;
  const user_entry& user = to_.user;
  made.tls.ca = material(to_.cluster.ca_file, to_.cluster.ca_data);
  made.tls.certificate = material(user.certificate_file, user.certificate_data);
  made.tls.key = material(user.key_file, user.key_data);
  made.tls.server_name = to_.cluster.tls_server_name;
  made.tls.verify = !to_.cluster.insecure;
  result<std::string> bearer = token();
  if (bearer.has_error()) co_return bearer.error();
  const bool own = !bearer->empty() || !user.username.empty() || !made.tls.certificate.empty();
  // Other credentials of the same user come before a plugin (client-go, plugin/pkg/client/auth/exec).
  if (user.exec && !own) {
    while (running_) {
      const wake why = co_await done_.wait();
      if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    }
    const auto now = std::chrono::system_clock::now();
    if (!has_plugin_ || (of_plugin_.expires && now + slack >= *of_plugin_.expires)) {
      struct turn {
        credentials& of;
        ~turn() {
          of.running_ = false;
          of.done_.notify();
        }
      };
      running_ = true;
      const turn mine{*this};
      auto running = run_plugin();
      result<void> ran = co_await std::move(running);
      if (ran.has_error()) co_return ran.error();
    }
    *bearer = of_plugin_.token;
    if (!of_plugin_.certificate.empty()) {
      made.tls.certificate = transport::tls_material::data(std::string(of_plugin_.certificate));
      made.tls.key = transport::tls_material::data(std::string(of_plugin_.key));
    }
  }
  made.certificate = certificate_;
  if (!bearer->empty()) made.headers.emplace_back("Authorization", http::bearer_credentials(*bearer));
  else if (!user.username.empty()) made.headers.emplace_back("Authorization", http::basic_credentials(user.username, user.password));
  if (!user.act_as.empty()) made.headers.emplace_back("Impersonate-User", user.act_as);
  if (!user.act_as_uid.empty()) made.headers.emplace_back("Impersonate-Uid", user.act_as_uid);
  for (const std::string& group : user.act_as_groups) made.headers.emplace_back("Impersonate-Group", group);
  co_return made;
}

bool credentials::forget() noexcept {
  const bool renewable = !file_token_.empty() || has_plugin_;
  file_token_.clear();
  has_plugin_ = false;
  return renewable;
}

}  // namespace peelbox::kubernetes
