#!/usr/bin/python3 -B
"""What showing a build costs a client: CPU and peak memory of peelbox and buildctl, in each mode, on one daemon.

    scripts/testbed.sh up; eval "$(scripts/testbed.sh env)"
    ninja -C build/release peelbox llb_tool bench_client_run progress
    bench/showing.py [--pairs 3] [--case lines|vertices|both] [--mode plain] [--lines 5000] [--vertices 5000]
                     [--replay 1 [--side-by-side 4]] [--to null]

`lines`: twenty commands that print 5,000 lines each. `vertices`: 5,000 operations without output. `both`: one build with all of
that. They are solved without the cache, on a daemon of their own. `process`: our CPU beside buildctl's; `renderer`: what the mode adds to `quiet`, beside
what it adds to buildctl's, with the standard errors of both. For `tty` the output is a pseudo terminal of 120 x 40 that somebody
reads. `--replay SPEED`: the daemon builds once, and everybody is shown that build again, so many times faster (replay.py); small
differences cannot be seen otherwise, because the same build gives other messages each time. `--side-by-side N`: so many rows of pairs
at once, each with its own replaying daemon; they disturb each other, but a build at its own speed leaves a machine idle most
of the time. `--to null` leaves out what the
kernel needs to keep the text in a file, which is as much for either client.
PEELBOX_BENCH_PEELBOX is the binary to measure, else the one of the release build."""

import argparse
import fcntl
import os
import pathlib
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bedside import BIN, PrivateBuildkitd, bed  # noqa: E402
from replay import Replay, record  # noqa: E402
from runs import Client, timed  # noqa: E402

PEELBOX = os.environ.get("PEELBOX_BENCH_PEELBOX", str(BIN / "peelbox"))
IMAGE = "docker.io/peelbox/debian-build:12"
CLIENTS = ("buildctl", "peelbox")
MODES = ("quiet", "plain", "tty", "rawjson")  # quiet first: the others are compared with it


class Terminal:
    """A pseudo terminal whose output is counted."""

    def __enter__(self):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.name = os.ttyname(self.slave)
        self.bytes = 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def read(self):
        while True:
            try:
                got = os.read(self.master, 65536)
            except OSError:
                return
            if not got:
                return
            self.bytes += len(got)

    def __exit__(self, *_):
        os.close(self.slave)
        self.reader.join(10)
        os.close(self.master)


def client_of(name, mode, definition):
    def command(address):
        if name == "buildctl":
            return [bed("BUILDCTL"), "--addr", address, "build", "--no-cache", f"--progress={mode}"]
        return [PEELBOX, "build", "--buildkit", address, "--llb", definition, "--no-cache", "--tag", "bench/showing:1",
                "--output", "type=cacheonly", f"--progress={mode}"]

    return Client(name, command, definition if name == "buildctl" else "/dev/null", lambda _: {"TERM": "xterm-256color"})


def measure(name, mode, definition, daemon, folder, to):
    client = client_of(name, mode, definition)
    if mode == "tty":
        with Terminal() as terminal:
            used = timed(client, daemon.address, folder, daemon.pid, log=terminal.name)
        used["written"] = terminal.bytes
    elif to == "null":
        used = timed(client, daemon.address, folder, daemon.pid, log="/dev/null")
        used["written"] = 0
    else:
        log = pathlib.Path(folder) / f"{name}-{mode}.log"
        log.unlink(missing_ok=True)  # writing over a file makes ext4 allocate its blocks at the end, at the client's expense
        used = timed(client, daemon.address, folder, daemon.pid, log=log)
        used["written"] = log.stat().st_size
    return used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--case", choices=("lines", "vertices", "both"), action="append")
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--vertices", type=int, default=5000)
    parser.add_argument("--replay", type=float, metavar="SPEED")
    parser.add_argument("--side-by-side", type=int, default=1, metavar="N")
    parser.add_argument("--to", choices=("file", "null"), default="file")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the daemon ends with us
    forms = {"lines": ("noise", IMAGE, "20", asked.lines, "5"), "vertices": ("fan", asked.vertices),
             "both": ("noise", IMAGE, "20", asked.lines, asked.vertices)}
    for name in [name for name in os.environ if name.startswith(("BUILDKIT_", "NO_COLOR", "OTEL_"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, PrivateBuildkitd() as daemon:
        for case in asked.case or forms:
            definition = pathlib.Path(folder) / f"{case}.llb"
            with definition.open("wb") as to:
                subprocess.run([str(w) for w in (BIN / "llb_tool", *forms[case])], stdout=to, check=True)
            measure("peelbox", "quiet", definition, daemon, folder, asked.to)  # so that the daemon is warm
            modes = asked.mode or MODES
            if asked.replay:
                recording = pathlib.Path(folder) / f"{case}.recording"
                record(daemon.address, definition, recording)
                rows = side_by_side(recording, definition, modes, asked)
            else:
                rows = row_of_pairs(daemon, folder, definition, modes, asked)
            for mode in modes:
                print(line_of(case, mode, {mode: {name: [row[mode, name] for row in rows] for name in CLIENTS} for mode in modes}), flush=True)


def row_of_pairs(daemon, folder, definition, modes, asked, first=0):
    """What each mode of each client used, once per pair."""
    row = []
    for pair in range(first, first + asked.pairs):
        # All modes in turn, so that a machine that becomes slower does so for each.
        row.append({(mode, name): measure(name, mode, definition, daemon, folder, asked.to)
                    for mode in (modes if pair % 2 else modes[::-1]) for name in (CLIENTS if pair % 2 else CLIENTS[::-1])})
    return row


def side_by_side(recording, definition, modes, asked):
    rows = []

    def one(number):
        with tempfile.TemporaryDirectory() as folder, Replay(recording, folder, asked.replay) as daemon:
            rows.append(row_of_pairs(daemon, folder, definition, modes, asked, number))

    # Not a pool of futures: that would measure to the end before it lets the program be stopped.
    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(asked.side_by_side)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(rows) < len(threads):
        sys.exit("a measurement failed")
    return [used for row in rows for used in row]


def line_of(case, mode, runs):
    used = runs[mode]
    line = f"{case:9} {mode:8}"
    for name, of in used.items():
        cpu, written = (statistics.median(r[key] for r in of) for key in ("cpu", "written"))
        line += f" {name} {cpu:.3f} s {max(r['rss_mb'] for r in of):5.1f} MB {written / 1000:7.0f} kB "
    ratios = sorted(p["cpu"] / b["cpu"] for p, b in zip(used["peelbox"], used["buildctl"]))
    line += f" process {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    if mode != "quiet" and "quiet" in runs:
        more = {name: [(r["cpu"] - q["cpu"]) * 1000 for r, q in zip(used[name], runs["quiet"][name])] for name in used}
        ours, theirs = (statistics.mean(more[name]) for name in ("peelbox", "buildctl"))
        errors = [statistics.stdev(more[name]) / len(more[name]) ** 0.5 if len(more[name]) > 1 else float("nan")
                  for name in ("peelbox", "buildctl")]
        line += f"  renderer {ours / theirs:.3f} ({ours:.1f} ± {errors[0]:.1f} of {theirs:.0f} ± {errors[1]:.0f} ms)"
    return line


if __name__ == "__main__":
    main()
