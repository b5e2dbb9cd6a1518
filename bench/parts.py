"""Runs the google/benchmark programs and compares what belongs together."""

import json
import os
import pathlib
import statistics
import subprocess

import figures
from bedside import BIN, Unavailable

# Program, and whether a quick run has it.
PROGRAMS = {"loopback": True, "walk": True, "match": True, "packet": True, "filesync": False, "h2_throughput": False,
            "progress": False}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
# Keys of google/benchmark itself; every other number of a run is a counter.
OWN = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations", "real_time",
       "cpu_time"}


def collect(program, answer):
    """The program's JSON -> one entry for each benchmark, medians over its repetitions."""
    runs = {}
    order = lambda run: (run.get("family_index", 0), run.get("per_family_instance_index", 0))  # noqa: E731
    for run in sorted(answer["benchmarks"], key=order):
        if run.get("error_occurred"):
            raise Unavailable(f"{program}: {run['name']}: {run.get('error_message')}")
        if run.get("run_type") == "iteration":
            runs.setdefault(run["run_name"].replace("/process_time", "").replace("/real_time", ""), []).append(run)
    found = []
    for name, several in runs.items():
        unit = SECONDS[several[0]["time_unit"]]
        times = [run["real_time"] * unit for run in several]
        counters = {key: statistics.median(run[key] for run in several) for key, value in several[0].items()
                    if key not in OWN and isinstance(value, (int, float))}
        found.append({"program": program, "name": name, "seconds": statistics.median(times), "spread": figures.spread(times),
                      "cpu_seconds": statistics.median(run["cpu_time"] * unit for run in several),
                      "repetitions": len(several), "counters": counters})
    return found


def compare(found):
    """What issue-sized and quick runs alike have to show: these are ratios of neighbours in one program."""
    by_name = {f"{p['program']}/{p['name']}": p["seconds"] for p in found}

    def one(what, above, below, limit, at_least):
        if above not in by_name or below not in by_name:
            return None
        value = figures.ratio(by_name[above], by_name[below])
        return {"what": what, "value": value, "limit": limit, "at_least": at_least,
                "met": value >= limit if at_least else value <= limit}

    wanted = [
        one("throughput on a hijacked connection / raw gathered write", "loopback/raw", "loopback/hijacked", 0.5, True),
        one("throughput through the session tunnel / raw gathered write", "loopback/raw", "loopback/tunnel", 1 / 3, True),
        one("time of the walk / bare getdents and statx", "walk/walk/0", "walk/bare", 2.0, False),
        one("time of the walk with 300 rules / without rules", "walk/walk/300", "walk/walk/0", 1.5, False),
    ]
    return [w for w in wanted if w]


def run(quick, tree, folder, mebibytes):
    """[entries]; `tree`: many files. Everything is made below `folder` and removed by the programs themselves."""
    environment = {**os.environ, "TMPDIR": str(folder), "PEELBOX_BENCH_TREE": str(tree), "PEELBOX_BENCH_MIB": str(mebibytes)}
    found = []
    for program, always in PROGRAMS.items():
        if quick and not always:
            continue
        print(f"{program}: benchmark program", flush=True)
        out = pathlib.Path(folder) / f"{program}.json"
        done = subprocess.run([BIN / program, f"--benchmark_min_time={0.05 if quick else 0.5}",
                               f"--benchmark_repetitions={3 if quick else 7}", "--benchmark_enable_random_interleaving=true",
                               f"--benchmark_out={out}", "--benchmark_out_format=json"], env=environment,
                              capture_output=True, text=True, timeout=1800)
        if done.returncode != 0:
            raise Unavailable(f"{program} ended with {done.returncode}: {done.stderr.strip()[-1500:]}")
        found += collect(program, json.loads(out.read_text()))
        for p in found:
            if p["program"] == program:
                rate = p["counters"].get("bytes_per_second")
                print(f"  {p['name']:<24} {p['seconds'] * 1e3:>12.6g} ms" + (f" {rate / 2**20:>8.0f} MiB/s" if rate else ""))
    return found
