"""Whole builds, peelbox beside buildctl, in alternating pairs: wall time, client CPU seconds, peak memory.

Both clients solve the same kind of definition (a local source as the result, nothing exported) on the same daemon, so
what differs is the client. The daemon's state is pruned between cold runs. Pairs alternate which client goes first.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parents[1]
PEELBOX = REPO / "build/release/bin/peelbox"
LLB_TOOL = REPO / "build/release/bin/llb_tool"
WORK = REPO / "build/bench"


def bed(name):
    return os.environ["PEELBOX_TB_" + name]


def measure(command, definition):
    """Runs a client; wall and CPU seconds and peak MiB of the client process."""
    with open(definition, "rb") as stdin, open(WORK / "last.log", "wb") as log:
        start = time.monotonic()
        process = subprocess.Popen([str(c) for c in command], stdin=stdin, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{(WORK / 'last.log').read_text(errors='replace')[-3000:]}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss_mb": usage.ru_maxrss / 1024}


def peelbox_command(tree):
    return [PEELBOX, "build", "--llb", "-", "--local", f"context={tree}", "--tag", "bench", "--output", "type=cacheonly",
            "--progress", "plain", "--buildkit", bed("BUILDKITD")]


def buildctl_command(tree):
    return [bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "build", "--progress", "plain", "--local", f"context={tree}"]


CLIENTS = {"peelbox": peelbox_command, "buildctl": buildctl_command}


def new_definition(name):
    """A definition whose tree the daemon has not seen."""
    path = WORK / f"{name}.llb"
    path.write_bytes(subprocess.run([LLB_TOOL, "local"], check=True, capture_output=True).stdout)
    return path


def prune():
    subprocess.run([bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "prune", "--filter", "type==source.local"], check=True,
                   capture_output=True)


def file_tree(count, size):
    tree = WORK / f"files-{count}-{size}"
    if not tree.exists():
        block = b"x" * size
        for i in range(count):
            directory = tree / f"d{i // 1000:03}" / f"e{i // 100 % 10}"
            if i % 100 == 0:
                directory.mkdir(parents=True, exist_ok=True)
            (directory / f"f{i}").write_bytes(block[: size // 2] + str(i).encode())
    return tree


def one_file(mebibytes):
    tree = WORK / f"one-{mebibytes}"
    if not tree.exists():
        tree.mkdir(parents=True)
        block = os.urandom(1 << 20)
        with open(tree / "big", "wb") as f:
            for _ in range(mebibytes):
                f.write(block)
    return tree


def pairs(tree, count, cold):
    """[(peelbox, buildctl)] measurements; cold: a new definition and a pruned daemon for every run."""
    definitions = {}
    if not cold:
        for client, command in CLIENTS.items():
            definitions[client] = new_definition(client)
            measure(command(tree), definitions[client])
    found = []
    for i in range(count):
        one = {}
        for client in sorted(CLIENTS, reverse=i % 2 == 0):
            definition = new_definition(client) if cold else definitions[client]
            one[client] = measure(CLIENTS[client](tree), definition)
            if cold:
                prune()
        found.append(one)
        print(f"  pair {i + 1}: " + ", ".join(
            f"{c} {m['wall']:.2f}s wall {m['cpu']:.2f}s cpu {m['rss_mb']:.0f} MB" for c, m in sorted(one.items())), flush=True)
    return found


def summarise(name, what, found):
    case = {"name": name, "what": what, "pairs": found}
    for figure, key in [("wall", "wall_ratio"), ("cpu", "cpu_ratio"), ("rss_mb", "rss_ratio")]:
        ratios = [one["peelbox"][figure] / one["buildctl"][figure] for one in found]
        case[key] = statistics.median(ratios)
        case[key + "_spread"] = [min(ratios), max(ratios)]
        case["median_" + figure] = {c: statistics.median(one[c][figure] for one in found) for c in CLIENTS}
    case["rss_mb"] = case["median_rss_mb"]["peelbox"]
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--case", action="append", choices=["bulk", "cold", "unchanged", "trivial"])
    parser.add_argument("--pairs", type=int)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    count = options.pairs or (3 if options.quick else 5)
    size, files = (512, 20_000) if options.quick else (2048, 100_000)
    cases = {
        "bulk": (f"one file of {size} MiB", lambda: pairs(one_file(size), count, True)),
        "cold": (f"{files} files of 64 bytes, first transfer", lambda: pairs(file_tree(files, 64), count, True)),
        "unchanged": (f"{files} files, nothing changed", lambda: pairs(file_tree(files, 64), count, False)),
        "trivial": ("one small file, nothing changed", lambda: pairs(file_tree(1, 64), count * 4, False)),
    }
    report = {"machine": {"cores": os.cpu_count(), "kernel": os.uname().release}, "cases": []}
    for name, (what, work) in cases.items():
        if options.case and name not in options.case:
            continue
        print(f"{name}: {what}", flush=True)
        prune()
        report["cases"].append(summarise(name, what, work()))
    (WORK / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{'case':<11}{'wall':>8}{'ratio':>8}{'cpu':>8}{'ratio':>8}{'peak MB':>9}{'ratio':>8}   (peelbox; ratios to buildctl)")
    for case in report["cases"]:
        print(f"{case['name']:<11}{case['median_wall']['peelbox']:>7.2f}s{case['wall_ratio']:>8.2f}"
              f"{case['median_cpu']['peelbox']:>7.2f}s{case['cpu_ratio']:>8.2f}{case['rss_mb']:>9.0f}{case['rss_ratio']:>8.2f}")


if __name__ == "__main__":
    main()
