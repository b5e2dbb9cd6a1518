#include "cli/daemon_args.hpp"

#include <CLI/App.hpp>

#include "cli/choice.hpp"

namespace peelbox::cli {

namespace {

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

}  // namespace

void add_daemon_flags(CLI::App& app, daemon_args& args) {
  app.add_option("--buildkit,--addr", args.buildkit,
                 "The daemon; else BUILDKIT_HOST, its sockets, Docker. unix://PATH, tcp://HOST:PORT, docker://[CONTEXT], "
                 "docker-container://NAME, podman-container://NAME, nerdctl-container://NAME, kube-pod://POD, ssh://HOST or "
                 "spawn: for a private one")
      ->type_name("ADDR")
      ->check(begins_like({"unix://", "tcp://", "docker://", "docker-container://", "podman-container://",
                           "nerdctl-container://", "kube-pod://", "ssh://", "spawn:"}));
  app.add_flag("-v,--verbose", args.verbose, "Tell about connections. -vv tells everything");
  const std::string group = "Daemon";
  app.add_option("--tlscacert", args.tls.ca_file, "CA that signed the daemon's certificate")->type_name("FILE")->group(group);
  app.add_option("--tlscert", args.tls.cert_file, "Certificate to show to the daemon")->type_name("FILE")->group(group);
  app.add_option("--tlskey", args.tls.key_file, "Key of that certificate")->type_name("FILE")->group(group);
  app.add_option("--tlsservername", args.tls.server_name, "Name in the daemon's certificate")->type_name("NAME")->group(group);
  app.add_option("--tlsdir", args.tls_dir, "Directory with ca.pem, cert.pem and key.pem")->type_name("DIR")->group(group);
}

result<transport::tls_options> choose_tls(const transport::tls_options& flags, const std::string& tls_dir) {
  transport::tls_options tls = flags;
  if (!tls_dir.empty()) {
    if (!tls.ca_file.empty() || !tls.cert_file.empty() || !tls.key_file.empty())
      return wrong("--tlsdir and --tlscacert, --tlscert, --tlskey exclude each other");
    result<transport::tls_options> files = transport::tls_options_of_directory(tls_dir);
    if (files.has_error()) return files.error().in("--tlsdir");
    files->server_name = tls.server_name;
    return files;
  }
  if (tls.cert_file.empty() != tls.key_file.empty())
    return wrong(tls.cert_file.empty() ? "--tlskey needs --tlscert FILE too" : "--tlscert needs --tlskey FILE too");
  return tls;
}

}  // namespace peelbox::cli
