"""Engines that refuse, hang, drip or lack something; machines without any daemon."""

import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

from bed import LLB_TOOL, PEELBOX, OciArchive, PrivateDockerd, bed, peelbox, sent, summary, wait_for
from docker_case import DockerTest


class ScannerMissing(DockerTest):
    def mirror(self):
        """The bed's registry without the scanner's image."""
        host, port = bed("REGISTRY").split(":")

        class Mirror(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if "buildkit-syft-scanner" in self.path:
                    self.send_error(404)
                    return
                upstream = http.client.HTTPConnection(host, int(port), timeout=60)
                upstream.request(self.command, self.path, headers=dict(self.headers))
                reply = upstream.getresponse()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                while part := reply.read(1 << 16):
                    self.wfile.write(part)
                upstream.close()

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    def engine_without_scanner(self):
        return PrivateDockerd(self, "scanner", containerd_store=True, overrides={
            "registry-mirrors": [self.mirror()],
            # Nothing answers there: the way to the real registry ends at once.
            "proxies": {"https-proxy": "http://127.0.0.1:9", "http-proxy": "http://127.0.0.1:9", "no-proxy": "127.0.0.1"}})

    def test_nothing_runs_twice_without_the_cache(self):
        engine = self.engine_without_scanner()
        spec = self.spec(build={"commands": ["echo ran-$((40 + 2)) > out"]}, runtime={"copy": [{"from": "out", "to": "/srv/out"}]})
        loud = self.spec("loud.json", build={"commands": ["echo ran-$((40 + 2)) | tee out"]},
                         runtime={"copy": [{"from": "out", "to": "/srv/out"}]})
        for one, times in ((spec, 0), (loud, 1)):
            outcome = self.into_docker("--no-cache", "--output", f"type=oci,dest={self.dir}/image.tar", spec=one,
                                       env={"DOCKER_HOST": engine.address})
            self.assert_ok(outcome)
            self.assertIn("no SBOM was made, because the daemon cannot pull the scanner image", outcome.err)
            self.assertEqual(outcome.err.count("ran-42"), times, str(outcome))

    def test_a_definition_with_nothing_left_to_attest_is_still_exported(self):
        engine = self.engine_without_scanner()
        made = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30)
        llb = self.dir / "def.llb"
        llb.write_bytes(made.stdout)
        outcome = peelbox("build", "--llb", llb, "--local", f"context={self.context({'x': '1'})}", "--tag", "it:plain", "--no-provenance",
                          "--output", f"type=oci,dest={self.dir}/plain.tar", "--progress", "plain", "--buildkit", "docker://",
                          env={"DOCKER_HOST": engine.address})
        self.assert_ok(outcome)
        self.assertIn("no SBOM was made", outcome.err)
        self.assertEqual(len(OciArchive(self.dir / "plain.tar").layer_digests()), 1)

    def test_second_try_without_sbom_on_the_same_session(self):
        engine = self.engine_without_scanner()
        made = self.file_spec()
        archive = self.dir / "image.tar"
        outcome = self.into_docker("-vv", "--output", f"type=oci,dest={archive}", env={"DOCKER_HOST": engine.address}, **made)
        self.assert_ok(outcome)
        self.assertIn("no SBOM was made, because the daemon cannot pull the scanner image", outcome.err)
        self.assertEqual(summary(outcome).get("attested"), "provenance")
        self.assertEqual(OciArchive(archive).predicates(), ["https://slsa.dev/provenance/v0.2"])
        # One session served both solves.
        self.assertEqual(outcome.err.count("\nsession: connected to"), 1, str(outcome))
        # The context, too, was sent and counted once.
        self.assertEqual(sent(outcome), (1, 1))
        self.assertEqual(outcome.err.count("the daemon asks for directory"), 1, str(outcome))


