"""Tokens for the daemon are fetched by the client: the daemon gets no login where the registry has a token server."""

import os
import subprocess
import unittest

from bed import TESTBED, BedTest, bed, peelbox
from private_registry import PASSWORD, USER, PrivateRegistry, TokenServer, certificates, docker_config


class Tokens(BedTest):
    def daemon(self, registry):
        """A daemon that trusts the registry; it is told nothing about the token server's login."""
        config = self.write("buildkitd.toml", f'[registry."{registry.address}"]\n  http = false\n  ca = ["{bed("CERTS")}/ca.pem"]\n')
        name = f"tokens-{os.getpid()}-{registry.address.split(':')[1]}"
        env = {**os.environ, "PEELBOX_TESTBED_DIR": bed("DIR")}
        started = subprocess.run([TESTBED, "daemon", "start", name, "--", "-config", config], capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual(started.returncode, 0, started.stderr)
        self.addCleanup(subprocess.run, [TESTBED, "daemon", "stop", name], capture_output=True, timeout=60, env=env)
        return started.stdout.split()[-1]

    def push(self, registry, daemon, tag, **env):
        self.context({"Dockerfile": f"FROM scratch\nCOPY Dockerfile /{tag}\n"})
        return peelbox("build", self.dir / "ctx", "-t", f"{registry.address}/team/app:{tag}", "--push", "--buildkit", daemon, env=env)

    def pull(self, registry, daemon, tag, **env):
        self.context({"Dockerfile": f"FROM {registry.address}/team/app:{tag}\n"})
        return peelbox("build", self.dir / "ctx", "--no-cache", "-o", f"type=oci,dest={self.dir}/{tag}.tar", "--buildkit", daemon, env=env)

    def test_push_and_pull_with_a_token_server(self):
        server = TokenServer(self)
        registry = PrivateRegistry(self, server, tls=True)
        daemon = self.daemon(registry)
        env = {"DOCKER_CONFIG": docker_config(self, registry), "XDG_CONFIG_HOME": certificates(self, registry.address)}
        self.assert_ok(self.push(registry, daemon, "1", **env))
        self.assert_ok(self.pull(registry, daemon, "1", **env))
        self.assertIn(f"{USER}:{PASSWORD}", {login for _, _, login in server.asked})
        # Nobody but us asked.
        self.assertEqual(server.agents, {"peelbox"})
        # The other way, so that this test would see a daemon that asks.
        self.assert_ok(self.push(registry, daemon, "2", BUILDKIT_NO_CLIENT_TOKEN="1", **env))
        self.assertNotEqual(server.agents, {"peelbox"})

    def test_what_the_token_server_refuses_is_said(self):
        server = TokenServer(self)
        registry = PrivateRegistry(self, server, tls=True)
        env = {"DOCKER_CONFIG": docker_config(self, registry, password="wrong"), "XDG_CONFIG_HOME": certificates(self, registry.address)}
        failed = self.push(registry, self.daemon(registry), "1", **env)
        self.assertEqual(failed.code, 1, str(failed))
        self.assertIn("token server", failed.err, str(failed))

    def test_a_password_over_tls(self):
        registry = PrivateRegistry(self, "htpasswd", tls=True)
        daemon = self.daemon(registry)
        env = {"DOCKER_CONFIG": docker_config(self, registry)}
        self.assert_ok(self.push(registry, daemon, "1", **env))
        self.assert_ok(self.pull(registry, daemon, "1", **env))

    def test_the_flag_of_buildctl(self):
        server = TokenServer(self)
        registry = PrivateRegistry(self, server, tls=True)
        daemon = self.daemon(registry)
        self.context({"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
        build = ["buildctl", "--addr", daemon, "build", "--frontend", "dockerfile.v0", "--local", f"context={self.dir}/ctx", "--local",
                 f"dockerfile={self.dir}/ctx", "--output", f"type=image,name={registry.address}/team/app:3,push=true"]
        env = {"DOCKER_CONFIG": docker_config(self, registry)}
        self.assert_ok(peelbox(*build, "--registry-auth-tlscontext", f"host={registry.address},ca={bed('CERTS')}/ca.pem", env=env))
        self.assertEqual(server.agents, {"peelbox"})
        wrong = peelbox(*build, "--registry-auth-tlscontext", "ca=x", env=env)
        self.assertEqual(wrong.code, 1, str(wrong))
        self.assertIn("host=HOST is missing", wrong.err)


if __name__ == "__main__":
    unittest.main()
