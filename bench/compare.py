"""Whole builds with peelbox beside the reference clients, in alternating pairs on the same daemon, and the benchmark
programs; writes report.json and report.html. scripts/bench.sh runs it; docs/performance.md describes it."""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

import figures
import page
import parts
from bedside import REPO, Unavailable
from cases import FULL, QUICK, Bench, table
from runs import ClientFailed
from trees import NoSpace, Trees


def parse(names):
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller trees and fewer pairs")
    parser.add_argument("--case", action="append", metavar="NAME", choices=[*names, "parts"],
                        help="only this case; may be repeated: " + ", ".join([*names, "parts"]))
    parser.add_argument("--skip", action="append", metavar="NAME", default=[], choices=[*names, "parts"],
                        help="without this case; may be repeated")
    parser.add_argument("--pairs", type=int, metavar="N", help="pairs of each case")
    parser.add_argument("--no-count", action="store_true", help="without the runs that count bytes and system calls")
    parser.add_argument("--newest", action="store_true",
                        help="the docker cases beside the newest Docker and buildx of Debian (scripts/testbed.sh up newest)")
    parser.add_argument("--trees", metavar="DIR", help="where the trees are made (default: build/bench/trees)")
    parser.add_argument("--keep-trees", action="store_true", help="leave the trees for the next run")
    options = parser.parse_args()
    if options.pairs is not None and options.pairs < 1:
        parser.error("--pairs must be at least 1")
    return options


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", REPO, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {"cores": len(os.sched_getaffinity(0)), "cpu": model, "kernel": platform.release(),
            "load_at_start": round(os.getloadavg()[0], 2), "peelbox": commit.stdout.strip() or "unknown",
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}


def measure(bench, cases, report):
    """Runs the cases. One that cannot run is listed in the report with the reason, and the others go on."""
    for name, (what, work) in cases.items():
        print(f"{name}: {what}", flush=True)
        if name == "million" or name == "docker-bulk":
            bench.drop()
        start = time.monotonic()
        try:
            peer, pairs, counted = work(bench, name)
        except (Unavailable, NoSpace, ClientFailed, OSError) as error:
            print(f"  NOT RUN: {error}", file=sys.stderr, flush=True)
            report["not_run"].append({"name": name, "what": what, "why": str(error)})
            continue
        case = figures.summarise(name, what, peer, pairs, counted)
        case["limits"] = figures.judge(case, bench.scale.full)
        case["took"] = round(time.monotonic() - start, 1)
        report["cases"].append(case)


def print_table(report):
    width = max([len(c["name"]) for c in report["cases"]] + [4])
    print(f"\n{'case':<{width}} {'wall':>9} {'ratio':>6} {'cpu':>9} {'ratio':>6} {'peak MB':>8} {'ratio':>6}   (ours; ratio to)")
    for case in report["cases"]:
        m = case["medians"]["peelbox"]
        missed = [k for k, v in case["limits"].items() if not v["met"]]
        print(f"{case['name']:<{width}} {m['wall']:>8.3f}s {case['wall_ratio']:>6.2f} {m['cpu']:>8.3f}s {case['cpu_ratio']:>6.2f} "
              f"{m['rss_mb']:>8.1f} {case['rss_ratio']:>6.2f}   {case['peer']}"
              + (f"   over its limit: {', '.join(missed)}" if missed else ""))
    for c in report["comparisons"]:
        print(f"{c['what']}: {c['value']:.2f} ({'at least' if c['at_least'] else 'at most'} {c['limit']:.2f})"
              + ("" if c["met"] else "   NOT MET"))
    for missing in report["not_run"]:
        print(f"{missing['name']:<{width}} NOT RUN: {missing['why'].splitlines()[0]}")


def main():
    names = list(table(FULL))
    options = parse(names)
    scale = QUICK if options.quick else FULL
    chosen = {n: c for n, c in table(scale).items() if (not options.case or n in options.case) and n not in options.skip}
    want_parts = (not options.case or "parts" in options.case) and "parts" not in options.skip

    out = pathlib.Path(os.environ.get("PEELBOX_BENCH_OUT", REPO / "build/bench"))
    folder = out / f"run-{os.getpid()}"
    folder.mkdir(parents=True)
    trees = Trees(options.trees or out / "trees")
    # Ends like an interruption, so that everything is put away.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    report = {"machine": machine(), "scale": "quick" if options.quick else "full", "cases": [], "not_run": [], "parts": [], "comparisons": []}
    bench = Bench(scale, trees, folder, options.pairs, not options.no_count, options.newest)
    start = time.monotonic()
    try:
        if want_parts:
            try:
                report["parts"] = parts.run(options.quick, trees.files(scale.files, 4096), folder, 256 if options.quick else 1024)
                report["comparisons"] = parts.compare(report["parts"])
            except (Unavailable, NoSpace, OSError) as error:
                print(f"  NOT RUN: {error}", file=sys.stderr)
                report["not_run"].append({"name": "parts", "what": "benchmark programs", "why": str(error)})
        measure(bench, chosen, report)
    finally:
        bench.drop()
        shutil.rmtree(folder, ignore_errors=True)
        if not options.keep_trees:
            trees.remove()
    report["took"] = round(time.monotonic() - start, 1)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (out / "report.html").write_text(page.render(report))
    print_table(report)
    print(f"\n{out / 'report.json'}, {out / 'report.html'}; {report['took']:.0f} s with making the trees")
    sys.exit(1 if report["not_run"] else 0)


if __name__ == "__main__":
    main()
