"""Docker's own BuildKit and Docker's image store, on real engines; and engines that misbehave."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading

from bed import (BUILD_IMAGE, LLB_TOOL, PEELBOX, REPO, OciArchive, PrivateDockerd, Running, bed, peelbox, run,
                 summary, wait_for)
from docker_case import DockerTest, docker


class ConfigCase(DockerTest):
    """Every field of an image's configuration as the engine tells it."""

    SPEC = {"copy": [{"from": "hello.txt", "to": "/srv/hello.txt"}], "ports": [80, 8443],
            "env": {"GREETING": "hi there", "EMPTY": "", "A": "x=y"}, "command": ["/bin/cat", "/srv/hello.txt"],
            "health": {"endpoint": "/ok"}}

    def assert_config_of_spec(self, tag, env, engine_docker, buildkit="docker://"):
        made = self.file_spec(**self.SPEC)
        outcome = self.into_docker(tag=tag, env=env, buildkit=buildkit, **made)
        self.assert_ok(outcome)
        self.assert_config(engine_docker("image", "inspect", tag).out, tag)
        ran = engine_docker("run", "--rm", "--network=none", tag)
        self.assert_prints(ran, "hello\n")
        return made

    def assert_config(self, inspected, tag):
        image = json.loads(inspected)[0]
        self.assertEqual((image["Os"], image["Architecture"]), ("linux", "amd64"))
        self.assertEqual(image["RepoTags"], [tag])
        config = {key: value for key, value in image["Config"].items() if value not in (None, "", [], {}, False)}
        health = config.pop("Healthcheck")
        self.assertEqual(health["Test"][0], "CMD-SHELL")
        self.assertIn("http://127.0.0.1:80/ok", health["Test"][1])
        self.assertEqual((health["Interval"], health["Timeout"], health["StartPeriod"], health["Retries"]),
                         (30 * 10**9, 5 * 10**9, 15 * 10**9, 3))
        # The engine of 26 repeats Hostname and the like only when they are set; nothing else may be there.
        self.assertEqual(config, {
            "Env": ["A=x=y", "EMPTY=", "GREETING=hi there",
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": ["/bin/cat", "/srv/hello.txt"],
            "ExposedPorts": {"80/tcp": {}, "8443/tcp": {}},
            "WorkingDir": "/app",
        })
        self.assertGreater(len(image["RootFS"]["Layers"]), 1)


class Embedded(ConfigCase):
    """Control over POST /grpc, session over POST /session."""

    # labels: sanitized
    def test_c_example_runs(self):
        outcome = self.example("c-hello", "it-docker/c-hello:1")
        self.assertIn("stored by its own BuildKit", summary(outcome)["output"])
        self.assert_listed("it-docker/c-hello:1", summary(outcome)["digest"])
        ran = docker("run", "--rm", "--network=none", "it-docker/c-hello:1")
        self.assertEqual(ran.out, (REPO / "examples/c-hello/expected-output").read_text(), str(ran))

    def assert_listed(self, tag, digest):
        listed = docker("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").out.splitlines()
        self.assertIn(f"{tag} {digest}", listed)

    def test_two_services_run(self):
        outcome = self.example("two-services", "it-docker/{service}:1", "--all", "--quiet", progress="quiet")
        digests = dict(line.split() for line in outcome.out.splitlines())
        self.assertEqual(sorted(digests), ["counter", "greeter"])
        for name, digest in digests.items():
            self.assert_listed(f"it-docker/{name}:1", digest)
            ran = docker("run", "--rm", "--network=none", f"it-docker/{name}:1")
            self.assertEqual(ran.out, (REPO / f"examples/two-services/{name}/expected-output").read_text(), str(ran))

    def test_python_example_serves(self):
        # This runtime image has python3, so that no package is fetched.
        outcome = self.example("python-http", "it-docker/python:1", "--runtime-image", BUILD_IMAGE)
        self.assert_listed("it-docker/python:1", summary(outcome)["digest"])
        started = docker("run", "-d", "--rm", "--network=none", "it-docker/python:1")
        self.assertEqual(started.code, 0, str(started))
        container = started.out.strip()
        self.addCleanup(docker, "rm", "-f", container)
        wait_for(lambda: docker("logs", container).out, "the first line of the server", 60)
        self.assertEqual(docker("logs", container).out, (REPO / "examples/python-http/expected-output").read_text())
        ask = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8000/').read().decode(), end='')"
        wait_for(lambda: docker("exec", container, "python3", "-c", ask).out == "hello from python\n", "an answer", 60)

    def test_config_equals_the_spec(self):
        self.assert_config_of_spec("it-docker/config:1", self.engine, docker)

    def test_unchanged_files_are_not_sent_again(self):
        context = self.context({"a": "1" * 1000, "b": "2"})
        spec = self.spec(runtime={"copy": [{"from": "a", "to": "/a"}]})
        self.assert_ok(self.into_docker(spec=spec, context=context))
        again = self.into_docker(spec=spec, context=context)
        self.assert_ok(again)
        self.assertTrue(summary(again)["context"].startswith("0 of 2 files"), str(again))

    def test_attested_image_is_stored(self):
        outcome = self.into_docker("--provenance", "--no-sbom", tag="it-docker/attested:1")
        self.assert_ok(outcome)
        self.assertEqual(docker("run", "--rm", "--network=none", "it-docker/attested:1").code, 0)

    def test_several_platforms_are_stored(self):
        """The programs are those of this machine, whatever platform the images say, so they run."""
        tag = f"it-docker/platforms:{os.getpid()}"
        self.addCleanup(docker, "rmi", "-f", tag)
        outcome = self.into_docker("--platform", "linux/amd64,linux/arm64", "--metadata-file", self.dir / "meta.json", tag=tag,
                                   **self.file_spec())
        self.assert_ok(outcome)
        self.assertIn("buildx.build.provenance/linux/arm64", json.loads((self.dir / "meta.json").read_text()))
        self.assertEqual(summary(outcome)["platform"], "linux/amd64, linux/arm64")
        self.assert_prints(docker("run", "--rm", "--network=none", tag), "hello\n")
        self.assert_platforms(tag, ["linux/amd64", "linux/arm64"])

    def assert_platforms(self, tag, platforms):
        """The whole index is there: `docker save` writes every platform of it."""
        archive = self.dir / "saved.tar"
        saved = docker("save", "-o", archive, tag)
        self.assertEqual(saved.code, 0, str(saved))
        found = [d.get("platform") for d, _ in OciArchive(archive).manifests()]
        self.assertEqual(sorted(f"{p['os']}/{p['architecture']}" for p in found), platforms)

    def test_archive_through_docker(self):
        outcome = self.into_docker("--output", f"type=oci,dest={self.dir}/x.tar", "--no-sbom")
        self.assert_ok(outcome)
        self.assertGreater((self.dir / "x.tar").stat().st_size, 1000)

    def test_failed_build_tells_the_step(self):
        outcome = self.into_docker(spec=self.spec(build={"commands": ["echo why; exit 7"]},
                                                  runtime={"copy": [{"from": "x", "to": "/x"}]}))
        self.assert_fails(outcome, 1, "exit code: 7", "why")


class GraphDriver(ConfigCase):
    """An engine without the containerd image store knows the exporter "moby" only, and config through the gateway."""

    def test_image_and_its_config(self):
        engine = PrivateDockerd(self, "graph", containerd_store=False)
        env = {"DOCKER_HOST": engine.address}
        self.assertNotIn("io.containerd.snapshotter", engine.docker("info").out)
        made = self.assert_config_of_spec("it-docker/graph:1", env, engine.docker)
        for flags, what in ((["--provenance"], "SBOM or provenance"),
                            (["--platform", "linux/amd64,linux/arm64"], "several platforms")):
            refused = self.into_docker(*flags, env=env, **made)
            self.assert_fails(refused, 2, what, "containerd image store", "type=oci,dest=FILE")
        # The same store takes an archive of a standalone daemon; the second time there is nothing to send.
        self.assert_config_of_spec("it-docker/loaded:1", env, engine.docker, buildkit=bed("BUILDKITD"))
        again = self.into_docker(tag="it-docker/loaded:1", env=env, buildkit=bed("BUILDKITD"), **made)
        self.assertIn("transfer skipped", summary(again)["output"])
        refused = self.into_docker("--platform", "linux/amd64,linux/arm64", env=env, buildkit=bed("BUILDKITD"), **made)
        self.assert_fails(refused, 2, "several platforms", "build for one --platform")


class Restarted(DockerTest):
    def test_dockerd_that_is_restarted_in_the_middle(self):
        engine = PrivateDockerd(self, "restart", containerd_store=True)
        definition = self.dir / "sleep.llb"
        definition.write_bytes(subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, "300"], capture_output=True,
                                              timeout=30).stdout)
        build = Running(self, "build", "--llb", definition, "--tag", "it:sleep", "--output",
                        f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--buildkit", "docker://",
                        env={"DOCKER_HOST": engine.address})
        build.wait_for_text("sleeping")
        os.kill(engine.dockerd_pid(), signal.SIGTERM)
        self.assertEqual(build.wait(60), 75, build.text())
        self.assertIn("running:", build.text())
        self.assertIn("sleep", build.text().split("running:")[1])
        self.assert_nothing_left()