class Imposter(DockerTest):
    """Sockets that begin like an engine."""

    ACCEPTED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    def listen(self, serve, name="d.sock"):
        path = self.dir / name
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen(16)
        self.addCleanup(server.close)

        def accept():
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=self.quietly, args=(serve, peer), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return {"DOCKER_HOST": f"unix://{path}"}

    def quietly(self, serve, peer):
        try:
            with peer:
                serve(peer)
        except OSError:
            pass  # peelbox has gone

    def hang(self, peer):
        while peer.recv(65536):
            pass

    def test_engines_that_hang(self):
        """Before the reply, inside of it, after the upgrade: each ends within the limit, and all are tried side by side."""

        def never(peer):
            self.hang(peer)

        def drip_forever(peer):
            peer.sendall(b"HTTP/1.1 101 UPGRADED\r\nX-Filler: ")
            while True:
                peer.sendall(b"x")
                time.sleep(0.05)

        def silent_after_upgrade(peer):
            peer.recv(65536)
            peer.sendall(self.ACCEPTED)
            self.hang(peer)

        started = []
        for name, serve, words in (("never", never, "no answer to POST /grpc within"),
                                   ("drip", drip_forever, "no answer to POST /grpc within"),
                                   ("silent", silent_after_upgrade, "did not answer with HTTP/2 within")):
            env = {"PATH": "/usr/bin:/bin", "DOCKER_CONFIG": "/nonexistent", **self.listen(serve, name + ".sock")}
            started.append((name, words, subprocess.Popen([PEELBOX, "info", "--buildkit", "docker://"], env=env,
                                                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)))
        for name, words, process in started:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 3, err)
            self.assertIn(words, err)
            self.assertIn(f"{name}.sock", err)

    # labels: sanitized
    def test_reply_byte_by_byte_then_a_real_engine(self):
        """What follows the head of the reply, in the same read or not, belongs to the tunnel."""
        real = bed("DOCKER").removeprefix("unix://")

        def dripping(peer):
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(real)
                engine.sendall(peer.recv(65536))
                head = b""
                while b"\r\n\r\n" not in head:
                    head += engine.recv(65536)
                for i in range(len(head)):
                    peer.sendall(head[i:i + 1])
                back = threading.Thread(target=self.quietly, args=(lambda _: self.copy(engine, peer), engine.dup()),
                                        daemon=True)
                back.start()
                self.copy(peer, engine)
                back.join(60)

        tag = "it-docker/drip:1"
        outcome = self.into_docker(tag=tag, env=self.listen(dripping), **self.file_spec())
        self.assert_ok(outcome)
        self.assertEqual(summary(outcome)["output"].split()[-5:], "(stored by its own BuildKit)".split())

    def copy(self, source, target):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)

    def test_refusals_while_finding_a_daemon(self):
        """Nobody named the engine: its words are in the list of attempts, and the exit code is that of no connection."""
        for reply, words in ((b'HTTP/1.1 404 Not Found\r\nContent-Length: 28\r\n\r\n{"message":"page not found"}',
                              "page not found: the engine has no BuildKit; Docker 23.0 or newer has one"),
                             (b'HTTP/1.1 500 Internal Server Error\r\n\r\n{"message":"disk on fire"}', "disk on fire"),
                             (b"", "the connection was closed")):
            def answer(peer, reply=reply):
                peer.recv(65536)
                peer.sendall(reply)

            outcome = peelbox("info", env={**self.listen(answer, f"{len(reply)}.sock"), "XDG_RUNTIME_DIR": str(self.dir)})
            self.assert_fails(outcome, 3, "no BuildKit daemon was found. Tried:", "docker:// (Docker's own BuildKit): ",
                              words)


