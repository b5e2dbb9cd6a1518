"""What all integration tests use: the test bed's daemons, peelbox, buildctl, trees and images."""

import fcntl
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import unittest.mock
import urllib.error
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]
PEELBOX = os.environ.get("PEELBOX_BINARY", str(REPO / "build/release/bin/peelbox"))
FRONTEND_TOOL = os.environ.get("PEELBOX_FRONTEND_TOOL", str(REPO / "build/release/bin/frontend_tool"))
LLB_TOOL = os.environ.get("PEELBOX_LLB_TOOL", str(REPO / "build/release/bin/llb_tool"))
TESTBED = str(REPO / "scripts/testbed.sh")
BUILD_IMAGE = "docker.io/peelbox/debian-build:12"
RUNTIME_IMAGE = "docker.io/peelbox/debian:12"
# Sanitizers slow everything down; no test measures time, limits only keep a hang from lasting.
TIMEOUT = 240


def bed(name):
    value = os.environ.get("PEELBOX_TB_" + name)
    if not value:
        raise AssertionError(
            f"PEELBOX_TB_{name} is not set: run `scripts/testbed.sh up` and `eval \"$(scripts/testbed.sh env)\"` first")
    return value


class Outcome:
    def __init__(self, process, seconds):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr
        self.seconds = seconds

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.1f}s\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def registry_call(method, path, body=None, kind="application/octet-stream"):
    ask = urllib.request.Request(path if path.startswith("http") else f"http://{bed('REGISTRY')}/v2/{path}", data=body, method=method)
    ask.add_header("Content-Type", kind)
    ask.add_header("Accept", f"{MANIFEST}, application/vnd.docker.distribution.manifest.v2+json, {INDEX}")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask, timeout=30) as reply:
        return reply.headers, reply.read()


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def for_platforms(image, platforms):
    """The bed's images have one platform. This is `image` as an index whose entries say that they are for `platforms`, with the
    programs of the one that there is."""
    repository, tag = image.removeprefix("docker.io/").split(":")
    headers, text = registry_call("GET", f"{repository}/manifests/{tag}")
    if headers["Content-Type"] == INDEX:
        text = registry_call("GET", f"{repository}/manifests/{json.loads(text)['manifests'][0]['digest']}")[1]
    made = f"{tag}-{hashlib.sha256(platforms.encode() + text).hexdigest()[:8]}"
    # Written once: the registry refuses a manifest (400) while another test writes what it names.
    with open(pathlib.Path(bed("DIR"), "run/for-platforms.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            registry_call("HEAD", f"{repository}/manifests/{made}")
        except urllib.error.HTTPError as refused:
            if refused.code != 404:
                raise
            put_for_platforms(repository, made, text, platforms)
    return f"docker.io/{repository}:{made}"


def put_for_platforms(repository, made, text, platforms):
    config = json.loads(registry_call("GET", f"{repository}/blobs/{json.loads(text)['config']['digest']}")[1])
    entries = []
    for name in platforms.split(","):
        parts = name.split("/")
        platform = {"os": parts[0], "architecture": parts[1], **({"variant": parts[2]} if len(parts) > 2 else {})}
        blob = json.dumps({**config, **platform}).encode()
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        place = registry_call("POST", f"{repository}/blobs/uploads/", b"")[0]["Location"]
        registry_call("PUT", place + ("&" if "?" in place else "?") + "digest=" + digest, blob)
        manifest = json.loads(text)
        manifest["config"].update(digest=digest, size=len(blob))
        body = json.dumps(manifest).encode()
        kind = manifest.get("mediaType", MANIFEST)
        own = "sha256:" + hashlib.sha256(body).hexdigest()
        registry_call("PUT", f"{repository}/manifests/{own}", body, kind)
        entries.append({"mediaType": kind, "digest": own, "size": len(body), "platform": platform})
    registry_call("PUT", f"{repository}/manifests/{made}", json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), INDEX)


def images_for(arguments):
    """The bed's images, for the platforms that --platform asks for."""
    if "--platform" not in arguments:
        return BUILD_IMAGE, RUNTIME_IMAGE
    platforms = arguments[arguments.index("--platform") + 1]
    return for_platforms(BUILD_IMAGE, platforms), for_platforms(RUNTIME_IMAGE, platforms)


def clean_environment(extra=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("BUILDKIT", "DOCKER_", "XDG_RUNTIME"))}
    env["DOCKER_CONFIG"] = "/nonexistent"
    env.update(extra or {})
    return env


