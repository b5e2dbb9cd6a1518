#include "cli/daemon_args.hpp"

#include <CLI/App.hpp>

#include "cli/choice.hpp"
#include "cli/wrong.hpp"

namespace peelbox::cli {

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
  const auto add_material = [&](std::string flag, transport::tls_material& to, std::string about) {
    app.add_option_function<std::string>(
           std::move(flag), [&to](const std::string& path) { to = transport::tls_material::file(path); }, std::move(about))
        ->type_name("FILE")
        ->group(group);
  };
  add_material("--tlscacert", args.tls.ca, "CA that signed the daemon's certificate");
  add_material("--tlscert", args.tls.certificate, "Certificate to show to the daemon");
  add_material("--tlskey", args.tls.key, "Key of that certificate");
  app.add_option("--tlsservername", args.tls.server_name, "Name in the daemon's certificate")->type_name("NAME")->group(group);
  app.add_option("--tlsdir", args.tls_dir, "Directory with ca.pem, cert.pem and key.pem")->type_name("DIR")->group(group);
}

result<transport::tls_options> choose_tls(const transport::tls_options& flags, const std::string& tls_dir) {
  transport::tls_options tls = flags;
  if (!tls_dir.empty()) {
    if (!tls.ca.empty() || !tls.certificate.empty() || !tls.key.empty())
      return wrong("--tlsdir and --tlscacert, --tlscert, --tlskey exclude each other");
    result<transport::tls_options> files = transport::tls_options_of_directory(tls_dir);
    if (files.has_error()) return files.error().in("--tlsdir");
    files->server_name = tls.server_name;
    return files;
  }
  if (tls.certificate.empty() != tls.key.empty())
    return wrong(tls.certificate.empty() ? "--tlskey needs --tlscert FILE too" : "--tlscert needs --tlskey FILE too");
  return tls;
}

}  // namespace peelbox::cli
