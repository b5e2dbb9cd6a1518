#!/usr/bin/env python3
"""What showing a build costs a client: CPU and peak memory of peelbox and buildctl, in each mode, on one daemon.

    scripts/testbed.sh up; eval "$(scripts/testbed.sh env)"
    ninja -C build/release peelbox llb_tool bench_client_run progress
    bench/showing.py [--pairs 3] [--case lines|vertices] [--mode plain] [--lines 5000] [--vertices 5000]

`lines`: twenty commands that print 5,000 lines each. `vertices`: 5,000 operations without output. Both are solved without
the cache, on a daemon of their own. For `tty` the output is a pseudo terminal of 120 x 40 that somebody reads.
PEELBOX_BENCH_PEELBOX is the binary to measure, else the one of the release build."""

import argparse
import fcntl
import json
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

PEELBOX = os.environ.get("PEELBOX_BENCH_PEELBOX", str(BIN / "peelbox"))
IMAGE = "docker.io/peelbox/debian-build:12"
MODES = ("plain", "tty", "rawjson", "quiet")


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


def run(words, definition, log):
    launcher = [BIN / "bench_client_run", "--log", log, "--stdin", definition or "/dev/null", "--limit", "600", "--", *words]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BUILDKIT_", "NO_COLOR", "OTEL_"))}
    environment["TERM"] = "xterm-256color"
    done = subprocess.run([str(w) for w in launcher], capture_output=True, text=True, env=environment, check=True)
    used = json.loads(done.stdout)
    if used["exit"] != 0:
        said = "" if log.startswith("/dev/pts") else pathlib.Path(log).read_text(errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(words)} ended with {used['exit']}\n{said}")
    return used


def measure(client, mode, definition, address, folder):
    words = ([bed("BUILDCTL"), "--addr", address, "build", "--no-cache", f"--progress={mode}"] if client == "buildctl" else
             [PEELBOX, "build", "--buildkit", address, "--llb", str(definition), "--no-cache", "--tag", "bench/showing:1",
              "--output", "type=cacheonly", f"--progress={mode}"])
    given = str(definition) if client == "buildctl" else None
    if mode == "tty":
        with Terminal() as terminal:
            used = run(words, given, terminal.name)
        used["written"] = terminal.bytes
    else:
        log = f"{folder}/{client}-{mode}.log"
        used = run(words, given, log)
        used["written"] = os.path.getsize(log)
    used["cpu"] = used["user"] + used["system"]
    return used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--case", choices=("lines", "vertices"), action="append")
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--vertices", type=int, default=5000)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the daemon ends with us
    forms = {"lines": ("noise", IMAGE, "20", asked.lines, "5"), "vertices": ("fan", asked.vertices)}
    with tempfile.TemporaryDirectory() as folder, PrivateBuildkitd() as daemon:
        for case in asked.case or forms:
            definition = pathlib.Path(folder) / f"{case}.llb"
            with definition.open("wb") as to:
                subprocess.run([str(w) for w in (BIN / "llb_tool", *forms[case])], stdout=to, check=True)
            for mode in asked.mode or MODES:
                runs = {"buildctl": [], "peelbox": []}
                for pair in range(asked.pairs + 1):  # the first of each is for the daemon to become warm
                    order = ("buildctl", "peelbox") if pair % 2 else ("peelbox", "buildctl")
                    for client in order:
                        used = measure(client, mode, definition, daemon.address, folder)
                        if pair:
                            runs[client].append(used)
                ratios = sorted(p["cpu"] / b["cpu"] for p, b in zip(runs["peelbox"], runs["buildctl"]))
                shown = {c: (statistics.median(r["cpu"] for r in of), max(r["rss_kib"] for r in of) * 1.024e-3,
                             statistics.median(r["written"] for r in of) / 1000) for c, of in runs.items()}
                print(f"{case:9} {mode:8}" + "".join(f" {c} {cpu:.3f} s {rss:5.1f} MB {out:9.1f} kB " for c, (cpu, rss, out) in
                                                    shown.items()) +
                      f" ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)


if __name__ == "__main__":
    main()