class Loading(Imposter):
    """A standalone daemon builds, and something that begins like an engine is given the image."""

    INFO = b'{"Driver":"overlay2"}'

    def engine_that(self, load):
        """Answers what is asked before; `load` has the connection of POST /images/load, whose head has been read."""

        def serve(peer):
            seen = b""
            while b"\r\n\r\n" not in seen:
                if not (part := peer.recv(65536)):
                    return
                seen += part
            if seen.startswith(b"GET /info"):
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.INFO) + self.INFO)
            elif seen.startswith(b"GET /images/"):
                peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
            elif seen.startswith(b"POST /images/load"):
                load(peer, seen)
            else:
                self.hang(peer)

        return self.listen(serve)

    def rest_of(self, peer, seen):
        while not seen.endswith(b"0\r\n\r\n"):
            if not (part := peer.recv(1 << 20)):
                return
            seen = seen[-16:] + part

    def into(self, env, *arguments):
        return self.into_docker("--no-sbom", *arguments, env=env, buildkit=bed("BUILDKITD"), **self.file_spec())

    def test_an_answer_that_does_not_say_loaded_is_a_failure(self):
        def nothing_said(peer, seen):
            self.rest_of(peer, seen)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        self.assert_fails(self.into(self.engine_that(nothing_said)), 4, "neither says that it has loaded it nor has it")

    def test_an_answer_that_is_cut_off(self):
        def cut_off(peer, seen):
            self.rest_of(peer, seen)
            peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"stream":"Loa')

        self.assert_fails(self.into(self.engine_that(cut_off)), 75, "went away while it loaded the image", "build again")

    def test_an_engine_that_hangs(self):
        started = time.monotonic()
        outcome = self.into(self.engine_that(lambda peer, _: time.sleep(300)), "--silence-limit", "10")
        self.assert_fails(outcome, 75, "does not answer a ping", "it hangs")
        self.assertLess(time.monotonic() - started, 60)


class Nothing(DockerTest):
    """A machine without any daemon: nothing in /run, a home and a PATH of the test's own."""

    def alone(self, *command, env=None, mounts=""):
        (self.dir / "home").mkdir(exist_ok=True)
        (self.dir / "bin").mkdir(exist_ok=True)
        everything = {"HOME": str(self.dir / "home"), "PATH": f"{self.dir}/bin", **(env or {})}
        script = f'mount -t tmpfs tmpfs /run; {mounts} exec env -i "$@"'
        done = subprocess.run(["unshare", "--mount", "--propagation", "slave", "sh", "-ec", script, "sh",
                               *[f"{k}={v}" for k, v in everything.items()], PEELBOX, *command],
                              capture_output=True, text=True, timeout=120, cwd="/")
        return done

    HOW = ("To get one: {} Or start a standalone one: `buildkitd` as root listens on unix:///run/buildkit/buildkitd.sock, "
           "`rootlesskit buildkitd` on $XDG_RUNTIME_DIR/buildkit/buildkitd.sock. Or name one with --buildkit ADDRESS or "
           "BUILDKIT_HOST, for example --buildkit tcp://127.0.0.1:1234.\n")
    INSTALL = ("install Docker Engine 23.0 or newer (Debian, Ubuntu: `sudo apt install docker.io`; Fedora: `sudo dnf "
               "install moby-engine`), whose BuildKit is used then.")

    def test_every_attempt_and_what_to_do(self):
        self.maxDiff = None
        done = self.alone("info", env={"XDG_RUNTIME_DIR": "/run/user/7"})
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr, f"""error: no BuildKit daemon was found. Tried:
  unix:///run/buildkit/buildkitd.sock (default socket): there is no such socket
  unix:///run/user/7/buildkit/buildkitd.sock (rootless socket): there is no such socket
  docker:// (Docker's own BuildKit): Docker engine at unix:///var/run/docker.sock (Docker's default socket): there is no such socket: is Docker installed and running?
""" + self.HOW.format(self.INSTALL))
        self.assertEqual(done.stdout, "")

    def test_programs_that_are_there_are_suggested(self):
        for program, words in (("dockerd", "start Docker (`sudo systemctl start docker`), whose BuildKit is used then."),
                               ("buildkitd", "buildkitd is installed, so `--buildkit spawn:` runs one for this build only.")):
            (self.dir / "bin").mkdir(exist_ok=True)
            self.write(f"bin/{program}", "#!/bin/sh\n", mode=0o755)
            self.assertIn(self.HOW.format(words), self.alone("info").stderr)

    def test_a_named_daemon_is_the_only_one(self):
        """Also when another one is there: what was asked for is what counts."""
        mounts = f"mkdir /run/buildkit; ln -s {bed('BUILDKITD').removeprefix('unix://')} /run/buildkit/buildkitd.sock;"
        found = self.alone("info", "--json", mounts=mounts)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertEqual(json.loads(found.stdout)["source"], "default socket")
        for arguments, env in ((["--buildkit", "unix:///run/none.sock"], {}), ([], {"BUILDKIT_HOST": "unix:///run/none.sock"})):
            done = self.alone("info", *arguments, env=env, mounts=mounts)
            self.assertEqual(done.returncode, 3)
            self.assertIn("unix:///run/none.sock", done.stderr)
            self.assertNotIn("Tried:", done.stderr)

    def test_permission_denied_says_which_group(self):
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(str(self.dir / "docker.sock"))
        server.listen(1)
        (self.dir / "docker.sock").chmod(0o600)
        self.dir.chmod(0o755)
        mounts = f"mkdir /run/buildkit; ln -s {self.dir}/docker.sock /run/docker.sock; ln -s {self.dir}/docker.sock " \
                 "/run/buildkit/buildkitd.sock;"
        script = f'mount -t tmpfs -o mode=755 tmpfs /run; {mounts} exec setpriv --reuid 65534 --regid 65534 --clear-groups ' \
                 'env -i PATH=/usr/bin HOME=/nonexistent "$@"'
        done = subprocess.run(["unshare", "--mount", "--propagation", "slave", "sh", "-ec", script, "sh", PEELBOX, "info"],
                              capture_output=True, text=True, timeout=60, cwd="/")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("unix:///run/buildkit/buildkitd.sock (default socket): permission denied", done.stderr)
        self.assertIn("sudo usermod -aG docker $USER", done.stderr)


