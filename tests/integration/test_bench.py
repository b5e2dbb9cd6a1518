"""`peelbox bench` on a real daemon, beside buildctl, and its comparison of reports."""

import json
import os
import pathlib
import signal
import socket
import threading
import time

from bed import BedTest, PrivateDaemon, bed, peelbox, run, Running


class SlowRelay:
    """A unix socket in front of another one, which holds back what comes by a fixed time."""

    def __init__(self, test, target, hold):
        self.path = f"{test.dir}/slow.sock"
        self.target, self.hold = target, hold
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        test.addCleanup(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(self.target)
            for a, b in ((client, daemon), (daemon, client)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, a, b):
        try:
            while data := a.recv(1 << 16):
                time.sleep(self.hold)
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class SlowProcessor:
    """Lets a process run for a hundredth of the time, as cpulimit does, from enter to exit. It stands still for so long
    at a time that a busy machine, which wakes this thread late, makes little of a difference."""

    def __init__(self, pid):
        self.pid = pid
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._limit, daemon=True)

    def _limit(self):
        while not self.over.is_set():
            os.kill(self.pid, signal.SIGSTOP)
            self.over.wait(0.2)
            os.kill(self.pid, signal.SIGCONT)
            self.over.wait(0.002)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Bench(BedTest):
    def bench(self, *arguments, address=None, **how):
        return peelbox("bench", *arguments, "--files", "300", "--size", "2MiB", "--rtt", "10ms", "--buildkit",
                       address or bed("BUILDKITD"), **how)

    def scratch(self):
        folder = pathlib.Path(self.dir) / "tmp"
        folder.mkdir(exist_ok=True)
        return {"TMPDIR": str(folder)}

    def test_every_workload_beside_buildctl(self):
        out = self.bench("--runs", "2", "--client", bed("BUILDCTL"), "--json", f"{self.dir}/r.json", "--html",
                         f"{self.dir}/r.html", env=self.scratch())
        self.assert_ok(out)
        report = json.loads(pathlib.Path(f"{self.dir}/r.json").read_text())
        names = [w["name"] for w in report["workloads"]]
        self.assertEqual(names, ["trivial", "unchanged", "changed", "small-files", "large-file", "export", "parallel-16",
                                 "round-trip"])
        self.assertEqual([s["name"] for s in report["sides"]], ["peelbox", "buildctl"])
        self.assertIn("v0.13.2", report["sides"][0]["daemon"])
        by_name = {w["name"]: w for w in report["workloads"]}
        for work in report["workloads"]:
            self.assertNotIn("skipped", work)
            for side in work["sides"]:
                self.assertEqual(len(side["runs"]), 2, work["name"])
                for run in side["runs"]:
                    self.assertGreater(run["wall"], 0)
                    self.assertGreater(run["cpu"], 0)
                    self.assertGreater(run["peak_memory"], 1e6)
                    self.assertIn("daemon_cpu", run)
        # First transfers are first ones for both clients, each time; the others are not.
        for side in by_name["small-files"]["sides"]:
            self.assertGreater(side["wire"]["to_daemon"], 300 * 4000)
        for side in by_name["large-file"]["sides"]:
            self.assertGreater(side["wire"]["to_daemon"], 2 << 20)
        for side in by_name["export"]["sides"]:
            self.assertGreater(side["wire"]["to_client"], 2 << 20)
        for side in by_name["unchanged"]["sides"]:
            self.assertLess(side["wire"]["to_daemon"], 100_000)
        for side in by_name["changed"]["sides"]:
            self.assertGreater(side["wire"]["to_daemon"], 3 * 4000)
        for side in by_name["parallel-16"]["sides"]:
            self.assertEqual(len(side["runs"][0]["each"]), 16)
        # 10 ms there and back, several times.
        self.assertGreater(min(r["wall"] for r in by_name["round-trip"]["sides"][0]["runs"]), 0.02)
        # Two runs conclude nothing, and that is said.
        self.assertIn("too few runs to tell", out.out)
        self.assertIn("<svg", pathlib.Path(f"{self.dir}/r.html").read_text())
        self.assertEqual(list(pathlib.Path(self.scratch()["TMPDIR"]).iterdir()), [])

    def test_a_daemon_that_became_slow_is_a_regression(self):
        fast = self.bench("trivial", "--runs", "6", "--json", f"{self.dir}/fast.json", env=self.scratch())
        self.assert_ok(fast)
        slow = SlowRelay(self, bed("BUILDKITD").removeprefix("unix://"), 0.05)
        out = self.bench("trivial", "--runs", "6", "--compare", f"{self.dir}/fast.json", "--json", f"{self.dir}/slow.json",
                         address=f"unix://{slow.path}", env=self.scratch())
        self.assertEqual(out.code, 1, out.out + out.err)
        self.assertRegex(out.out, r"trivial +wall .*REGRESSION")
        # The same from the two files, without a daemon; and the other way round it is none.
        out = peelbox("bench", "--report", f"{self.dir}/slow.json", "--compare", f"{self.dir}/fast.json")
        self.assertEqual(out.code, 1, out.out + out.err)
        out = peelbox("bench", "--report", f"{self.dir}/fast.json", "--compare", f"{self.dir}/slow.json")
        self.assert_ok(out)
        self.assertRegex(out.out, r"trivial +wall .*better")

    def test_a_daemon_with_less_processor_is_a_regression(self):
        daemon = PrivateDaemon(self, "bench")
        before = self.bench("trivial", "--runs", "6", "--json", f"{self.dir}/before.json", address=daemon.address, env=self.scratch())
        self.assert_ok(before)
        with SlowProcessor(daemon.pid()):
            out = self.bench("trivial", "--runs", "6", "--compare", f"{self.dir}/before.json", address=daemon.address, env=self.scratch())
        self.assertEqual(out.code, 1, out.out + out.err)
        self.assertRegex(out.out, r"trivial +wall .*REGRESSION")

    def test_what_was_sent_can_be_forgotten(self):
        daemon = PrivateDaemon(self, "bench")

        def kept():
            return run([bed("BUILDCTL"), "--addr", daemon.address, "du", "--filter", "type==source.local", "--format", "{{len .}}"])

        for flags, trees in ((["--prune"], 0), ([], 3)):
            self.assert_ok(self.bench("small-files", "--runs", "1", *flags, address=daemon.address, env=self.scratch()))
            self.assertEqual(kept().out.strip(), str(trees), kept())

    def test_what_the_user_brings(self):
        context = self.context({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": "a"})
        out = self.bench("-f", f"{context}/Dockerfile", "--context", context, "--runs", "1", "--client", bed("BUILDCTL"),
                         "--json", f"{self.dir}/r.json", env=self.scratch())
        self.assert_ok(out)
        report = json.loads(pathlib.Path(f"{self.dir}/r.json").read_text())
        self.assertEqual([w["name"] for w in report["workloads"]], ["own"])
        self.assertEqual(len(report["workloads"][0]["sides"]), 2)

    def test_a_workload_that_fails_says_why(self):
        context = self.context({"Dockerfile": "FROM scratch\nCOPY missing /a\n"})
        out = self.bench("trivial", "-f", f"{context}/Dockerfile", "--context", context, "--runs", "1", env=self.scratch())
        self.assertEqual(out.code, 1, out.out + out.err)
        self.assertIn("missing", out.out)
        self.assertIn("own could not be measured", out.err)
        self.assertIn("trivial: one small file", out.out)

    def test_an_interruption_leaves_nothing(self):
        where = self.scratch()
        running = Running(self, "bench", "large-file", "--size", "64MiB", "--runs", "1000", "--json", f"{self.dir}/r.json",
                          "--buildkit", bed("BUILDKITD"), env=where)
        deadline = time.monotonic() + 60
        while not list(pathlib.Path(where["TMPDIR"]).glob("*/log-0")) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.process.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(), 130, running.text())
        self.assertIn("the benchmark was interrupted", running.text())
        self.assertEqual(list(pathlib.Path(where["TMPDIR"]).iterdir()), [])
        self.assertFalse(os.path.exists(f"{self.dir}/r.json"))

    def test_what_is_wrong_is_known_before_anything_is_measured(self):
        pathlib.Path(f"{self.dir}/no.json").write_text("{}")
        for arguments, says in (
                (["trivail"], "did you mean trivial?"),
                (["--client", "/usr/bin/docker"], "buildctl"),
                (["--rtt", "fast"], "--rtt"),
                (["--size", "large"], "--size"),
                (["--compare", f"{self.dir}/no.json"], "not a report"),
                (["--json", f"{self.dir}/missing/r.json"], "missing/r.json"),
                (["--spec", "a", "--llb", "b"], "use one of them"),
                (["--client", "/no/buildctl"], "/no/buildctl")):
            with self.subTest(arguments):
                out = self.bench(*arguments, env=self.scratch())
                self.assertIn(out.code, (2, 4), out.out + out.err)
                self.assertIn(says, out.err)
                self.assertNotIn("measuring", out.err)
