"""Specs of the examples and small ones of our own, built by a real daemon."""

import json
import os
import subprocess
import tarfile
import threading

from bed import BUILD_IMAGE, LLB_TOOL, REPO, RUNTIME_IMAGE, BedTest, OciArchive, bed, peelbox, run, sent, summary


class Examples(BedTest):
    def build_example(self, name, *flags, output=None):
        example = REPO / "examples" / name
        outcome = peelbox("build", "--spec", example / "universalbuild.json", "--context", example, "--tag",
                          f"example/{name}:1", "--output", output or f"type=oci,dest={self.dir}/image.tar", "--buildkit",
                          bed("BUILDKITD"), "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE, "--progress",
                          "plain", *flags)
        self.assert_ok(outcome)
        return outcome

    def run_example(self, name, *flags, command=()):
        """Builds a Docker archive, loads it into the bed's dockerd and gives what its program prints."""
        archive = self.dir / "docker.tar"
        self.build_example(name, *flags, output=f"type=docker,dest={archive}")
        docker = bed("DOCKER_CLI")
        with open(archive, "rb") as stream:
            loaded = subprocess.run([docker, "load"], stdin=stream, capture_output=True, text=True, timeout=120)
        self.assertEqual(loaded.returncode, 0, loaded.stderr)
        ran = run([docker, "run", "--rm", "--network=none", f"example/{name}:1", *command])
        self.assertEqual(ran.code, 0, str(ran))
        return ran.out

    # labels: sanitized
    def test_c_program_runs(self):
        expected = (REPO / "examples/c-hello/expected-output").read_text()
        self.assertEqual(self.run_example("c-hello"), expected)

    def test_two_services_are_built_by_name(self):
        spec = json.loads((REPO / "examples/two-services/universalbuild.json").read_text())
        names = [service["metadata"]["project_name"] for service in spec]
        self.assertEqual(len(names), 2)
        for name in names:
            self.build_example("two-services", "--service", name)
            config = OciArchive(self.dir / "image.tar").config()
            service = next(s for s in spec if s["metadata"]["project_name"] == name)
            self.assertEqual(config["config"]["Entrypoint"], service["runtime"]["command"])

    def test_python_server_answers(self):
        docker = bed("DOCKER_CLI")
        archive = self.dir / "docker.tar"
        self.build_example("python-http", output=f"type=docker,dest={archive}")
        with open(archive, "rb") as stream:
            subprocess.run([docker, "load"], stdin=stream, check=True, capture_output=True, timeout=120)
        started = run([docker, "run", "-d", "--rm", "--network=none", "example/python-http:1"])
        self.assertEqual(started.code, 0, str(started))
        container = started.out.strip()
        self.addCleanup(run, [docker, "kill", container])
        fetch = ("import urllib.request,time\n"
                 "for i in range(100):\n"
                 "  try: print(urllib.request.urlopen('http://127.0.0.1:8000/').read().decode()); break\n"
                 "  except OSError: time.sleep(.1)\n")
        answer = run([docker, "exec", container, "python3", "-c", fetch])
        self.assertEqual(answer.code, 0, str(answer))
        self.assertNotEqual(answer.out.strip(), "", str(answer))

    def test_image_config_follows_the_spec(self):
        self.build_example("python-http")
        spec = json.loads((REPO / "examples/python-http/universalbuild.json").read_text())
        spec = spec[0] if isinstance(spec, list) else spec
        image = OciArchive(self.dir / "image.tar").config()
        config = image["config"]
        self.assertEqual(image["os"], "linux")
        self.assertEqual(config["Entrypoint"], spec["runtime"]["command"])
        for port in spec["runtime"]["ports"]:
            self.assertIn(f"{port}/tcp", config["ExposedPorts"])
        for key, value in spec["runtime"]["env"].items():
            self.assertIn(f"{key}={value}", config["Env"])
        self.assertTrue(any(e.startswith("PATH=") for e in config["Env"]))
        self.assertEqual(len(image["rootfs"]["diff_ids"]), len(OciArchive(self.dir / "image.tar").layer_digests()))