class InfoKeys(DockerTest):
    """What scripts may rely on."""

    KEYS = {"address", "reached", "source", "healthy", "version", "outputs", "attestations", "workers", "tried"}

    def test_keys_are_stable(self):
        standalone = json.loads(peelbox("info", "--json", "--buildkit", bed("BUILDKITD")).out)
        self.assertEqual(set(standalone), self.KEYS)
        self.assertEqual(standalone["address"], bed("BUILDKITD"))
        self.assertEqual(standalone["source"], "--buildkit")
        self.assertEqual(standalone["version"], "v0.13.2")
        self.assertEqual(standalone["outputs"], ["docker", "image", "local", "oci", "tar"])
        self.assertEqual(standalone["tried"], [])
        self.assertEqual(set(standalone["workers"][0]), {"id", "version", "platforms", "labels"})
        embedded = json.loads(peelbox("info", "--json", "--buildkit", "docker://", env=self.engine).out)
        self.assertEqual(set(embedded), self.KEYS | {"docker"})
        self.assertEqual(set(embedded["docker"]), {"version", "apiVersion", "imageStore", "storageDriver"})
        self.assertIn("moby", embedded["outputs"])
        old = peelbox("info", "--json", "--buildkit", bed("OLD_BUILDKITD"))
        self.assertEqual(set(json.loads(old.out)), self.KEYS | {"reason"})
        self.assertEqual((old.code, json.loads(old.out)["healthy"]), (3, False))
        gone = peelbox("info", "--json", "--buildkit", f"unix://{self.dir}/none")
        self.assertEqual(set(json.loads(gone.out)), {"address", "healthy", "reason"})
        nothing = peelbox("info", "--json", env={"DOCKER_HOST": f"unix://{self.dir}/none", "XDG_RUNTIME_DIR": "/nonexistent"})
        self.assertEqual(set(json.loads(nothing.out)), {"healthy", "reason"})


