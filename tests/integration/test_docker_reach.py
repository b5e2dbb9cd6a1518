"""Engines and daemons that are elsewhere: TCP, TLS, Docker contexts, SSH, programs that carry a connection."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

from bed import (BUILD_IMAGE, LLB_TOOL, PEELBOX, RUNTIME_IMAGE, PrivateDockerd, Running, bed, clean_environment, free_port, peelbox, run, summary,
                 wait_for)
from docker_case import DockerTest
from ssh_server import SshServer
from terminal import Terminal

CERTS = {"ca.pem": "ca.pem", "cert.pem": "client-cert.pem", "key.pem": "client-key.pem"}


class Network(DockerTest):
    """A dockerd of its own that listens on loopback. Both the connection of /grpc and that of /session are hijacked."""

    def material(self, folder, **replaced):
        """What Docker's clients keep in a certificate directory, made of the bed's."""
        path = self.dir / folder
        path.mkdir(parents=True, exist_ok=True)
        for name, source in {**CERTS, **replaced}.items():
            if source:
                shutil.copy(pathlib.Path(bed("CERTS")) / source, path / name)
        return path

    def tls_engine(self):
        port = free_port()
        # The engine sees the bed's `run` folder only.
        folder = pathlib.Path(bed("DIR")) / "run" / f"it-tls-{os.getpid()}"
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        for name in ("ca.pem", "server-cert.pem", "server-key.pem"):
            shutil.copy(pathlib.Path(bed("CERTS")) / name, folder / name)
        engine = PrivateDockerd(self, "tls", containerd_store=True, flags=[
            "--host", f"tcp://127.0.0.1:{port}", "--tlsverify", "--tlscacert", folder / "ca.pem", "--tlscert",
            folder / "server-cert.pem", "--tlskey", folder / "server-key.pem"])
        return engine, f"tcp://127.0.0.1:{port}"

    def assert_builds(self, engine, env, reached):
        tag = "it-docker/reached:1"
        outcome = self.into_docker(tag=tag, env=env, **self.file_spec())
        self.assert_ok(outcome)
        self.assertIn(reached, summary(outcome)["output"])
        self.assert_prints(engine.docker("run", "--rm", "--network=none", tag), "hello\n")

    def test_tcp(self):
        port = free_port()
        engine = PrivateDockerd(self, "tcp", containerd_store=True,
                                flags=["--host", f"tcp://127.0.0.1:{port}", "--tls=false"])
        self.assert_builds(engine, {"DOCKER_HOST": f"tcp://127.0.0.1:{port}"}, f"tcp://127.0.0.1:{port}")
        # TLS towards an engine that speaks none.
        outcome = peelbox("info", "--buildkit", "docker://", env={
            "DOCKER_HOST": f"tcp://127.0.0.1:{port}", "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(self.material("certs"))})
        self.assert_fails(outcome, 3, f"tcp://127.0.0.1:{port}", "TLS")

    # labels: sanitized
    def test_tls_by_environment_and_by_context(self):
        engine, address = self.tls_engine()
        certs = self.material("certs")
        tls = {"DOCKER_HOST": address, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certs)}
        self.assert_builds(engine, tls, address)

        # A context with TLS material of its own, named by DOCKER_CONTEXT, by the configuration and by the address.
        digest = hashlib.sha256(b"far").hexdigest()
        self.write(f"docker/contexts/meta/{digest}/meta.json",
                   json.dumps({"Name": "far", "Metadata": {}, "Endpoints": {"docker": {"Host": address}}}))
        self.material(f"docker/contexts/tls/{digest}/docker")
        config = {"DOCKER_CONFIG": str(self.dir / "docker")}
        for env, daemon in (({**config, "DOCKER_CONTEXT": "far"}, "docker://"), (config, "docker://far")):
            outcome = peelbox("info", "--json", "--buildkit", daemon, env=env)
            self.assert_ok(outcome)
            report = json.loads(outcome.out)
            self.assertIn(address, report["reached"])
            self.assertIn('docker context "far"', report["reached"])
        self.write("docker/config.json", '{"currentContext": "far"}')
        self.assert_builds(engine, config, address)

        # A standalone daemon's image goes to that engine as well.
        loaded = self.into_docker(tag="it-docker/loaded-far:1", env=config, buildkit=bed("BUILDKITD"), **self.file_spec())
        self.assert_ok(loaded)
        self.assertIn("(loaded", summary(loaded)["output"])
        self.assert_prints(engine.docker("run", "--rm", "--network=none", "it-docker/loaded-far:1"), "hello\n")

        for env, *parts in (
                ({**tls, "DOCKER_CERT_PATH": str(self.material("none", **{"cert.pem": "", "key.pem": ""}))}, "certificate"),
                ({**tls, "DOCKER_CERT_PATH": str(self.material("bad", **{"cert.pem": "bad-cert.pem",
                                                                         "key.pem": "bad-key.pem"}))}, "certificate"),
                ({**tls, "DOCKER_CERT_PATH": str(self.material("other", **{"ca.pem": "otherca.pem"}))}, "certificate"),
                ({"DOCKER_HOST": address}, "expects TLS", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH")):
            outcome = peelbox("info", "--buildkit", "docker://", env=env)
            self.assert_fails(outcome, 3, address, *parts)


class Ssh(DockerTest):
    """A real sshd on loopback with keys and a configuration of its own; it ends with the test."""

    def setUp(self):
        super().setUp()
        tools = pathlib.Path(bed("DIR")) / "reach"
        # What the far side has in its PATH.
        (self.dir / "far").mkdir()
        (self.dir / "far/buildctl").symlink_to(bed("BUILDCTL"))
        self.write("far/docker", f'#!/bin/sh\nexec {bed("DOCKER_CLI")} -H {bed("DOCKER")} "$@"\n', mode=0o755)
        server = SshServer(self, f"{self.dir}/far:/usr/bin:/bin")
        self.port, self.sshd = server.port, server.sshd
        # The user's own configuration is not looked at.
        self.write("ssh_config", f"""IdentityFile {self.dir}/user