class Loading(DockerTest):
    """A standalone BuildKit and Docker's image store."""

    # labels: sanitized
    def test_loads_and_skips_what_is_there(self):
        tag = f"it-docker/load:{os.getpid()}"
        context = self.context({"f": os.urandom(2 << 20)})
        spec = self.spec(runtime={"copy": [{"from": "f", "to": "/f"}], "command": ["/bin/true"]}, build={"commands": []})
        first = self.into_docker(tag=tag, spec=spec, context=context, buildkit=bed("BUILDKITD"))
        self.addCleanup(docker, "rmi", "-f", tag, tag + "-again")
        self.assert_ok(first)
        self.assertIn("(loaded", summary(first)["output"])
        self.assertEqual(docker("run", "--rm", "--network=none", tag).code, 0)
        again = self.into_docker(tag=tag, spec=spec, context=context, buildkit=bed("BUILDKITD"))
        self.assert_ok(again)
        self.assertIn("transfer skipped", summary(again)["output"])
        other = self.into_docker(tag=tag + "-again", spec=spec, context=context, buildkit=bed("BUILDKITD"))
        self.assert_ok(other)
        self.assertIn("only named it", summary(other)["output"])
        self.assertEqual(docker("run", "--rm", "--network=none", tag + "-again").code, 0)

    def test_attested_archive_is_loaded(self):
        outcome = self.into_docker("--provenance", tag="it-docker/attested-load:1", buildkit=bed("BUILDKITD"))
        self.assert_ok(outcome)
        self.assertEqual(docker("run", "--rm", "--network=none", "it-docker/attested-load:1").code, 0)

    def test_archive_of_several_platforms_is_loaded(self):
        tag = f"it-docker/platforms-load:{os.getpid()}"
        self.addCleanup(docker, "rmi", "-f", tag)
        made = self.file_spec()
        for expected in ("(loaded", "transfer skipped"):
            outcome = self.into_docker("--platform", "linux/amd64,linux/arm64", tag=tag, buildkit=bed("BUILDKITD"), **made)
            self.assert_ok(outcome)
            self.assertIn(expected, summary(outcome)["output"])
        self.assert_prints(docker("run", "--rm", "--network=none", tag), "hello\n")

    def test_no_engine_is_said_before_the_build(self):
        outcome = self.into_docker(buildkit=bed("BUILDKITD"), env={"DOCKER_HOST": f"unix://{self.dir}/none.sock"})
        self.assert_fails(outcome, 3, "none.sock", "type=oci,dest=FILE")
        self.assertNotIn("#1", outcome.err)