class Outputs(BedTest):
    COPY = {"copy": [{"from": "f", "to": "/opt/f"}]}

    # labels: sanitized
    def test_oci_has_sbom_and_provenance(self):
        self.context({"f": "x"})
        outcome = self.build(spec=self.spec(runtime=self.COPY))
        self.assert_ok(outcome)
        archive = OciArchive(self.dir / "image.tar")
        predicates = archive.predicates()
        self.assertEqual(len(predicates), 2, predicates)
        self.assertTrue(any("spdx" in p for p in predicates), predicates)
        self.assertTrue(any("slsa" in p for p in predicates), predicates)
        self.assertIn("SBOM", summary(outcome)["attested"])
        self.assertEqual(summary(outcome)["digest"], archive.index["manifests"][0]["digest"])

    def test_attestations_can_be_switched_off(self):
        self.context({"f": "x"})
        self.assert_ok(self.build("--no-sbom", "--provenance=false", spec=self.spec(runtime=self.COPY)))
        self.assertEqual(OciArchive(self.dir / "image.tar").predicates(), [])

    def test_missing_scanner_is_an_error_only_when_asked_for(self):
        self.context({"f": "x"})
        outcome = self.build("--sbom=generator=docker.io/none/such-scanner:1", spec=self.spec(runtime=self.COPY))
        self.assert_fails(outcome, 1, "none/such-scanner")
        self.assert_nothing_left()

    # labels: sanitized
    def test_local_directory(self):
        self.context({"f": "content"})
        outcome = self.build(spec=self.spec(runtime=self.COPY), output=f"type=local,dest={self.dir}/out")
        self.assert_ok(outcome)
        self.assertEqual((self.dir / "out/opt/f").read_text(), "content")
        self.assertTrue((self.dir / "out/bin/sh").exists() or (self.dir / "out/usr/bin/sh").exists())

    # labels: sanitized
    def test_tar(self):
        self.context({"f": "content"})
        self.assert_ok(self.build(spec=self.spec(runtime=self.COPY), output=f"type=tar,dest={self.dir}/root.tar"))
        with tarfile.open(self.dir / "root.tar") as tar:
            self.assertEqual(tar.extractfile("opt/f").read(), b"content")

    def test_tar_to_standard_output(self):
        self.context({"f": "content"})
        outcome = self.build("-q", spec=self.spec(runtime=self.COPY), output="type=tar,dest=-", progress="quiet", text=False)
        self.assertEqual(outcome.code, 0, outcome.err)
        (self.dir / "piped").write_bytes(outcome.out)
        with tarfile.open(self.dir / "piped") as tar:
            self.assertEqual(tar.extractfile("opt/f").read(), b"content")

    def test_docker_archive_loads(self):
        self.context({"f": "content"})
        archive = self.dir / "image.tar"
        self.assert_ok(self.build(spec=self.spec(runtime=self.COPY), output=f"type=docker,dest={archive}"))
        with open(archive, "rb") as stream:
            loaded = subprocess.run([bed("DOCKER_CLI"), "load"], stdin=stream, capture_output=True, text=True, timeout=120)
        self.assertIn("it:test", loaded.stdout + loaded.stderr)

    def test_quiet_prints_the_digest_only(self):
        self.context({"f": "x"})
        outcome = self.build("-q", "--no-sbom", "--no-provenance", spec=self.spec(runtime=self.COPY), progress="quiet")
        self.assert_ok(outcome)
        self.assertEqual(outcome.err, "")
        self.assertRegex(outcome.out, r"^sha256:[0-9a-f]{64}\n$")

    def test_existing_output_survives_a_failed_build(self):
        self.context({"f": "x"})
        self.write("image.tar", "old")
        outcome = self.build(spec=self.spec(build={"commands": ["exit 3"]}, runtime=self.COPY))
        self.assert_fails(outcome, 1, "exit code: 3", "exit 3")
        self.assertEqual((self.dir / "image.tar").read_text(), "old")

    def test_entrypoint_override(self):
        self.context({"f": "x"})
        self.assert_ok(self.build("--entrypoint", "/bin/sh -c 'echo hi'", spec=self.spec(runtime=self.COPY)))
        self.assertEqual(OciArchive(self.dir / "image.tar").config()["config"]["Entrypoint"],
                         ["/bin/sh", "-c", "echo hi"])

    def test_platform_reaches_the_image(self):
        # The result has to carry the platform that was asked for.
        self.context({"f": "x"})
        self.assert_ok(self.build("--platform", "linux/s390x", spec=self.spec(runtime=self.COPY)))
        archive = OciArchive(self.dir / "image.tar")
        self.assertEqual(archive.config()["architecture"], "s390x")
        # Attestations are keyed by platform: a mismatch would leave them out silently.
        self.assertEqual(len(archive.predicates()), 2)