IdentitiesOnly yes
BatchMode yes
UserKnownHostsFile {self.dir}/known
StrictHostKeyChecking accept-new
""")
        self.write("near/ssh", f'#!/bin/sh\necho $$ >> {self.dir}/ssh.pids\nexec {tools}/usr/bin/ssh -F {self.dir}/ssh_config "$@"\n',
                   mode=0o755)
        self.env = {"PATH": f"{self.dir}/near:/usr/bin:/bin"}

    def assert_no_ssh_left(self):
        for pid in (self.dir / "ssh.pids").read_text().split():
            wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"the end of ssh (process {pid})", 20)

    # labels: sanitized
    def test_build_through_sshd(self):
        outcome = self.build(daemon=f"ssh://root@127.0.0.1:{self.port}", env=self.env)
        self.assert_ok(outcome)
        # With the daemon's socket in the address.
        socket_path = bed("BUILDKITD").removeprefix("unix://")
        info = peelbox("info", "--json", "--buildkit", f"ssh://root@127.0.0.1:{self.port}{socket_path}", env=self.env)
        self.assert_ok(info)
        self.assertTrue(json.loads(info.out)["healthy"])
        self.assert_no_ssh_left()

    def test_docker_engine_behind_sshd(self):
        env = {**self.env, "DOCKER_HOST": f"ssh://root@127.0.0.1:{self.port}"}
        outcome = self.into_docker(tag="it-docker/ssh:1", env=env, **self.file_spec())
        self.assert_ok(outcome)
        self.assertIn("stored by its own BuildKit", summary(outcome)["output"])
        self.assert_no_ssh_left()

    def test_the_engine_that_the_address_names(self):
        """The far side's docker has no engine of its own: the path of the address leads to one."""
        self.write("far/docker", f'#!/bin/sh\nexec {bed("DOCKER_CLI")} "$@"\n', mode=0o755)
        path = bed("DOCKER").removeprefix("unix://")
        env = {**self.env, "DOCKER_HOST": f"ssh://root@127.0.0.1:{self.port}{path}"}
        info = peelbox("info", "--json", "--buildkit", "docker://", env=env)
        self.assert_ok(info)
        self.assertTrue(json.loads(info.out)["healthy"])
        env["DOCKER_HOST"] = f"ssh://root@127.0.0.1:{self.port}/run/no-such.sock"
        self.assert_fails(peelbox("info", "--buildkit", "docker://", env=env), 3, "/run/no-such.sock")
        self.assert_no_ssh_left()

    def test_more_services_than_the_server_lets_in_at_a_time(self):
        """An sshd drops connections once a few have not logged in (MaxStartups). With a Docker engine each service has a
        session connection of its own."""
        self.context({"f": "x"})
        spec = self.write("services.json", json.dumps([{
            "version": "1.0", "metadata": {"project_name": f"s{i}", "language": "Shell", "build_system": "none"},
            "build": {"commands": [f"echo {i} > out"]},
            "runtime": {"copy": [{"from": "out", "to": "/opt/out"}], "command": ["/bin/cat", "/opt/out"]},
        } for i in range(16)]))
        outcome = peelbox("build", "--spec", spec, "--all", "--context", self.dir / "ctx", "--tag", "it-{service}:1",
                          "--output", "type=cacheonly", "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE,
                          "--progress", "plain", "--buildkit", "docker://",
                          env={**self.env, "DOCKER_HOST": f"ssh://root@127.0.0.1:{self.port}"}, timeout=180)
        self.assert_ok(outcome)
        self.assertIn("services 16 built, 0 failed", outcome.err)
        log = (self.dir / "sshd.log").read_text()
        self.assertIn("MaxStartups", log, "the server let all in; this test shows nothing")
        self.assert_no_ssh_left()

    def test_questions_that_ssh_cannot_ask(self):
        """From a terminal, as people start it: an unknown host is told at once, with what to do, and nothing is stopped
        by the terminal."""
        self.write("ssh_config", f"IdentityFile {self.dir}/user\nIdentitiesOnly yes\nUserKnownHostsFile {self.dir}/known\n")
        terminal = Terminal(self, f"PATH={self.env['PATH']} {PEELBOX} info --buildkit ssh://root@127.0.0.1:{self.port}; "
                                  "echo code=$?; sleep 600", columns=150)
        text = "\n".join(terminal.wait_for(lambda screen: any("code=" in line for line in screen), "the end"))
        self.assertIn("code=3", text)
        self.assertIn("Host key verification failed", text)
        self.assertIn("confirm the key", text)
        self.assert_no_ssh_left()

    def test_refused_key_and_closed_port(self):
        (self.dir / "authorized").write_text("")
        outcome = self.build(daemon=f"ssh://root@127.0.0.1:{self.port}", env=self.env)
        self.assert_fails(outcome, 3, "ssh ended with exit code 255", "Permission denied (publickey)")
        self.sshd.kill()
        self.sshd.wait()
        outcome = self.build(daemon=f"ssh://root@127.0.0.1:{self.port}", env=self.env)
        self.assert_fails(outcome, 3, "ssh ended with exit code 255", "Connection refused")
        self.assert_no_ssh_left()


