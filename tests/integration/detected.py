"""The whole way from a repository to a container that runs: detect --distro debian, build, start."""

import json
import pathlib
import shutil
import subprocess

from bed import BUILD_IMAGE, REPO, RUNTIME_IMAGE, BedTest, bed, peelbox, run

FIXTURES = REPO / "tests/fixtures/detect"


class Detected(BedTest):
    # What a test adds to `peelbox build`, and to each service of a repository by an overlay.
    build_flags = ()
    overlay = None
    # How long a service may take until it listens, in seconds.
    patience = 10

    def repository(self, fixture) -> pathlib.Path:
        repo = FIXTURES / fixture / "repo"
        if self.overlay is None:
            return repo
        copy = shutil.copytree(repo, self.dir / "repo")
        outcome = peelbox("detect", "--distro", "debian", copy)
        self.assert_ok(outcome)
        names = [service["metadata"]["project_name"] for service in json.loads(outcome.out)]
        (copy / "peelbox.json").write_text(json.dumps({"services": {name: self.overlay for name in names}}))
        return copy

    def image_of(self, fixture):
        repo = self.repository(fixture)
        spec = self.dir / "universalbuild.json"
        self.assert_ok(peelbox("detect", "--distro", "debian", "-o", spec, repo))
        service = json.loads(spec.read_text())[0]
        archive = self.dir / "docker.tar"
        tag = f"detected/{fixture}:1"
        self.assert_ok(peelbox(
            "build", "--spec", spec, "--context", repo, "--tag", tag, "--output", f"type=docker,dest={archive},compression=uncompressed",
            "--buildkit", bed("BUILDKITD"), "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE,
            "--progress", "plain", *self.build_flags, timeout=500))
        with open(archive, "rb") as stream:
            subprocess.run([bed("DOCKER_CLI"), "load"], stdin=stream, check=True, capture_output=True, timeout=300)
        return tag, service

    def printed_by(self, fixture):
        tag, _ = self.image_of(fixture)
        ran = run([bed("DOCKER_CLI"), "run", "--rm", "--network=none", tag])
        self.assertEqual(ran.code, 0, str(ran))
        return ran.out

    def started(self, fixture):
        """A container of the image, and the port of its spec."""
        tag, service = self.image_of(fixture)
        docker = bed("DOCKER_CLI")
        begun = run([docker, "run", "-d", "--rm", "--network=none", tag])
        self.assertEqual(begun.code, 0, str(begun))
        container = begun.out.strip()
        self.addCleanup(run, [docker, "kill", container])
        return container, service["runtime"]["ports"][0]

    def answer(self, container, port, path="/"):
        """What it answers, asked from within its network."""
        ask = (f"for i in $(seq {self.patience * 10}); do if exec 3<>/dev/tcp/127.0.0.1/{port}; then "
               f"printf 'GET {path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; cat <&3; exit; fi 2>/dev/null; sleep .1; done; exit 1")
        answer = run([bed("DOCKER_CLI"), "exec", container, "bash", "-c", ask])
        self.assertEqual(answer.code, 0, str(answer) + run([bed("DOCKER_CLI"), "logs", container]).err)
        return answer.out

    def answer_of(self, fixture, path="/"):
        return self.answer(*self.started(fixture), path)
