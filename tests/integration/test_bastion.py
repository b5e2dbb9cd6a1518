"""`peelbox pool --via-bastion`: daemons are reached by ssh. The program ssh is the test's own, but for one test with a real sshd."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

from bed import RUNTIME_IMAGE, bed, run, wait_for
from pool_case import PODS, PoolTest
from ssh_server import SshServer

# Leads where -W says, unless the file `mode` beside it says otherwise.
SSH = """import json, os, socket, sys, threading
folder = os.path.dirname(os.path.abspath(__file__))
with open(folder + "/started", "a") as log:
    log.write(json.dumps([os.getpid(), sys.argv[1:]]) + "\\n")
def end(words):
    print(words, file=sys.stderr)
    sys.exit(255)
mode = open(folder + "/mode").read()
if mode == "refuses":
    end("me@prod: Permission denied (publickey).")
if mode == "asks":
    try:
        open("/dev/tty")
    except OSError:
        end("me@prod: Permission denied (publickey,password).")
    threading.Event().wait()
host, port = sys.argv[sys.argv.index("-W") + 1].rsplit(":", 1)
try:
    there = socket.create_connection((host, int(port)), 10)
except OSError:
    end("channel 0: open failed: connect failed: Connection refused\\nstdio forwarding failed")
there.settimeout(None)
def up():
    while data := os.read(0, 65536):
        there.sendall(data)
    there.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := there.recv(65536):
    os.write(1, data)