class Programs(DockerTest):
    """podman, nerdctl and ssh as programs of the test's own that run the real `buildctl dial-stdio`."""

    ADDRESSES = {
        "podman": ("podman-container://bk", ["exec", "-i", "bk", "buildctl", "dial-stdio"]),
        "nerdctl": ("nerdctl-container://bk?namespace=ci",
                    ["exec", "--namespace", "ci", "-i", "bk", "buildctl", "dial-stdio"]),
        "ssh": ("ssh://me@bk:22", ["-o", "ConnectTimeout=30", "-l", "me", "-p", "22", "--", "bk", "buildctl", "dial-stdio"]),
    }

    def program(self, name, body):
        self.write(f"bin/{name}", f'#!/bin/sh\necho $$ >> {self.dir}/pids\nfor a; do echo "$a"; done > {self.dir}/arguments\n'
                   + body, mode=0o755)
        return {"PATH": f"{self.dir}/bin:/usr/bin:/bin"}

    def assert_reaped(self):
        """Neither running nor a zombie: its process id is gone."""
        for pid in (self.dir / "pids").read_text().split():
            wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"the end of process {pid}", 20)
        (self.dir / "pids").unlink()

    def test_build_through_each(self):
        for name, (address, arguments) in self.ADDRESSES.items():
            env = self.program(name, f'exec {bed("BUILDCTL")} --addr {bed("BUILDKITD")} dial-stdio\n')
            outcome = self.build(daemon=address, env=env)
            self.assert_ok(outcome)
            self.assertEqual((self.dir / "arguments").read_text().splitlines(), arguments)
            self.assert_reaped()

    def test_its_last_words_are_the_error(self):
        for name, (address, _) in self.ADDRESSES.items():
            env = self.program(name, 'i=0; while [ $i -lt 500 ]; do echo "noise $i"; i=$((i+1)); done >&2\n'
                                     'echo "Error: no container bk" >&2\nexit 125\n')
            outcome = self.build(daemon=address, env=env)
            self.assert_fails(outcome, 3, f"{name} ended with exit code 125", "Error: no container bk")
            self.assertNotIn("noise 1\n", outcome.err)
            self.assert_reaped()
        # One that answers something else.
        env = self.program("podman", "echo Hello, I am not BuildKit.; cat >/dev/null\n")
        outcome = self.build(daemon="podman-container://bk", env=env)
        self.assertEqual(outcome.code, 3, str(outcome))
        self.assert_reaped()

    def sleeping_build(self, env):
        definition = self.dir / "sleep.llb"
        definition.write_bytes(subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, "300"], capture_output=True,
                                              timeout=30).stdout)
        build = Running(self, "build", "--llb", definition, "--tag", "it:sleep", "--output",
                        f"type=oci,dest={self.dir}/image.tar", "--no-sbom", "--progress", "plain", "--buildkit",
                        "podman-container://bk", env=env)
        build.wait_for_text("sleeping")
        return build

    def test_killed_in_the_middle(self):
        """The program, killed: exit code 75 and its end in words. peelbox, killed: the program ends too."""
        env = self.program("podman", f'exec {bed("BUILDCTL")} --addr {bed("BUILDKITD")} dial-stdio\n')
        build = self.sleeping_build(env)
        for pid in (self.dir / "pids").read_text().split():
            with contextlib.suppress(ProcessLookupError):  # the end of one ends the build and with it the others
                os.kill(int(pid), signal.SIGKILL)
        self.assertEqual(build.wait(60), 75, build.text())
        self.assertIn("signal 9", build.text())
        self.assert_reaped()
        self.assert_nothing_left()

        build = self.sleeping_build(env)
        build.process.kill()
        build.process.wait()
        self.assert_reaped()

        build = self.sleeping_build(env)
        build.process.send_signal(signal.SIGINT)
        self.assertEqual(build.wait(60), 130, build.text())
        self.assert_reaped()
        self.assert_nothing_left()

    def test_program_that_ignores_its_end(self):
        env = self.program("podman", "trap '' TERM PIPE\necho oops >&2\nwhile :; do sleep 1; done\n")
        build = Running(self, "info", "--buildkit", "podman-container://bk",
                        env={**env, **{k: v for k, v in clean_environment().items() if k == "HOME"}})
        wait_for(lambda: (self.dir / "pids").exists(), "the program", 20)
        build.process.send_signal(signal.SIGINT)
        self.assertEqual(build.wait(30), 130, build.text())
        self.assert_reaped()