class Found(DockerTest):
    def test_docker_is_the_fallback_and_said_once(self):
        outcome = self.into_docker(buildkit=None, env={**self.engine, "XDG_RUNTIME_DIR": str(self.dir)})
        self.assert_ok(outcome)
        self.assertEqual(outcome.err.count("using the one inside of Docker"), 1, str(outcome))

    def test_every_attempt_is_listed(self):
        outcome = self.into_docker(buildkit=None, env={"DOCKER_HOST": f"unix://{self.dir}/docker.sock",
                                                       "XDG_RUNTIME_DIR": str(self.dir)})
        self.assert_fails(outcome, 3, "unix:///run/buildkit/buildkitd.sock", f"{self.dir}/buildkit/buildkitd.sock",
                          f"{self.dir}/docker.sock", "install")

    def test_a_daemon_program_is_suggested(self):
        self.write("bin/buildkitd", "#!/bin/sh\n", mode=0o755)
        outcome = self.into_docker(buildkit=None, env={"DOCKER_HOST": f"unix://{self.dir}/docker.sock",
                                                       "PATH": f"{self.dir}/bin:{os.environ['PATH']}"})
        self.assert_fails(outcome, 3, "--buildkit spawn:")

    def test_old_engine_is_refused_with_its_version(self):
        outcome = self.into_docker(env={"DOCKER_HOST": bed("DOCKER_OLD")})
        self.assert_fails(outcome, 3, "too old", "Docker Engine 20.10", "v0.11.0", "23.0")

    def test_context_that_points_nowhere(self):
        env = {"DOCKER_CONTEXT": "gone", "DOCKER_CONFIG": str(self.dir)}
        self.assert_fails(self.into_docker(env=env), 2, 'docker context "gone"', "there are: default")

    def test_context_of_the_configuration(self):
        import hashlib
        folder = "contexts/meta/" + hashlib.sha256(b"mine").hexdigest()
        self.write(f"{folder}/meta.json",
                   json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": bed("DOCKER")}}}))
        self.write("config.json", '{"currentContext": "mine"}')
        outcome = peelbox("info", "--json", "--buildkit", "docker://", env={"DOCKER_CONFIG": str(self.dir)})
        self.assert_ok(outcome)
        self.assertIn('docker context "mine"', json.loads(outcome.out)["reached"])


class Info(DockerTest):
    def test_health_of_each_daemon(self):
        for address, env, code in ((bed("BUILDKITD"), {}, 0), ("docker://", self.engine, 0),
                                   (bed("OLD_BUILDKITD"), {}, 3), ("docker://", {"DOCKER_HOST": bed("DOCKER_OLD")}, 3),
                                   (f"unix://{self.dir}/none", {}, 3)):
            outcome = peelbox("info", "--json", "--buildkit", address, env=env)
            self.assertEqual(outcome.code, code, str(outcome))
            self.assertEqual(json.loads(outcome.out)["healthy"], code == 0)

    def test_what_docker_is(self):
        report = json.loads(peelbox("info", "--json", "--buildkit", "docker://", env=self.engine).out)
        self.assertEqual(report["docker"]["imageStore"], "containerd")
        self.assertTrue(report["docker"]["version"].startswith("26."))
        self.assertIn("linux/amd64", report["workers"][0]["platforms"])

    def test_workers(self):
        outcome = peelbox("workers", "--buildkit", bed("BUILDKITD"))
        self.assert_ok(outcome)
        self.assertIn("linux/amd64", outcome.out)


class Helpers(DockerTest):
    """Addresses that a program carries; here it is `peelbox dial-stdio` under the program's name."""

    def helper(self, name):
        self.write(f"bin/{name}", f"""#!/bin/sh
echo "$@" >> {self.dir}/arguments
exec {PEELBOX} dial-stdio --buildkit {bed("BUILDKITD")}
""", mode=0o755)
        return {"PATH": f"{self.dir}/bin:{os.environ['PATH']}"}

    # labels: sanitized
    def test_build_through_nerdctl(self):
        env = self.helper("nerdctl")
        outcome = self.build(daemon="nerdctl-container://bk?namespace=ci", env=env)
        self.assert_ok(outcome)
        self.assertIn("exec --namespace ci -i bk buildctl dial-stdio",
                      (self.dir / "arguments").read_text())
        self.assertNotIn(str(self.dir), run(["ps", "-eo", "args"]).out)

    def test_buildctl_can_use_dial_stdio(self):
        env = self.helper("ssh")
        # A definition on standard input, solved by the reference client through our dial-stdio.
        definition = subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, "0"], capture_output=True, timeout=30).stdout
        outcome = run([bed("BUILDCTL"), "--addr", "ssh://host", "build"], stdin=definition, env=env, text=False)
        self.assertEqual(outcome.code, 0, str(outcome))

    def test_last_words_of_the_program(self):
        self.write("bin/ssh", "#!/bin/sh\necho Permission denied, please try again. >&2\nexit 255\n", mode=0o755)
        outcome = self.build(daemon="ssh://host", env={"PATH": f"{self.dir}/bin:{os.environ['PATH']}"})
        self.assert_fails(outcome, 3, "ssh ended with exit code 255", "Permission denied, please try again.")

    def test_program_that_is_not_there(self):
        self.assert_fails(self.build(daemon="podman-container://bk", env={"PATH": "/nonexistent"}), 3, "podman", "PATH")