class Plans(BedTest):
    def test_missing_artifact_is_named(self):
        self.context({"f": "x"})
        outcome = self.build(spec=self.spec(runtime={"copy": [{"from": "target/none", "to": "/x"}]}))
        self.assert_fails(outcome, 1, "runtime.copy[0]", "target/none")

    def test_source_change_does_not_run_packages_again(self):
        spec = self.spec(build={"packages": ["gcc", "make"], "commands": ["cat f > out"]},
                         runtime={"copy": [{"from": "out", "to": "/out"}]})
        self.context({"f": "one"})
        self.assert_ok(self.build(spec=spec))
        self.context({"f": "two"})
        again = self.build(spec=spec)
        self.assert_ok(again)
        packages = [line.split(" ")[0] for line in again.err.splitlines() if "[packages]" in line]
        self.assertTrue(packages, again.err)
        for number in packages:
            self.assertIn(f"{number} CACHED", again.err)
        archive = OciArchive(self.dir / "image.tar")
        self.assertTrue(any(n.rstrip("/") == "out" for n in archive.layer_names()))

    def test_globs_and_directories_are_copied(self):
        self.context({"a.txt": "a", "b.txt": "b", "d/x": "x", "d/e/y": "y"})
        spec = self.spec(runtime={"copy": [{"from": "*.txt", "to": "/texts/"}, {"from": "d/", "to": "/tree/"},
                                           {"from": "a.txt", "to": "/single"}]})
        self.assert_ok(self.build(spec=spec, output=f"type=local,dest={self.dir}/out"))
        for name, content in [("texts/a.txt", "a"), ("texts/b.txt", "b"), ("tree/x", "x"), ("tree/e/y", "y"),
                              ("single", "a")]:
            self.assertEqual((self.dir / "out" / name).read_text(), content, name)

    def test_artifacts_inside_a_cache_directory_reach_the_image(self):
        self.context({"f": "x"})
        spec = self.spec(build={"commands": ["mkdir -p target && date > target/app"], "cache": ["target"]},
                         runtime={"copy": [{"from": "target/app", "to": "/app/app"}]})
        self.assert_ok(self.build(spec=spec, output=f"type=local,dest={self.dir}/out"))
        self.assertNotEqual((self.dir / "out/app/app").read_text(), "")

    def test_cache_survives_between_builds(self):
        spec = self.spec(build={"commands": ["echo run >> kept/log && cp kept/log log"], "cache": ["kept"]},
                         metadata={"project_name": f"cache-{os.getpid()}"},
                         runtime={"copy": [{"from": "log", "to": "/log"}]})
        for runs in (1, 2):
            self.context({"f": f"change {runs}"})
            self.assert_ok(self.build(spec=spec, output=f"type=local,dest={self.dir}/out"))
        self.assertEqual((self.dir / "out/log").read_text(), "run\nrun\n")

    def test_build_environment_is_seen(self):
        self.context({"f": "x"})
        spec = self.spec(build={"commands": ["printf %s \"$GREETING\" > out"], "env": {"GREETING": "hello $HOME 'x'"}},
                         runtime={"copy": [{"from": "out", "to": "/out"}]})
        self.assert_ok(self.build(spec=spec, output=f"type=local,dest={self.dir}/out"))
        self.assertEqual((self.dir / "out/out").read_text(), "hello $HOME 'x'")

    def test_failing_command_shows_its_output(self):
        self.context({"f": "x"})
        outcome = self.build(spec=self.spec(build={"commands": ["echo the-cause >&2; exit 7"]},
                                            runtime={"copy": [{"from": "f", "to": "/f"}]}))
        self.assert_fails(outcome, 1, "the-cause", "exit code: 7")

    def test_escape_sequences_of_a_build_are_harmless(self):
        self.context({"f": "x"})
        outcome = self.build("--no-cache", spec=self.spec(
            build={"commands": ["printf 'a\\033]0;owned\\007b\\033[31mred\\n'; exit 1"]},
            runtime={"copy": [{"from": "f", "to": "/f"}]}))
        self.assertEqual(outcome.code, 1)
        self.assertNotIn("\x1b", outcome.err)
        self.assertIn("abred", outcome.err)