def run(command, timeout=TIMEOUT, stdin=None, env=None, cwd=None, text=True):
    start = time.monotonic()
    process = subprocess.run(
        [str(c) for c in command], input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True, text=text, errors="replace" if text else None, timeout=timeout,
        env=clean_environment(env), cwd=cwd)
    return Outcome(process, time.monotonic() - start)


def peelbox(*arguments, **how):
    return run([PEELBOX, *arguments], **how)


def summary(outcome):
    """The last lines of a build as a dictionary: {"digest": "sha256:…", "context": "…", …}."""
    fields = {}
    for line in outcome.err.splitlines():
        match = re.match(r"^(image|digest|output|platform|attested|context|steps|time) +(.*)$", line)
        if match:
            fields[match[1]] = match[2]
    return fields


def sent(outcome):
    """(files sent, files considered) of the summary's context line."""
    match = re.match(r"(\d+) of (\d+) files", summary(outcome).get("context", ""))
    if not match:
        raise AssertionError(f"no context line in the summary:\n{outcome}")
    return int(match[1]), int(match[2])


class OciArchive:
    """An OCI layout in a tar or a directory, read by digest; every blob's digest is checked."""

    def __init__(self, path):
        self.path = path
        self.index = json.loads(self.member("index.json"))

    def member(self, name):
        if pathlib.Path(self.path).is_dir():
            return (pathlib.Path(self.path) / name).read_bytes()
        with tarfile.open(self.path) as tar:
            return tar.extractfile(name).read()

    def blob(self, digest):
        data = self.member("blobs/" + digest.replace(":", "/"))
        actual = "sha256:" + hashlib.sha256(data).hexdigest()
        if actual != digest:
            raise AssertionError(f"blob {digest} has digest {actual}")
        return data

    def manifests(self):
        """All manifests as (descriptor, manifest), nested indexes opened."""
        found = []
        todo = list(self.index["manifests"])
        while todo:
            descriptor = todo.pop(0)
            document = json.loads(self.blob(descriptor["digest"]))
            if "manifests" in document:
                todo.extend(document["manifests"])
            else:
                found.append((descriptor, document))
        return found

    def image(self):
        for descriptor, manifest in self.manifests():
            if descriptor.get("platform", {}).get("os") != "unknown":
                return manifest
        raise AssertionError("the archive holds no image manifest")

    def config(self):
        return json.loads(self.blob(self.image()["config"]["digest"]))

    def layer_digests(self):
        return [layer["digest"] for layer in self.image()["layers"]]

    def layer_names_of(self, index):
        with tarfile.open(fileobj=io.BytesIO(self.blob(self.layer_digests()[index]))) as tar:
            return tar.getnames()

    def contents(self):
        """{name: (kind, mode, link, bytes)} of all layers, without times."""
        found = {}
        for layer in self.image()["layers"]:
            with tarfile.open(fileobj=io.BytesIO(self.blob(layer["digest"]))) as tar:
                for m in tar.getmembers():
                    kind = "dir" if m.isdir() else "file" if m.isfile() else "other"
                    found[m.name] = (kind, m.mode, m.linkname, tar.extractfile(m).read() if m.isfile() else b"")
        return found

    def layer_names(self):
        names = []
        for layer in self.image()["layers"]:
            with tarfile.open(fileobj=io.BytesIO(self.blob(layer["digest"]))) as tar:
                names.extend(tar.getnames())
        return names

    def predicates(self):
        """Predicate types of the attestations."""
        return sorted(layer["annotations"]["in-toto.io/predicate-type"]
                      for descriptor, manifest in self.manifests()
                      if descriptor.get("platform", {}).get("os") == "unknown"
                      for layer in manifest["layers"])


