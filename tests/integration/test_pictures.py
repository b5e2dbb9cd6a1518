"""--timeline and --trace of real builds."""

import json
import os
import pathlib
import re
import subprocess
import sys

from bed import REPO, BedTest, bed

sys.path.insert(0, str(REPO / "tests/browser"))
from trace_viewer import TraceViewer  # noqa: E402

PICTURE_TOOL = os.environ.get("PEELBOX_PICTURE_TOOL", str(REPO / "build/release/bin/picture_tool"))


def data_of(page):
    text = page.read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


class Pictures(BedTest):
    def pictures(self):
        return self.dir / "build.html", self.dir / "build.json"

    def test_built(self):
        page, trace = self.pictures()
        spec = self.spec(build={"commands": ["echo pic''ture-me; cat hello"]}, runtime={"copy": [{"from": "hello", "to": "/hello"}]})
        self.assert_ok(self.build("--timeline", page, "--trace", trace, "--no-cache", spec=spec,
                                  context=self.context({"hello": "from the context"})))
        data = data_of(page)
        self.assertEqual((data["title"], data["error"]), ("docker.io/library/it:test", ""))
        step = next(s for s in data["steps"] if any("picture-me" in line[2] for line in s["log"]))
        self.assertEqual(step["state"], "done")
        self.assertTrue(step["inputs"])
        begin, end = step["runs"][0]
        self.assertLess(begin, end)
        self.assertLessEqual(end, data["total"])
        for other in step["inputs"]:
            self.assertLessEqual(data["steps"][other]["runs"][0][0], begin)
        events = json.loads(trace.read_text())["traceEvents"]
        self.assertEqual(len([e for e in events if e["ph"] == "X" and e["pid"] == 1]), sum(len(s["runs"]) for s in data["steps"]))

    def test_failed(self):
        page, trace = self.pictures()
        failed = self.build("--timeline", page, "--trace", trace,
                            spec=self.spec(build={"commands": ["echo '</script><b>'; exit 3"]},
                                           runtime={"copy": [{"from": "hello", "to": "/hello"}]}),
                            context=self.context({"hello": "hello"}))
        self.assertEqual(failed.code, 1, failed)
        data = data_of(page)
        self.assertIn("exit code: 3", data["error"])
        step = next(s for s in data["steps"] if s["state"] == "failed")
        self.assertTrue(any("</script><b>" in line[2] for line in step["log"]), step)
        self.assertNotIn("</script><b>", page.read_text())
        self.assertIn("exit code: 3", json.loads(trace.read_text())["otherData"]["error"])

    def test_no_daemon(self):
        page, trace = self.pictures()
        failed = self.build("--timeline", page, daemon=f"unix://{self.dir}/none.sock")
        self.assertEqual(failed.code, 3, failed)
        data = data_of(page)
        self.assertEqual(data["steps"], [])
        self.assertIn("none.sock", data["error"])

    def test_a_wrong_place_is_known_before_the_build(self):
        wrong = self.build("--timeline", self.dir / "missing" / "x.html")
        self.assert_fails(wrong, 4, "--timeline", "missing")
        self.assertNotIn("#1", wrong.err)


class InTheViewer(BedTest):
    """--trace in the viewer of chrome://tracing: what its importer read is compared with what the file says.

    PEELBOX_SHOTS=DIR keeps screenshots."""

    @classmethod
    def setUpClass(cls):
        cls.viewer = TraceViewer(bed("DIR"))
        cls.addClassCleanup(cls.viewer.close)

    def read(self, trace):
        seen = self.viewer.read(trace)
        if "PEELBOX_SHOTS" in os.environ:
            self.viewer.screenshot(pathlib.Path(os.environ["PEELBOX_SHOTS"]) / f"{self._testMethodName}.png")
        self.assertEqual((seen["warnings"], seen["nested"]), ([], 0))
        document = json.loads(trace.read_text())
        events = document["traceEvents"]
        written = [e for e in events if e["ph"] == "X"]
        self.assertEqual(sorted((s["title"], s["category"], json.dumps(s["args"], sort_keys=True)) for s in seen["slices"]),
                         sorted((e["name"], e["cat"], json.dumps(e["args"], sort_keys=True)) for e in written))
        self.assertEqual(len(seen["arrows"]), len([e for e in events if e["ph"] == "s"]))
        for start, end in seen["arrows"]:
            self.assertTrue(start and end, "an arrow that is tied to no slice")
        self.assertEqual(seen["metadata"]["otherData"], document["otherData"])
        # Groups and lanes in their order, and nothing that the file does not name.
        counts = {}
        for e in written:
            counts[e["pid"], e["tid"]] = counts.get((e["pid"], e["tid"]), 0) + 1
        words = {1: ("steps", "lane"), 2: ("pulled, pushed and sent", "part")}
        self.assertEqual(seen["processes"],
                         [[words[pid][0], [[f"{words[pid][1]} {lane}", counts[pid, lane]]
                                           for lane in sorted(l for p, l in counts if p == pid)]] for pid in sorted(words)])
        return seen

    def test_real_build(self):
        trace = self.dir / "build.json"
        spec = self.spec(build={"commands": ["echo pic''ture-me; cat hello; sleep 0.2"]},
                         runtime={"copy": [{"from": "hello", "to": "/hello"}]})
        self.assert_ok(self.build("--trace", trace, "--no-cache", spec=spec, context=self.context({"hello": "from the context"})))
        seen = self.read(trace)
        step = next(s for s in seen["slices"] if "picture-me" in s["args"].get("log", ""))
        self.assertGreaterEqual(step["duration"], 200)  # in milliseconds: the command sleeps
        self.assertIn(step["title"], [end for _, end in seen["arrows"]])
        self.assertTrue(any(s["title"].endswith(": sending") for s in seen["slices"]), seen["slices"])

    def test_500_steps(self):
        trace = self.dir / "500.json"
        subprocess.run([PICTURE_TOOL, "500", self.dir / "500.html", trace], check=True, timeout=60)
        seen = self.read(trace)
        self.assertGreater(len(seen["slices"]), 500)
        self.assertGreater(len(seen["arrows"]), 500)