class Container(DockerTest):
    def test_buildkit_in_a_container(self):
        """docker-container:// through the Engine API, without the docker program."""
        name = f"it-buildkit-{os.getpid()}"
        created = docker("create", "--privileged", "--network", "host", "--name", name, "moby/buildkit:buildx-stable-1")
        self.assertEqual(created.code, 0, str(created))
        self.addCleanup(docker, "rm", "-f", "-v", name)
        config = self.dir / "buildkit"
        config.mkdir()
        shutil.copy(pathlib.Path(bed("DIR")) / "run/buildkitd.toml", config)
        self.assertEqual(docker("cp", config, f"{name}:/etc/").code, 0)
        self.assertEqual(docker("start", name).code, 0)
        env = {**self.engine, "PATH": "/usr/bin:/bin"}
        wait_for(lambda: peelbox("info", "--buildkit", f"docker-container://{name}", env=env).code == 0, "buildkitd", 30)
        outcome = self.example("c-hello", "it-docker/container:1", buildkit=f"docker-container://{name}", env=env)
        self.assertIn("loaded", summary(outcome)["output"])
        ran = docker("run", "--rm", "--network=none", "it-docker/container:1")
        self.assertEqual(ran.out, (REPO / "examples/c-hello/expected-output").read_text())

    def test_container_that_is_not_there(self):
        outcome = self.into_docker(buildkit="docker-container://it-none")
        self.assert_fails(outcome, 3, "No such container: it-none")


