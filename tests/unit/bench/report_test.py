"""Medians, ratios, limits and the page, from made-up runs."""

import html.parser
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "bench"))

import figures  # noqa: E402
import page  # noqa: E402
import parts  # noqa: E402
import trees  # noqa: E402


def run(wall, cpu=1.0, rss=10.0):
    return {"wall": wall, "cpu": cpu, "user": cpu, "system": 0.0, "rss_mb": rss, "daemon_cpu": 0.5}


def pairs(*walls, cpu=(1.0, 2.0), rss=(10.0, 20.0)):
    return [{"peelbox": run(ours, cpu[0], rss[0]), "buildctl": run(theirs, cpu[1], rss[1])} for ours, theirs in walls]


class Figures(unittest.TestCase):
    def test_the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_the_medians(self):
        # Ratios 0.5, 0.1 and 0.8; the medians are 2 and 5, whose ratio would be 0.4.
        case = figures.summarise("bulk", "what", "buildctl", pairs((1, 2), (2, 20), (4, 5)))
        self.assertAlmostEqual(case["wall_ratio"], 0.5)
        self.assertEqual([round(r, 9) for r in case["wall_ratio_spread"]], [0.1, 0.8])
        self.assertEqual(case["medians"]["peelbox"]["wall"], 2)
        self.assertEqual(case["medians"]["buildctl"]["wall"], 5)
        self.assertEqual(case["spread"]["buildctl"]["wall"], [2, 20])

    def test_an_even_number_of_pairs_has_the_mean_of_the_middle_two(self):
        case = figures.summarise("bulk", "what", "buildctl", pairs((1, 10), (2, 10), (4, 10), (9, 10)))
        self.assertAlmostEqual(case["wall_ratio"], 0.3)

    def test_a_case_has_what_the_report_promises(self):
        case = figures.summarise("cold", "what", "buildctl", pairs((1, 2), cpu=(0.3, 3.0), rss=(30.0, 60.0)))
        self.assertEqual((case["name"], case["peer"], case["runs"]), ("cold", "buildctl", 1))
        self.assertAlmostEqual(case["cpu_ratio"], 0.1)
        self.assertEqual(case["rss_mb"], 30.0)  # ours, in MB, not a ratio
        self.assertAlmostEqual(case["rss_ratio"], 0.5)
        self.assertEqual(len(case["pairs"]), 1)

    def test_pairs_of_the_product_s_own_benchmark(self):
        sides = [{"runs": [{"wall": 1.0, "cpu": 0.5, "peak_memory": 12e6, "daemon_cpu": 0.1}, {"wall": 2.0, "cpu": 0.6, "peak_memory": 13e6}]},
                 {"runs": [{"wall": 3.0, "cpu": 0.7, "peak_memory": 14e6}, {"wall": 4.0, "cpu": 0.8, "peak_memory": 15e6}]}]
        made = figures.pairs_of({"name": "trivial", "sides": sides})
        self.assertEqual(made[0], {"peelbox": {"wall": 1.0, "cpu": 0.5, "rss_mb": 12.0, "daemon_cpu": 0.1},
                                   "buildctl": {"wall": 3.0, "cpu": 0.7, "rss_mb": 14.0}})
        self.assertEqual(made[1]["buildctl"]["rss_mb"], 15.0)
        with self.assertRaisesRegex(ValueError, "trivial: the daemon is gone"):
            figures.pairs_of({"name": "trivial", "skipped": "the daemon is gone"})

    def test_nothing_is_made_of_nothing(self):
        with self.assertRaises(ValueError):
            figures.summarise("bulk", "what", "buildctl", [])
        with self.assertRaises(ValueError):
            figures.summarise("bulk", "what", "buildctl", pairs((1, 0)))

    def test_a_limit_holds_up_to_its_value_and_only_for_the_size_it_speaks_of(self):
        case = {"name": "bulk", "wall_ratio": 0.45, "cpu_ratio": 0.151, "rss_mb": 47.9}
        judged = figures.judge(case, full_size=True)
        self.assertEqual({k: v["met"] for k, v in judged.items()}, {"wall_ratio": True, "cpu_ratio": False, "rss_mb": True})
        self.assertEqual(figures.judge(case, full_size=False), {})
        self.assertEqual(figures.judge(case | {"name": "docker-bulk"}, full_size=True), {})


def google(name, *milliseconds, **counters):
    return [{"run_name": name + "/process_time/real_time", "name": name, "run_type": "iteration", "real_time": t, "cpu_time": t / 2,
             "time_unit": "ms", "family_index": 0, "iterations": 3, **counters} for t in milliseconds]