class BedTest(unittest.TestCase):
    """A test with a scratch directory of its own."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="peelbox-it-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        # What one build makes the user's others forget (--no-cache, --paranoid) is not to reach the test beside this one.
        state = tempfile.TemporaryDirectory(prefix="peelbox-state-", ignore_cleanup_errors=True)
        self.addCleanup(state.cleanup)
        own = unittest.mock.patch.dict(os.environ, XDG_STATE_HOME=state.name)
        own.start()
        self.addCleanup(own.stop)

    def write(self, name, content="", mode=None):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content)
        if mode is not None:
            path.chmod(mode)
        return path

    def spec(self, name="spec.json", **sections):
        """A small spec in the scratch directory, outside of the context directory `ctx`."""
        document = {
            "version": "1.0",
            "metadata": {"project_name": "it", "language": "C", "build_system": "make"},
            "build": {"packages": [], "commands": ["true"], "env": {}, "cache": []},
            "runtime": {"packages": [], "env": {}, "copy": [], "command": ["/bin/true"], "ports": []},
        }
        for section, values in sections.items():
            document[section] = {**document[section], **values}
        return self.write(name, json.dumps(document))

    def context(self, files=None):
        root = self.dir / "ctx"
        root.mkdir(exist_ok=True)
        for name, content in (files or {}).items():
            self.write("ctx/" + name, content)
        return root

    def build(self, *arguments, spec=None, output=None, daemon=None, context=None, progress="plain", **how):
        """`peelbox build` with the bed's images on the bed's daemon."""
        build_image, runtime_image = images_for(arguments)
        command = ["build", "--spec", spec or self.spec(), "--tag", "it:test", "--context", context or self.context(),
                   "--output", output or f"type=oci,dest={self.dir}/image.tar",
                   "--build-image", build_image, "--runtime-image", runtime_image,
                   "--progress", progress, "--buildkit", daemon or bed("BUILDKITD"), *arguments]
        return peelbox(*command, **how)

    def assert_ok(self, outcome):
        self.assertEqual(outcome.code, 0, str(outcome))

    def assert_fails(self, outcome, code, *parts):
        self.assertEqual(outcome.code, code, str(outcome))
        for part in parts:
            self.assertIn(part, outcome.err, str(outcome))

    def assert_prints(self, outcome, text):
        self.assertEqual(outcome.out, text, str(outcome))

    def assert_nothing_left(self, directory=None):
        """No half-written output: no image and no temporary file."""
        names = [p.name for p in (directory or self.dir).iterdir()]
        self.assertEqual([n for n in names if n.endswith((".tar", ".tmp"))], [])


class PrivateDaemon:
    """A buildkitd of the test's own, to be stopped or killed without hurting the others."""

    def __init__(self, test, name):
        self.name = f"{name}-{os.getpid()}"
        started = self.command("start")
        if started.returncode != 0:
            raise AssertionError(f"private daemon: {started.stderr}")
        self.address = started.stdout.strip().splitlines()[-1]
        test.addCleanup(self.stop)

    def command(self, verb):
        env = {**os.environ, "PEELBOX_TESTBED_DIR": bed("DIR")}
        return subprocess.run([TESTBED, "daemon", verb, self.name], capture_output=True, text=True, timeout=60, env=env)

    def pid(self):
        return int(self.command("pid").stdout.strip())

    def signal(self, number):
        os.kill(self.pid(), number)

    def stop(self):
        try:
            os.kill(self.pid(), signal.SIGCONT)
        except (ValueError, ProcessLookupError):
            pass
        self.command("kill")
        self.command("stop")  # its state goes too; a killed daemon has nothing left to be gentle with