os._exit(0)
"""


class Bastion(PoolTest):
    number = 0

    def setUp(self):
        super().setUp()
        self.configure()
        self.program("ssh", f"#!{sys.executable} -I\n{SSH}")
        self.mode("leads")
        self.env["PATH"] = f"{self.dir}/bin:/usr/bin:/bin"
        # Each test has an address of the loopback network for its pods, because their port is always the same.
        Bastion.number += 1
        self.address = f"127.{os.getpid() % 200 + 50}.{os.getpid() // 200 % 250}.{Bastion.number}"
        self.config = str(self.dir / "buildkit.json")
        self.via = ("--config", self.config, "--via-bastion")

    def configure(self, **more):
        self.write("buildkit.json", json.dumps({"registry": bed("REGISTRY"), "cluster": "x", "bastion": "me@prod", **more}))

    def program(self, name, text):
        self.write(f"bin/{name}", text, mode=0o755)

    def mode(self, name):
        self.write("bin/mode", name)

    def put_pods(self, *names):
        for name in names:
            self.put_pod(name, arch=name.split("-")[1])
            self.api.find(f"{PODS}/{name}")["status"]["podIP"] = self.address

    def daemon(self):
        """The bed's daemon, where pods listen."""
        server = socket.create_server((self.address, 1234))
        self.addCleanup(server.close)
        self.addCleanup(server.shutdown, socket.SHUT_RDWR)  # wakes who accepts
        host, port = bed("BUILDKITD_TCP").removeprefix("tcp://").rsplit(":", 1)

        def copy(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def lead(client):
            with client, socket.create_connection((host, int(port))) as there:
                up = threading.Thread(target=copy, args=(client, there), daemon=True)
                up.start()
                copy(there, client)
                up.join()

        def serve():
            while True:
                try:
                    client = server.accept()[0]
                except OSError:
                    return
                threading.Thread(target=lead, args=(client,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()

    def started(self):
        path = self.dir / "bin/started"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def assert_nothing_runs(self):
        for pid, _ in self.started():
            wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), f"the end of process {pid}", 20)

    def assert_only_ssh(self):
        """No connection to a daemon has gone through the API server, and ssh was told nothing else."""
        self.assertEqual([line for line, _, _ in self.api.requests if "/exec" in line], [])
        wanted = ["-o", "ConnectTimeout=30", "-W", f"{self.address}:1234", "-l", "me", "--", "prod"]
        self.assertTrue(self.started())
        for _, words in self.started():
            self.assertEqual(words, wanted)

    def test_tunnel_and_run(self):
        self.daemon()
        self.put_pods("buildkit-amd64-0")
        tunnel = self.begin("tunnel", "--arch", "amd64", "--port", "0", *self.via)
        address = tunnel.stdout.readline().strip()
        self.assertRegex(address, r"^tcp://127\.0\.0\.1:\d+$", self.said())
        workers = [bed("BUILDCTL"), "--addr", address, "debug", "workers"]
        for _ in range(2):
            self.assertEqual(run(workers).code, 0, self.said())
        self.assert_ok(self.build(daemon=address))
        # The pod goes: the next connection finds another one.
        self.api.lists[PODS] = []
        self.put_pods("buildkit-amd64-1")
        wait_for(lambda: "buildkit-amd64-0: it has gone" in self.said(), "words about the pod")
        self.assertEqual(run(workers).code, 0, self.said())
        self.assertIn("the tunnel leads to buildkit-amd64-1 now", self.said())
        tunnel.terminate()
        self.assertEqual(tunnel.wait(30), 143)
        self.assert_nothing_runs()
        script = f"{bed('BUILDCTL')} debug workers >/dev/null && exit 7"
        self.assert_pool(7, "run", "--arch", "amd64", *self.via, "--", "sh", "-c", script)
        self.assert_only_ssh()
        self.assert_nothing_runs()

    def test_questions(self):
        """Whoever asks daemons what they build takes the same way."""
        self.daemon()
        self.put_set("amd64", 2)
        self.put_pods("buildkit-amd64-0", "buildkit-amd64-1")
        answer = json.loads(self.assert_pool(0, "get-address", "--arch", "amd64", "--json", *self.via).out)
        self.assertTrue(all("builds" in pod for pod in answer["pods"]), answer)
        self.assertRegex(self.assert_pool(0, "status", *self.via).out, r"buildkit-amd64-0  ready  builds \d")
        self.assert_pool(0, "cache", "clear", "--only", "amd64", "--dry-run", *self.via)
        self.assert_pool(0, "scale", "down", "--only", "amd64", "--dry-run", *self.via)
        self.assert_only_ssh()
        self.assert_nothing_runs()

    def test_build(self):
        self.daemon()
        self.put_pods("buildkit-amd64-0", "buildkit-arm64-0")
        self.context({"Dockerfile": "FROM scratch\nCOPY hello.txt /\n", "hello.txt": str(time.time())})
        build = self.begin_build(*self.via, name="bastion")
        self.assertEqual(build.wait(240), 0, self.said())
        self.assert_only_ssh()
        self.assert_nothing_runs()

    def test_a_connection_that_ends_in_the_middle(self):
        self.daemon()
        self.put_pods("buildkit-amd64-0")
        self.context({"Dockerfile": f"FROM {RUNTIME_IMAGE}\nRUN echo {time.time()} && sleep 4\n"})
        build = self.begin_build("--only", "amd64", *self.via, name="bastion-cut")
        wait_for(lambda: "sleep 4" in self.said() or build.poll() is not None, "the step")
        for pid, _ in self.started():
            subprocess.run(["kill", "-KILL", str(pid)], stderr=subprocess.DEVNULL)
        self.assertEqual(build.wait(120), 0, self.said())
        self.assertIn(f"buildkit-amd64-0 ({self.address}) through ssh://me@prod: ssh ended with signal 9", self.said())
        self.assertIn("amd64: buildkit-amd64-0: the connection broke; trying again", self.said())
        self.assert_nothing_runs()

    def test_what_keeps_ssh(self):
        """Said in bounded time, with what helps; and nobody is asked anything on a terminal."""
        self.put_pods("buildkit-amd64-0")
        tunnel = ("tunnel", "--arch", "amd64", "--port", "0", *self.via)
        self.assertIn("me@prod was reached, and has no way on", self.assert_pool(3, *tunnel).err)
        for mode in ("refuses", "asks"):
            self.mode(mode)
            outcome = self.assert_pool(3, *tunnel)
            self.assertIn("ssh ended with exit code 255: me@prod: Permission denied", outcome.err)
            self.assertIn("`ssh -o BatchMode=yes me@prod true`", outcome.err)
            self.assertEqual(outcome.out, "")
        self.context({"Dockerfile": "FROM scratch\n"})
        build = self.begin_build("--only", "amd64", "--retry", "0", *self.via)
        self.assertEqual(build.wait(100), 1, self.said())
        self.assertIn("me@prod: Permission denied", self.said())
        self.assert_only_ssh()
        self.assert_nothing_runs()
        os.unlink(self.dir / "bin/ssh")
        self.env["PATH"] = str(self.dir / "bin")
        self.assertIn("the program ssh is not installed", self.assert_pool(2, *tunnel).err)
        self.assertIn("--config names the buildkit.json", self.assert_pool(2, *tunnel[:-3], "--via-bastion").err)
        self.write("buildkit.json", json.dumps({"registry": bed("REGISTRY"), "cluster": "x"}))
        self.assertIn('buildkit.json has no "bastion"', self.assert_pool(2, *tunnel).err)

    def signer(self, body):
        self.program("signer", f"#!/bin/sh\n{body}\n")
        self.configure(bastion_sign_command=[str(self.dir / "bin/signer"), "two words"])

    def test_a_certificate_is_signed_first(self):
        self.daemon()
        self.put_pods("buildkit-amd64-0")
        self.signer(f'echo "$1" >>{self.dir}/signed; ! [ -e {self.dir}/bin/started ]')
        self.assert_pool(0, "run", "--arch", "amd64", *self.via, "--", bed("BUILDCTL"), "debug", "workers")
        self.assertEqual((self.dir / "signed").read_text(), "two words\n", "it is run once, before the first connection")
        self.assert_only_ssh()
        self.assert_nothing_runs()

    def test_a_certificate_that_is_not_signed(self):
        """Told before a pod is started for it."""
        run_words = ("run", "--arch", "amd64", *self.via, "--", "true")
        self.signer("echo half of a key; echo 'Code: 403. permission denied' >&2; exit 2")
        self.assertIn("error: bastion_sign_command: " + str(self.dir / "bin/signer") + " ended with exit code 2: Code: 403", self.assert_pool(3, *run_words).err)
        self.signer("")
        os.unlink(self.dir / "bin/signer")
        self.assertIn("bin/signer is not installed", self.assert_pool(2, *run_words).err)
        # One that hangs ends with us.
        self.signer(f"echo $$ >{self.dir}/hangs; exec sleep 1000")
        hanging = self.begin(*run_words)
        pid = wait_for(lambda: (self.dir / "hangs").exists() and (self.dir / "hangs").read_text().strip(), "the command that signs")
        hanging.terminate()
        self.assertEqual(hanging.wait(30), 143, self.said())
        self.assertEqual(self.set_of()["spec"]["replicas"], 0)
        self.assertEqual(self.started(), [])
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    def test_a_real_server(self):
        self.daemon()
        self.put_pods("buildkit-amd64-0")
        server = SshServer(self)
        host = " ".join((self.dir / "host.pub").read_text().split()[:2])
        self.write("known", f"[127.0.0.1]:{server.port} {host}\n")
        self.write("ssh_config", f"Host prod\n HostName 127.0.0.1\n Port {server.port}\n User root\n IdentityFile {self.dir}/user\n"
                                 f" UserKnownHostsFile {self.dir}/known\n IdentitiesOnly yes\n IdentityAgent none\n")
        self.program("ssh", f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.dir}/ssh_config "$@"\n')
        self.configure(bastion="prod")
        words = ("run", "--arch", "amd64", *self.via, "--", bed("BUILDCTL"), "debug", "workers")
        self.assert_pool(0, *words)
        self.write("known", "")
        self.assertIn("Host key verification failed", self.assert_pool(3, *words).err)
