"""What the measurements run against: private daemons of the test bed, a delayed link, a counting relay. Everything
started here ends with its context manager, and with this process however that ends."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("PEELBOX_BENCH_BIN", REPO / "build/release/bin"))
TESTBED = REPO / "scripts/testbed.sh"
TICK = os.sysconf("SC_CLK_TCK")


class Unavailable(Exception):
    """Something that a case needs is not on this machine; the text says what and what to do."""


def bed(name):
    value = os.environ.get("PEELBOX_TB_" + name)
    if not value:
        raise Unavailable(f"PEELBOX_TB_{name} is not set: the test bed is not up (scripts/testbed.sh up, then "
                          'eval "$(scripts/testbed.sh env)"; scripts/bench.sh does both)')
    return value


def output_of(command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(str(c) for c in command)} ended with {done.returncode}: "
                          f"{(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout


def cpu_of(pid):
    """CPU seconds of a process so far, with its threads and without its children."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class PrivateBuildkitd:
    """A buildkitd with a state of its own, so that nobody else's trees are pruned or seen."""

    def __init__(self, tcp_host=None):
        self.name = f"bench-{os.getpid()}"
        self.tcp_host = tcp_host

    def __enter__(self):
        self.socket = f"{bed('DIR')}/run/{self.name}.sock"
        listeners = ["--addr", f"unix://{self.socket}"]
        if self.tcp_host:
            listeners += ["--addr", f"tcp://{self.tcp_host}:0"]
        addresses = output_of([TESTBED, "daemon", "start", self.name, *listeners]).split()
        self.address = f"unix://{self.socket}"
        self.tcp = next((a for a in addresses if a.startswith("tcp://")), None)
        self.pid = int(output_of([TESTBED, "daemon", "pid", self.name]))
        return self

    def prune(self):
        """Makes the daemon forget the trees that clients sent."""
        output_of([bed("BUILDCTL"), "--addr", self.address, "prune", "--filter", "type==source.local"])

    def __exit__(self, *_):
        subprocess.run([TESTBED, "daemon", "stop", self.name], capture_output=True)
        for left in (self.socket, f"{bed('DIR')}/run/daemon-{self.name}.lock"):
            pathlib.Path(left).unlink(missing_ok=True)


class PrivateEngine:
    """A dockerd with a state of its own (containerd image store), and a configuration for docker's command line."""

    def __init__(self, folder, newest=False):
        self.config = pathlib.Path(folder) / "docker-config"
        self.newest = newest
        self._undo = []

    def addCleanup(self, call, *arguments):  # what bed.PrivateDockerd wants of a test
        self._undo.append((call, arguments))

    def __enter__(self):
        bed("DOCKER")
        if self.newest and "PEELBOX_TB_NEWEST_DOCKER" not in os.environ:
            raise Unavailable("the bed has no newest Docker: scripts/testbed.sh up newest")
        self.cli = bed("NEWEST_DOCKER_CLI" if self.newest else "DOCKER_CLI")
        sys.path.insert(0, str(REPO / "tests/integration"))
        import bed as integration_bed
        try:
            self.dockerd = integration_bed.PrivateDockerd(self, "bench", containerd_store=True, tree="dockerd-newest" if self.newest else "dockerd")
        except AssertionError as error:
            self.__exit__()
            raise Unavailable(f"no private dockerd: {error}") from error
        self.socket = str(self.dockerd.socket)
        self.address = f"unix://{self.socket}"
        self.pid = self.dockerd.dockerd_pid()
        shutil.copytree(pathlib.Path(bed("DIR")) / ("docker-config-newest" if self.newest else "docker-config") / "cli-plugins", self.config / "cli-plugins", symlinks=True)
        version = subprocess.run([self.cli, "buildx", "version"], capture_output=True, text=True,
                                 env=self.environment())
        if version.returncode != 0:
            self.__exit__()
            raise Unavailable(f"docker buildx: {version.stderr.strip()}")
        self.buildx_version = version.stdout.strip()
        return self

    def environment(self, address=None):
        return {"DOCKER_HOST": address or self.address, "PEELBOX_TB_DOCKER_CONFIG": str(self.config),
                "DOCKER_CONFIG": str(self.config)}

    def docker(self, *arguments):
        return output_of([self.cli, *arguments], env={**os.environ, **self.environment()})

    def prune(self):
        self.docker("buildx", "prune", "--force", "--filter", "type=source.local")

    def __exit__(self, *_):
        for call, arguments in reversed(self._undo):
            call(*arguments)
        self._undo = []
        shutil.rmtree(self.config, ignore_errors=True)


class DelayedLink:
    """A network namespace behind a link that delays; see bench/tools/delay_link.cpp."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unavailable("network namespaces need root: run scripts/bench.sh as root, or leave the tcp cases out")
        if not os.path.exists("/dev/net/tun"):
            raise Unavailable("no /dev/net/tun on this machine (in a container: --device /dev/net/tun --cap-add "
                              "NET_ADMIN,SYS_ADMIN); the tcp cases need it")
        taken = subprocess.run(["ip", "-o", "-4", "address"], capture_output=True, text=True).stdout
        network = next((f"198.18.{i}" for i in range(7, 250) if f" 198.18.{i}." not in taken), None)
        if not network:
            raise Unavailable("all of 198.18.7.0 to 198.18.249.0 is in use on this machine")
        self.process = subprocess.Popen([BIN / "bench_delay_link", network], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise Unavailable(f"no link with delay: {self.process.stderr.read().strip()}")
        facts = json.loads(line)
        self.host = facts["here"]
        self.netns = f"/proc/{facts['pid']}/ns/net"
        return self

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def set_round_trip(self, milliseconds):
        self.ask(f"delay {milliseconds * 500}")

    def count(self):
        return self.ask("count")

    def measured_round_trip(self):
        """Milliseconds that connecting takes from inside, the best of five."""
        code = ("import socket,sys,time\nbest=9\n"
                "for _ in range(5):\n t=time.monotonic()\n socket.create_connection((sys.argv[1],int(sys.argv[2]))).close()\n"
                " best=min(best,time.monotonic()-t)\nprint(best*1000)")
        with socket.create_server((self.host, 0)) as server:
            text = output_of(["nsenter", f"--net={self.netns}", sys.executable, "-c", code, self.host,
                              server.getsockname()[1]])
        return round(float(text), 2)

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Relay:
    """Counts what crosses a unix socket. The counts are there after the with block."""

    def __init__(self, socket_path, folder):
        self.target = socket_path
        self.path = f"{folder}/relay-{os.getpid()}.sock"
        if len(self.path) > 100:
            self.path = f"/tmp/peelbox-bench-{os.getpid()}.sock"

    def __enter__(self):
        self.process = subprocess.Popen([BIN / "bench_relay", self.path, self.target], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Unavailable("the relay that counts bytes did not start")
        return self

    @property
    def address(self):
        return f"unix://{self.path}"

    def __exit__(self, *_):
        text, _ = self.process.communicate()
        self.counts = json.loads(text) if text else {}


def wait_quiet(pid, limit=20.0):
    """Waits until a daemon has used almost no CPU for a moment, so that its work for one build does not count for the next."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        before = cpu_of(pid)
        time.sleep(0.1)
        if cpu_of(pid) - before <= 0.02:
            return