def free_port():
    """A port of the loopback interface; somebody else may take it before it is used, so few tests should need one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PrivateDockerd:
    """A dockerd of the test's own, from the bed's root file system."""

    def __init__(self, test, name, containerd_store, flags=(), overrides=None, tree="dockerd"):
        """`flags` are dockerd's, `overrides` go over those of its configuration file; it runs from roots/`tree`."""
        self.test = test
        self.flags = list(flags)
        self.tree = tree
        self.root = pathlib.Path(bed("DIR"))
        self.name = f"it-{name}-{os.getpid()}"
        self.socket = self.root / "run" / f"{self.name}.sock"
        self.state = self.root / "state" / self.name
        self.config = self.root / "run" / f"{self.name}.json"
        settings = json.loads((self.root / "run/dockerd.json").read_text())
        settings["features"] = {"containerd-snapshotter": containerd_store}
        if not containerd_store and "storage-driver" in settings:
            settings["storage-driver"] = "vfs"
        self.config.write_text(json.dumps({**settings, **(overrides or {})}))
        self.process = None
        # RUN steps need a bridge; that of the bed's old engine has no containers.
        self.bridge = run([bed("DOCKER_CLI"), "-H", bed("DOCKER_OLD"), "network", "inspect", "bridge", "--format",
                           '{{index .Options "com.docker.network.bridge.name"}}']).out.strip()
        test.addCleanup(self.remove)
        self.start()

    def start(self):
        self.state.mkdir(parents=True, exist_ok=True)
        self.log = open(self.root / "log" / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            # However the tests end, it does not outlive them.
            ["setpriv", "--pdeathsig", "KILL",
             self.root / "bin/enter-root.sh", self.root / "roots" / self.tree, self.state, self.root / "run", "dockerd",
             "--config-file", self.config, "--host", f"unix://{self.socket}", "--group", "root", "--bridge", self.bridge,
             "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--cgroup-parent",
             f"/{self.name}", "--shutdown-timeout", "2", *self.flags],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": "/root"})  # our TMPDIR is not in its root
        wait_for(lambda: self.docker("version").code == 0 or self.process.poll() is not None, "dockerd", 60)
        if self.process.poll() is not None:
            raise AssertionError(f"dockerd ended: {(self.root / 'log' / (self.name + '.log')).read_text()[-2000:]}")

    @property
    def address(self):
        return f"unix://{self.socket}"

    def docker(self, *arguments):
        return run([bed("DOCKER_CLI"), "-H", self.address, *arguments])

    def dockerd_pid(self):
        """The dockerd itself: below unshare and tini."""
        pid = self.process.pid
        for _ in range(2):
            pid = int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def remove(self):
        self.kill()
        for top in pathlib.Path("/sys/fs/cgroup").glob(f"**/{self.name}"):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
        for file in (self.socket, self.config, self.root / "log" / f"{self.name}.log"):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.state, ignore_errors=True)


def wait_for(condition, what, seconds=60):
    """Polls for something that another process does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Gate:
    """Build steps have the host's network: this one waits until the test lets it go on."""

    def __init__(self, test):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(120)
        self.step = None
        test.addCleanup(self.close)
        port = self.server.getsockname()[1]
        self.command = ("python3 -c \"import socket; print('step '+'begins', flush=True); "
                        f"s = socket.create_connection(('127.0.0.1', {port})); s.recv(1); print('step '+'ends', flush=True)\"")

    def wait_for_step(self):
        self.step, _ = self.server.accept()
        self.step.settimeout(120)

    def open(self):
        self.step.sendall(b"x")
        self.step.close()

    def close(self):
        self.server.close()
        if self.step:
            self.step.close()


class Running:
    """peelbox in the background, its standard error in a file that can be watched."""

    def __init__(self, test, *arguments, env=None):
        self.log = test.dir / "running.err"
        self.file = open(self.log, "wb")
        self.process = subprocess.Popen([PEELBOX, *[str(a) for a in arguments]], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.file, env=clean_environment(env))
        test.addCleanup(self.end)

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for_text(self, text, seconds=90):
        wait_for(lambda: text in self.text() or self.process.poll() is not None, repr(text), seconds)
        if text not in self.text():
            raise AssertionError(f"peelbox ended with {self.process.returncode} before {text!r}:\n{self.text()}")

    def wait(self, seconds=120):
        self.process.wait(seconds)
        return self.process.returncode

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.file.close()