class Rootless(DockerTest):
    """`spawn:` as nobody, with Debian's rootlesskit and the bed's buildkitd."""

    def as_nobody(self, *command, ids="nobody:100000:65536\n", tools=True):
        """Argument list; the ranges of ids are seen by this process only."""
        root = bed("DIR")
        self.dir.chmod(0o755)
        self.write("ids", ids)
        for folder in ("home", "run"):
            (self.dir / folder).mkdir(exist_ok=True)
            os.chown(self.dir / folder, 65534, 65534)
        self.write("bin/buildkitd", f'#!/bin/sh\nexec {root}/bin/buildkitd -config {root}/run/buildkitd.toml -runc '
                                    f'{root}/host/usr/sbin/runc -snapshotter native "$@"\n', mode=0o755)
        path = f"{self.dir}/bin:" + (f"{root}/reach/usr/bin:" if tools else "") + "/usr/bin:/bin"
        script = f'mount --bind {self.dir}/ids /etc/subuid; mount --bind {self.dir}/ids /etc/subgid; ' \
                 'exec setpriv --reuid 65534 --regid 65534 --clear-groups env -i "$@"'
        return ["unshare", "--mount", "--propagation", "slave", "sh", "-ec", script, "sh", f"HOME={self.dir}/home",
                f"TMPDIR={self.dir}/run", f"XDG_RUNTIME_DIR={self.dir}/run", f"PATH={path}",
                f"LD_LIBRARY_PATH={root}/reach/usr/lib/x86_64-linux-gnu", PEELBOX, *[str(c) for c in command]]

    def run_as_nobody(self, *command, **how):
        return subprocess.run(self.as_nobody(*command, **how), capture_output=True, text=True, timeout=120, cwd="/",
                              stdin=subprocess.DEVNULL)

    def processes(self):
        """All whose command line or environment tells of this test."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                except OSError:
                    continue
                if str(self.dir).encode() in text:
                    found.append(entry.name)
        return found

    def assert_nothing_runs(self):
        wait_for(lambda: not self.processes(), "the end of all processes", 30)
        self.assertEqual([p.name for p in (self.dir / "run").iterdir() if p.name.startswith("peelbox-spawn")], [])

    def test_builds_without_root(self):
        """The bed's buildkitd runs no containers without root (its runc wants control groups): an image is fetched, and
        the context goes through."""
        (self.dir / "tree").mkdir()
        self.write("tree/a.txt", "content\n")
        definition = self.dir / "local.llb"
        definition.write_bytes(subprocess.run([LLB_TOOL, "local", "--name", "tree"], capture_output=True, timeout=30).stdout)
        done = self.run_as_nobody("build", "--llb", definition, "--local", f"tree={self.dir}/tree", "--tag", "x:1", "--output",
                                  f"type=local,dest={self.dir}/home/out", "--buildkit", "spawn:", "--progress", "plain")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.dir / "home/out/a.txt").read_text(), "content\n")
        self.assertEqual((self.dir / "home/out/a.txt").stat().st_uid, 65534)
        self.assert_nothing_runs()

    def test_killed_without_root_leaves_nothing(self):
        with subprocess.Popen(self.as_nobody("dial-stdio", "-v", "--buildkit", "spawn:"), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/") as process:
            self.addCleanup(process.kill)
            while "started rootlesskit" not in (line := process.stderr.readline()):
                self.assertTrue(line, "peelbox ended")
            wait_for(lambda: list((self.dir / "run").glob("*/buildkitd.sock")), "the daemon's socket", 60)
            self.assertGreater(len(self.processes()), 2)
            process.kill()
            process.wait()
            wait_for(lambda: not self.processes(), "the end of all processes", 30)

    def test_what_is_missing_is_said(self):
        done = self.run_as_nobody("info", "--buildkit", "spawn:", ids="")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("No subuid ranges found", done.stderr)
        self.assertIn("sudo usermod --add-subuids", done.stderr)
        self.assert_nothing_runs()
        done = self.run_as_nobody("info", "--buildkit", "spawn:", tools=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("sudo apt install rootlesskit uidmap", done.stderr)