class Spawn(DockerTest):
    def program(self):
        """The bed's buildkitd with its mounts in a namespace of their own."""
        root = bed("DIR")
        self.write("bin/buildkitd", f"""#!/bin/sh
exec unshare --mount --pid --fork --kill-child=KILL --mount-proc --propagation slave {root}/bin/buildkitd \\
  -config {root}/run/buildkitd.toml -runc {root}/host/usr/sbin/runc -snapshotter native "$@"
""", mode=0o755)
        return {"PATH": f"{self.dir}/bin:{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.dir / "cache")}

    def assert_nothing_runs(self):
        wait_for(lambda: str(self.dir) not in run(["ps", "-eo", "args"]).out, "the end of the daemon", 20)

    def test_build_and_its_cache(self):
        env = self.program()
        first = self.build(daemon="spawn:", env=env)
        self.assert_ok(first)
        self.assert_nothing_runs()
        again = self.build(daemon="spawn:", env=env)
        self.assert_ok(again)
        self.assertIn("CACHED", again.err)
        self.assert_nothing_runs()

    def test_killed_in_the_middle_leaves_no_daemon(self):
        env = self.program()
        definition = self.dir / "sleep.llb"
        definition.write_bytes(subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, "300"], capture_output=True,
                                              timeout=30).stdout)
        build = Running(self, "build", "--llb", definition, "--tag", "it:sleep", "--output",
                        f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--buildkit", "spawn:", env=env)
        build.wait_for_text("sleeping")
        build.process.kill()
        build.process.wait()
        self.assert_nothing_runs()

    def test_program_that_fails_shows_its_log(self):
        self.write("bin/buildkitd", "#!/bin/sh\necho no cgroups here\nexit 4\n", mode=0o755)
        env = {"PATH": f"{self.dir}/bin:{os.environ['PATH']}", "XDG_CACHE_HOME": str(self.dir / "cache")}
        self.assert_fails(self.build(daemon="spawn:", env=env), 3, "exit code 4", "no cgroups here")

    def test_program_that_is_not_there(self):
        env = {"PATH": "/nonexistent", "XDG_CACHE_HOME": str(self.dir / "cache")}
        self.assert_fails(self.build(daemon="spawn:", env=env), 3, "buildkitd", "PATH")


class Misbehaving(DockerTest):
    """Sockets that are not the engine they should be."""

    def imposter(self, answer, name="d.sock"):
        path = self.dir / name
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen(8)
        self.addCleanup(server.close)

        def serve():
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    if answer is None:
                        continue
                    peer.recv(65536)
                    with contextlib.suppress(OSError):
                        peer.sendall(answer)
                        # Closing with something unread would be a reset, not an end.
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(65536):
                            pass

        threading.Thread(target=serve, daemon=True).start()
        return {"DOCKER_HOST": f"unix://{path}"}

    def test_answers_of_other_servers(self):
        for number, (answer, code, *parts) in enumerate((
                (b'HTTP/1.1 404 Not Found\r\nContent-Length: 28\r\n\r\n{"message":"page not found"}', 3, "404",
                 "page not found", "no BuildKit"),
                (b'HTTP/1.1 500 Internal Server Error\r\n\r\n{"message":"disk on fire"}', 3, "500", "disk on fire"),
                (b"HTTP/1.1 101 Switching", 3, "in the middle of the answer"),
                (b"", 3, "closed before an answer"),
                (None, 3, "closed"),
                (b"220 mail.example ESMTP\r\n", 3, "something else"),
                (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 3, "closed the connection"),
                (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nnonsense", 3, ""))):
            outcome = self.into_docker(env=self.imposter(answer, f"{number}.sock"))
            self.assert_fails(outcome, code, *parts)
            self.assertLess(outcome.seconds, 60)

    def test_permission_denied_names_the_group(self):
        path = self.dir / "locked.sock"
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(str(path))
        server.listen(1)
        path.chmod(0o600)
        self.dir.chmod(0o755)
        # Root may open everything, so it is tried as nobody.
        done = subprocess.run([PEELBOX, "info", "--buildkit", "docker://"], capture_output=True, text=True, timeout=60,
                              env={"DOCKER_HOST": f"unix://{path}", "PATH": "/usr/bin", "DOCKER_CONFIG": "/nonexistent"},
                              user=65534, group=65534, extra_groups=[], cwd="/")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("permission denied", done.stderr)
        self.assertIn("usermod -aG docker", done.stderr)