class Parts(unittest.TestCase):
    def test_repetitions_become_a_median_in_seconds(self):
        found = parts.collect("walk", {"benchmarks": google("bare", 10, 30, 20, **{"entries/s": 5.0})})
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["name"], "bare")
        self.assertAlmostEqual(found[0]["seconds"], 0.02)
        self.assertEqual([round(s, 9) for s in found[0]["spread"]], [0.01, 0.03])
        self.assertEqual(found[0]["counters"], {"entries/s": 5.0})

    def test_throughput_is_compared_the_right_way_round(self):
        found = (parts.collect("loopback", {"benchmarks": google("raw", 10) + google("hijacked", 16) + google("tunnel", 40)})
                 + parts.collect("walk", {"benchmarks": google("bare", 10) + google("walk/0", 19) + google("walk/300", 38)}))
        got = {c["what"].split("/")[0].strip(): (round(c["value"], 3), c["met"]) for c in parts.compare(found)}
        self.assertEqual(got["throughput on a hijacked connection"], (0.625, True))  # 16 ms is slower than 10
        self.assertEqual(got["throughput through the session tunnel"], (0.25, False))
        self.assertEqual(got["time of the walk"], (1.9, True))
        self.assertEqual(got["time of the walk with 300 rules"], (2.0, False))

    def test_a_failed_benchmark_is_not_a_figure(self):
        with self.assertRaisesRegex(Exception, "loopback: tunnel: the sender ended early"):
            parts.collect("loopback", {"benchmarks": [{"name": "tunnel", "error_occurred": True,
                                                       "error_message": "the sender ended early"}]})


class Balanced(html.parser.HTMLParser):
    """Every element that is opened is closed, and nothing comes from anywhere else."""
    alone = {"meta"}

    def __init__(self):
        super().__init__()
        self.open = []
        self.problems = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.alone:
            self.open.append(tag)
        self.problems += [f"{tag} {k}={v}" for k, v in attrs if k in ("src", "href", "srcset")]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}>")


class Page(unittest.TestCase):
    def report(self):
        case = figures.summarise("bulk", "one <file> & more", "buildctl", pairs((1, 2), (2, 3)),
                                 {"peelbox": {"bytes_to_daemon": 5_000_000, "bytes_to_client": 12, "syscalls": 345,
                                              "bytes_counted_by": "relay", "syscalls_counted_by": "perf"}})
        case["limits"] = figures.judge(case, full_size=True)
        found = parts.collect("walk", {"benchmarks": google("bare", 10, 11) + google("walk/0", 12, 13)})
        return {"machine": {"date": "today", "peelbox": "abc", "cores": 4, "cpu": "a <cpu>", "kernel": "6", "load_at_start": 0.1},
                "scale": "full", "cases": [case], "not_run": [{"name": "tcp-0ms", "what": "TCP", "why": "no /dev/net/tun"}],
                "parts": found, "comparisons": parts.compare(found)}

    def test_it_is_well_formed_loads_nothing_and_escapes(self):
        text = page.render(self.report())
        check = Balanced()
        check.feed(text)
        self.assertEqual(check.problems, [])
        self.assertEqual(check.open, [])
        self.assertNotIn("<file>", text)
        self.assertNotIn("<cpu>", text)
        self.assertNotRegex(text, r"https?://|url\(|@import|<script")

    def test_it_says_what_was_measured_and_what_was_not(self):
        text = page.render(self.report())
        for wanted in ("no /dev/net/tun", "one &lt;file&gt; &amp; more", "345", "prefers-color-scheme: dark", "not met"):
            self.assertIn(wanted, text)
        self.assertEqual(len(re.findall(r'class="dot"', text)), 2 * 2)  # two pairs in the plots of wall time and CPU

    def test_an_empty_report_is_a_page_too(self):
        empty = self.report() | {"cases": [], "parts": [], "comparisons": []}
        self.assertIn("no /dev/net/tun", page.render(empty))

    def test_axes_hold_their_values(self):
        for value in (0.03, 0.99, 1.0, 1.2, 6.9, 48, 411):
            top = page.nice_top(value)
            self.assertLessEqual(value, top * 1.001)
            self.assertLess(top, value * 2.01)


class Trees(unittest.TestCase):
    def test_a_tree_has_the_files_that_its_name_says(self):
        with tempfile.TemporaryDirectory() as folder:
            maker = trees.Trees(folder)
            tree = maker.files(1000, 64)
            files = [f for f in tree.rglob("*") if f.is_file()]
            self.assertEqual(len(files), 1000)
            self.assertEqual(len([f for f in files if f.name == trees.WANTED]), 2)
            self.assertEqual(len({f.read_bytes() for f in files}), 1000)
            self.assertTrue(all(48 <= f.stat().st_size <= 80 for f in files))
            self.assertEqual(maker.files(1000, 64), tree)  # made once

    def test_too_little_space_is_said_before_anything_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            maker = trees.Trees(folder)
            with self.assertRaisesRegex(trees.NoSpace, "make room"):
                maker.one_file(1 << 40)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])


if __name__ == "__main__":
    unittest.main()
