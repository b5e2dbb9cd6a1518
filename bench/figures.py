"""The arithmetic of the report: pure, tested by tests/unit/bench/figures_test.py."""

import statistics

# What issue-sized runs have to show beside buildctl: wall and CPU as ratios, memory in MB.
LIMITS = {
    "bulk": {"wall_ratio": 0.45, "cpu_ratio": 0.15, "rss_mb": 48},
    "cold": {"wall_ratio": 0.8, "cpu_ratio": 0.20, "rss_mb": 64},
    "unchanged": {"wall_ratio": 0.65, "cpu_ratio": 0.10, "rss_mb": 48},
    "million": {"wall_ratio": 0.65, "cpu_ratio": 0.10, "rss_mb": 200},
    "selective": {"wall_ratio": 0.5, "cpu_ratio": 0.10, "rss_mb": 24},
    "trivial": {"wall_ratio": 0.6, "cpu_ratio": 0.35, "rss_mb": 16},
    "parallel": {"wall_ratio": 0.6, "cpu_ratio": 0.35},
}

# Figure of one run -> name of the ratio in a case.
RATIOS = {"wall": "wall_ratio", "cpu": "cpu_ratio", "rss_mb": "rss_ratio"}


def spread(values):
    """[smallest, largest]"""
    return [min(values), max(values)]


def ratio(ours, theirs):
    if theirs <= 0:
        raise ValueError(f"a ratio to {theirs} says nothing")
    return ours / theirs


def pair_ratios(pairs, peer, figure):
    """One ratio per pair: both runs of a pair had the same neighbours on the machine."""
    return [ratio(pair["peelbox"][figure], pair[peer][figure]) for pair in pairs]


def pairs_of(workload):
    """A workload of two sides in a report of `peelbox bench`, as the pairs that summarise() takes."""
    if workload.get("skipped"):
        raise ValueError(f"{workload['name']}: {workload['skipped']}")

    def run(one):
        return {"wall": one["wall"], "cpu": one["cpu"], "rss_mb": one["peak_memory"] / 1e6,
                **({"daemon_cpu": one["daemon_cpu"]} if "daemon_cpu" in one else {})}

    ours, theirs = (side["runs"] for side in workload["sides"])
    return [{"peelbox": run(a), "buildctl": run(b)} for a, b in zip(ours, theirs, strict=True)]


def summarise(name, what, peer, pairs, counted=None):
    """A case of report.json. `pairs`: [{"peelbox": run, PEER: run}], a run has wall and cpu (s) and rss_mb, all > 0."""
    if not pairs:
        raise ValueError(f"{name}: no pairs")
    case = {"name": name, "what": what, "peer": peer, "runs": len(pairs)}
    for figure, key in RATIOS.items():
        ratios = pair_ratios(pairs, peer, figure)
        case[key] = statistics.median(ratios)
        case[key + "_spread"] = spread(ratios)
    case["medians"] = {}
    case["spread"] = {}
    for client in ("peelbox", peer):
        figures = sorted(set.intersection(*(set(pair[client]) for pair in pairs)))
        case["medians"][client] = {f: statistics.median(pair[client][f] for pair in pairs) for f in figures}
        case["spread"][client] = {f: spread([pair[client][f] for pair in pairs]) for f in figures}
    case["rss_mb"] = case["medians"]["peelbox"]["rss_mb"]
    if counted:
        case["counted"] = counted
    case["pairs"] = pairs
    return case


def judge(case, full_size):
    """Which limits hold: {"wall_ratio": {"limit": 0.45, "met": True}}. Smaller trees than the limit speaks of: none."""
    if not full_size:
        return {}
    return {key: {"limit": limit, "met": case[key] <= limit} for key, limit in LIMITS.get(case["name"], {}).items()}