class Context(BedTest):
    COPY = {"copy": [{"from": ".", "to": "/ctx/"}]}

    def names(self):
        out = self.dir / "out" / "ctx"
        return sorted(str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir())

    def build_context(self):
        outcome = self.build(spec=self.spec(runtime=self.COPY), output=f"type=local,dest={self.dir}/out")
        self.assert_ok(outcome)
        return outcome

    # labels: sanitized
    def test_second_build_sends_no_content(self):
        self.context({f"d{i}/f{i}": f"content {i}" for i in range(50)})
        first = self.build_context()
        self.assertEqual(sent(first), (50, 50))
        second = self.build_context()
        self.assertEqual(sent(second), (0, 50))
        self.context({"d7/f7": "changed"})
        self.assertEqual(sent(self.build_context()), (1, 50))

    def test_paranoid_sends_everything(self):
        context = self.context({"f": "one", "g": "same"})
        args = {"spec": self.spec(runtime=self.COPY), "output": f"type=local,dest={self.dir}/out"}
        result = self.dir / "out/ctx/f"

        def put(text):
            (context / "f").write_text(text)
            os.utime(context / "f", ns=(0, 1_700_000_000_000_000_000))

        put("one")
        self.assert_ok(self.build(**args))
        put("two")
        paranoid = self.build("--paranoid", **args)
        self.assertEqual((sent(paranoid), result.read_text()), ((2, 2), "two"), paranoid)
        # It remembers nothing, so the next build sends what it takes for changed once more.
        after = self.build(**args)
        self.assertEqual((sent(after), result.read_text()), ((1, 2), "two"), after)
        again = self.build(**args)
        self.assertEqual((sent(again), result.read_text()), ((0, 2), "two"), again)

    def test_gitignore_and_dockerignore_keep_files_out(self):
        self.context({"keep": "x", "a.log": "x", ".gitignore": "*.log\n/build/\n", "build/out": "x",
                      "sub/.gitignore": "!b.log\nsecret\n", "sub/b.log": "x", "sub/secret": "x", "sub/build/kept": "x",
                      ".dockerignore": "docs\n**/*.tmp\n!docs/keep.md\n", "docs/a": "x", "docs/keep.md": "x", "x/y.tmp": "x",
                      ".git/config": "x"})
        self.build_context()
        self.assertEqual(self.names(), [".dockerignore", ".gitignore", "docs/keep.md", "keep", "sub/.gitignore",
                                        "sub/b.log", "sub/build/kept"])

    def test_output_inside_the_context_is_not_sent(self):
        context = self.context({"f": "x"})
        spec = self.spec(runtime=self.COPY)
        for _ in range(2):
            outcome = self.build("--no-sbom", "--no-provenance", spec=spec, output=f"type=oci,dest={context}/image.tar")
            self.assert_ok(outcome)
        self.assertEqual(sent(outcome)[1], 1)

    def test_a_local_source_that_is_not_given(self):
        made = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30)
        (self.dir / "def.llb").write_bytes(made.stdout)
        outcome = peelbox("build", "--llb", self.dir / "def.llb", "--local", f"other={self.dir}", "--tag", "x", "--output",
                          f"type=oci,dest={self.dir}/image.tar", "--buildkit", "tcp://127.0.0.1:1")
        self.assert_fails(outcome, 2)
        self.assertIn('the definition reads "context", a directory of this machine that no --local gives: add --local context=DIR',
                      outcome.err)

    def test_a_log_that_grows_in_the_context_is_a_warning(self):
        # The others are between the log's entry and its content.
        context = self.context({"f": "x", "log": "begin", **{f"z{i}": "x" for i in range(300)}})
        done = threading.Event()

        def write():
            with open(context / "log", "a", buffering=1) as log:
                while not done.wait(0.0005):
                    log.write("line\n")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            outcome = self.build("--no-sbom", "--no-provenance", spec=self.spec(runtime=self.COPY))
        finally:
            done.set()
            writer.join()
        self.assert_ok(outcome)
        self.assertEqual(outcome.err.count("grew while it was sent"), 1, outcome.err)
        self.assertIn("context file 'log'", outcome.err)

    # labels: sanitized
    def test_file_that_gives_less_than_announced_ends_the_build(self):
        # Files of sysfs say 4096 bytes and give a few: a shrinking file without a race.
        tree = "/sys/kernel/mm/transparent_hugepage"
        self.assertTrue(os.path.isdir(tree))
        made = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30)
        (self.dir / "def.llb").write_bytes(made.stdout)
        outcome = peelbox("build", "--llb", self.dir / "def.llb", "--local", f"context={tree}", "--tag", "x", "--output",
                          f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--buildkit", bed("BUILDKITD"))
        self.assert_fails(outcome, 4)
        self.assertRegex(outcome.err, r"error: context file '[^']+' (shrank|was written to)")
        self.assert_nothing_left()
