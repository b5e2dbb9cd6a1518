"""The cases: which trees, which clients, what lies between two runs."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess

from bedside import BIN, DelayedLink, PrivateBuildkitd, PrivateEngine, Relay, Unavailable, bed, wait_quiet
import figures
from runs import Client, ClientFailed, counted_syscalls, counting_method, timed
from trees import WANTED

PEELBOX = BIN / "peelbox"
LLB_TOOL = BIN / "llb_tool"
COPIES = 32


@dataclasses.dataclass
class Scale:
    """Sizes of the trees, and how many pairs a case has."""
    full: bool
    bulk_mib: int
    files: int
    million: int
    load_mib: int
    bkbench: tuple
    pairs: dict

    def of(self, case):
        return self.pairs.get(case, self.pairs["*"])


FULL = Scale(True, 2048, 100_000, 1_000_000, 1024, (5000, (1, 10, 50, 100)),
             {"*": 7, "bulk": 7, "million": 3, "trivial": 25, "docker-trivial": 15})
QUICK = Scale(False, 256, 10_000, 50_000, 64, (1000, (1, 5, 10)),
              {"*": 2, "bulk": 3, "unchanged": 3, "selective": 3, "trivial": 7, "docker-trivial": 4, "docker-load-standalone": 1})


class Bench:
    """What the cases share. Daemons and the link are started when the first case needs them."""

    def __init__(self, scale, trees, folder, pairs=None, counted=True, newest=False):
        self.scale = scale
        self.trees = trees
        self.folder = pathlib.Path(folder)
        self.pairs_wanted = pairs
        self.counted = counted
        self.newest = newest
        self.stack = contextlib.ExitStack()
        self._things = {}
        self._broken = {}

    def _once(self, name, make):
        if name in self._broken:
            raise Unavailable(self._broken[name])
        if name not in self._things:
            try:
                self._things[name] = self.stack.enter_context(make())
            except Unavailable as error:
                self._broken[name] = str(error)
                raise
        return self._things[name]

    @property
    def buildkitd(self):
        return self._once("buildkitd", PrivateBuildkitd)

    @property
    def link(self):
        return self._once("link", DelayedLink)

    @property
    def far_buildkitd(self):
        host = self.link.host
        return self._once("far-buildkitd", lambda: FarBuildkitd(host))

    @property
    def engine(self):
        return self._once("engine", lambda: PrivateEngine(self.folder, self.newest))

    def drop(self):
        """Ends every daemon, so that what the cases before sent lies on no disk."""
        self.stack.close()
        self.stack = contextlib.ExitStack()
        self._things = {}

    def definition(self, name, kind="local", patterns=()):
        """A definition whose tree the daemon has not seen."""
        path = self.folder / f"{name}.llb"
        words = [LLB_TOOL, kind]
        for p in patterns:
            words += ["--include", p]
        path.write_bytes(subprocess.run(words, check=True, capture_output=True).stdout)
        return path

    def standard(self, case, workload, clients, *, cold=False, copies=1, flags=()):
        """Pairs that `peelbox bench` measures with a workload of its own, then one counted run for each client."""
        daemon = self.buildkitd
        file = self.folder / f"{case}.json"
        words = [PEELBOX, "bench", workload, "--client", bed("BUILDCTL"), "--buildkit", daemon.address, "--runs",
                 self.pairs_wanted or self.scale.of(case), "--json", file, *(["--prune"] if cold else []), *flags]
        done = subprocess.run([str(w) for w in words], env={**os.environ, "TMPDIR": str(self.folder)})
        if done.returncode != 0:
            raise ClientFailed(f"peelbox bench ended with {done.returncode}: {' '.join(str(w) for w in words)}")
        pairs = figures.pairs_of(json.loads(file.read_text())["workloads"][0])
        if self.counted and not cold:
            # The counted runs have trees of their own, which the daemon has to know first.
            made = [make() for make in clients]
            for client in made:
                timed(client, daemon.address, self.folder, daemon.pid, copies)
            clients = [lambda client=client: client for client in made]
        return "buildctl", pairs, self.count(clients, daemon=daemon, cold=cold, copies=copies)

    def compare(self, case, clients, *, daemon, cold, copies=1, address=None, netns=None, prime=1):
        """Pairs of runs, then one counted run for each client. `clients`: two functions that make a Client; a cold case
        makes a new one for every run, so that the daemon has never seen its definition."""
        address = address or daemon.address
        made = [make() for make in clients]
        names = [client.name for client in made]

        def run(which, how):
            client = clients[which]() if cold else made[which]
            wait_quiet(daemon.pid)
            found = how(client)
            if cold:
                daemon.prune()
            return found

        def time_it(client):
            return timed(client, address, self.folder, daemon.pid, copies, netns)

        for which in (0, 1):
            for _ in range(prime):
                run(which, time_it)
        pairs = []
        for i in range(self.pairs_wanted or self.scale.of(case)):
            pair = {}
            for which in ((0, 1) if i % 2 == 0 else (1, 0)):
                pair[names[which]] = run(which, time_it)
            pairs.append(pair)
            print(f"  pair {i + 1}: " + ", ".join(
                f"{c} {m['wall']:.3f} s wall {m['cpu']:.3f} s cpu {m['rss_mb']:.0f} MB" for c, m in pair.items()), flush=True)
        return names[1], pairs, self.count(clients if cold else [lambda client=client: client for client in made], daemon=daemon,
                                           cold=cold, copies=copies, address=address, netns=netns)

    def count(self, clients, *, daemon, cold, copies=1, address=None, netns=None):
        """{client: what it sends, gets and asks of the kernel}; None when nobody wants to know."""
        if not self.counted:
            return None
        counted = {}
        for make in clients:
            client = make()
            wait_quiet(daemon.pid)
            c = counted[client.name] = self._count(client, daemon, address or daemon.address, copies, netns)
            if cold:
                daemon.prune()
            print(f"  counted, {client.name}: {c['bytes_to_daemon']:,} bytes to the daemon, "
                  f"{c['bytes_to_client']:,} back, {c['syscalls']:,} system calls", flush=True)
        return counted

    def _count(self, client, daemon, address, copies, netns):
        """An untimed run: bytes at a relay in front of the socket (or on the delayed link, with IP's headers)."""
        if netns:
            before = self.link.count()
            calls = counted_syscalls(client, address, self.folder, copies, netns)
            after = self.link.count()
            sent, received = (after[k] - before[k] for k in ("to_daemon", "to_client"))
            how = "IP packets of the delayed link"
        else:
            with Relay(daemon.socket, self.folder) as relay:
                calls = counted_syscalls(client, relay.address, self.folder, copies)
            sent, received = relay.counts["to_daemon"], relay.counts["to_client"]
            how = "relay at the unix socket"
        return {"bytes_to_daemon": sent, "bytes_to_client": received, "bytes_counted_by": how, "syscalls": calls,
                "syscalls_counted_by": counting_method()}


class FarBuildkitd(PrivateBuildkitd):
    """Listens on the delayed link as well."""

    def __init__(self, host):
        super().__init__(tcp_host=host)
        self.name += "-far"


def peelbox(tree, definition, tag="bench"):
    def command(address):
        return [PEELBOX, "build", "--llb", "-", "--local", f"context={tree}", "--tag", tag, "--output", "type=cacheonly",
                "--progress", "plain", "--buildkit", address]
    return Client("peelbox", command, definition)


def buildctl(tree, definition):
    def command(address):
        return [bed("BUILDCTL"), "--addr", address, "build", "--progress", "plain", "--local", f"context={tree}"]
    return Client("buildctl", command, definition)


def standalone(bench, case, tree, *, cold, patterns=(), **more):
    """The tree itself is the result and nothing is exported: what differs is the client."""
    daemon = more.pop("daemon", None) or bench.buildkitd
    definition = lambda name: bench.definition(f"{case}-{name}", patterns=patterns)  # noqa: E731
    return bench.compare(case, [lambda: peelbox(tree, definition("peelbox")), lambda: buildctl(tree, definition("buildctl"))],
                         daemon=daemon, cold=cold, prime=0 if cold else 1, **more)


def standard(bench, case, workload, tree, *, cold, kind="local", flags=()):
    """`kind` is that of the workload's definition."""
    clients = [lambda: peelbox(tree, bench.definition(f"{case}-peelbox", kind)),
               lambda: buildctl(tree, bench.definition(f"{case}-buildctl", kind))]
    return bench.standard(case, workload, clients, cold=cold, flags=flags)


def run_parallel(bench, case):
    for i in range(COPIES):
        bench.trees.small(i)
        for client in ("peelbox", "buildctl"):
            bench.definition(f"{case}-{client}-{i}", "copy")
    tree = bench.trees.folder / "small-{}"
    return bench.standard(case, f"parallel-{COPIES}", [lambda: peelbox(tree, bench.folder / f"{case}-peelbox-{{}}.llb"),
                                                       lambda: buildctl(tree, bench.folder / f"{case}-buildctl-{{}}.llb")], copies=COPIES)


def run_far(bench, case, round_trip, tree, cold):
    link, daemon = bench.link, bench.far_buildkitd
    link.set_round_trip(round_trip)
    print(f"  measured round trip of the link: {link.measured_round_trip()} ms", flush=True)
    return standalone(bench, case, tree, cold=cold, daemon=daemon, address=daemon.tcp, netns=link.netns)


def buildx(bench, tree, *arguments):
    """docker buildx build of FROM scratch, COPY . /"""
    dockerfile = bench.folder / "Dockerfile"
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    words = [bench.engine.cli, "buildx", "build", "--progress", "plain", "--provenance=false", "--file", dockerfile,
             *arguments, tree]
    return Client("docker buildx", lambda address: words, None, bench.engine.environment)


def over_docker(bench, tree, definition, tag=None, flags=()):
    """The same through docker://, whose engine DOCKER_HOST names."""
    def command(address):
        where = ["--tag", tag] if tag else ["--tag", "bench", "--output", "type=cacheonly"]
        return [PEELBOX, "build", "--llb", "-", "--local", f"context={tree}", *where, *flags, "--progress", "plain", "--buildkit",
                "docker://"]
    return Client("peelbox", command, definition, bench.engine.environment)


def run_docker(bench, case, tree, cold):
    # Once before, so that the copied layer is cached by its content and runs differ only in the transfer. What was built from
    # an unchanged context outlives the context itself: without the flag nothing would be transferred again.
    flags = ["--paranoid"] if cold else []
    return bench.compare(case, [lambda: over_docker(bench, tree, bench.definition(f"{case}-peelbox", "copy"), flags=flags),
                                lambda: buildx(bench, tree, "--output", "type=cacheonly")],
                         daemon=bench.engine, cold=cold, prime=1)


def run_docker_load(bench, case, tree):
    """The second time that an unchanged image goes into the engine's store."""
    return bench.compare(case, [
        lambda: over_docker(bench, tree, bench.definition(f"{case}-peelbox", "copy"), "bench/peelbox:1"),
        lambda: buildx(bench, tree, "--tag", "bench/buildx:1", "--load")], daemon=bench.engine, cold=False, prime=1)


def run_docker_load_standalone(bench, case, tree):
    """The same from a standalone buildkitd, whose image has to travel through the client."""
    engine, daemon = bench.engine, bench.buildkitd
    environment = engine.environment()

    def ours():
        def command(address):
            return [PEELBOX, "build", "--llb", "-", "--local", f"context={tree}", "--tag", "bench/peelbox-far:1", "--progress",
                    "plain", "--buildkit", address]
        return Client("peelbox", command, bench.definition(f"{case}-peelbox", "copy"), lambda address: environment)

    def theirs():
        client = buildx(bench, tree, "--tag", "bench/buildx-far:1", "--load")
        at = client.command("").index("build")

        def command(address):
            # A builder for each address: the counted run goes through the relay.
            name = "direct" if address == daemon.address else "counted"
            subprocess.run([str(engine.cli), "buildx", "create", "--name", name, "--driver", "remote", address],
                           capture_output=True, env={**__import__("os").environ, **environment})
            words = client.command(address)
            return [*words[:at + 1], "--builder", name, *words[at + 1:]]
        return Client(client.name, command, None, lambda address: environment)

    return bench.compare(case, [ours, theirs], daemon=daemon, cold=False, prime=1)


def table(scale):
    """name -> (what it is, how it runs). In the order in which they run; docker's and the large one last."""
    files, kib = scale.files, 4096
    wanted = files // 500
    small, large = scale.bkbench
    mix = f"{small} files of 123 bytes and files of {', '.join(str(m) for m in large)} MB"
    many = lambda b: b.trees.files(files, kib)  # noqa: E731
    bk = lambda b: b.trees.bkbench(small, large)  # noqa: E731
    cases = {
        "bulk": (f"one file of {scale.bulk_mib} MiB, first transfer",
                 lambda b, c: standard(b, c, "large-file", b.trees.one_file(scale.bulk_mib), cold=True, flags=["--size", f"{scale.bulk_mib}MiB"])),
        "cold": (f"{files:,} files of about 4 KB, first transfer",
                 lambda b, c: standard(b, c, "small-files", many(b), cold=True, flags=["--files", files])),
        "unchanged": (f"{files:,} files, nothing changed", 
                      lambda b, c: standard(b, c, "unchanged", many(b), cold=False, flags=["--files", files])),
        "selective": (f"{wanted} of {files:,} files by d*/e0/{WANTED} and d*/e5/{WANTED}, first transfer",
                      lambda b, c: standalone(b, c, many(b), cold=True, patterns=[f"d*/e0/{WANTED}", f"d*/e5/{WANTED}"])),
        "selective-folders": (f"200 of {files:,} files by the names of two folders, first transfer",
                              lambda b, c: standalone(b, c, many(b), cold=True, patterns=["d0001/e1", "d0003/e2"])),
        "selective-anywhere": (f"{wanted} of {files:,} files by **/{WANTED}, first transfer",
                               lambda b, c: standalone(b, c, many(b), cold=True, patterns=[f"**/{WANTED}"])),
        "trivial": ("one small file, nothing changed", lambda b, c: standard(b, c, "trivial", b.trees.small(), cold=False, kind="copy")),
        "parallel": (f"{COPIES} builds of one small file each at once, nothing changed", run_parallel),
        "bkbench": (f"BuildKit's public benchmark: {mix}, first transfer", lambda b, c: standalone(b, c, bk(b), cold=True)),
    }
    for ms in (0, 20, 60):
        cases[f"tcp-{ms}ms"] = (f"TCP, round trip {ms} ms: {mix}, first transfer",
                                lambda b, c, ms=ms: run_far(b, c, ms, bk(b), True))
        cases[f"tcp-{ms}ms-trivial"] = (f"TCP, round trip {ms} ms: one small file, nothing changed",
                                        lambda b, c, ms=ms: run_far(b, c, ms, b.trees.small(), False))
    cases |= {
        "docker-bulk": (f"Docker's BuildKit, FROM scratch + COPY: one file of {scale.bulk_mib} MiB, transferred again",
                        lambda b, c: run_docker(b, c, b.trees.one_file(scale.bulk_mib), True)),
        "docker-cold": (f"Docker's BuildKit, FROM scratch + COPY: {files:,} files of about 4 KB, transferred again",
                        lambda b, c: run_docker(b, c, many(b), True)),
        "docker-unchanged": (f"Docker's BuildKit, FROM scratch + COPY: {files:,} files, nothing changed",
                             lambda b, c: run_docker(b, c, many(b), False)),
        "docker-trivial": ("Docker's BuildKit, FROM scratch + COPY: one small file, nothing changed",
                           lambda b, c: run_docker(b, c, b.trees.small(), False)),
        "docker-load": (f"Docker's BuildKit: an unchanged image of {scale.load_mib} MiB into Docker a second time",
                        lambda b, c: run_docker_load(b, c, b.trees.one_file(scale.load_mib))),
        "docker-load-standalone": (f"buildkitd: an unchanged image of {scale.load_mib} MiB into Docker a second time",
                                   lambda b, c: run_docker_load_standalone(b, c, b.trees.one_file(scale.load_mib))),
        "million": (f"{scale.million:,} files, nothing changed",
                    lambda b, c: standalone(b, c, b.trees.files(scale.million, 100), cold=False)),
    }
    return cases
