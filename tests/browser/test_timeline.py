"""The timeline's page in a real browser, and the trace events as Perfetto's importer wants them.

PEELBOX_SHOTS=DIR keeps screenshots."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from chromium import Chromium

REPO = pathlib.Path(__file__).resolve().parents[2]
TOOL = os.environ.get("PEELBOX_PICTURE_TOOL", str(REPO / "build/release/bin/picture_tool"))


class PictureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="peelbox-pictures-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)

    @classmethod
    def make(cls, steps, *how):
        page, trace = cls.dir / f"{steps}{''.join(how)}.html", cls.dir / f"{steps}{''.join(how)}.json"
        subprocess.run([TOOL, str(steps), page, trace, *how], check=True, timeout=60)
        return page, trace


class Timeline(PictureTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Chromium()
        cls.addClassCleanup(cls.browser.close)

    def open(self, page, **how):
        self.browser.open(page, **how)
        self.assertEqual(self.browser.complaints(), [])

    def shot(self, name):
        if "PEELBOX_SHOTS" in os.environ:
            self.browser.screenshot(pathlib.Path(os.environ["PEELBOX_SHOTS"]) / (name + ".png"))

    def step_that_printed(self, text):
        """The selector of its row: steps stand in the order of their starts."""
        index = self.browser.js(f"steps.findIndex(s => s.log.some(l => l[2].includes({json.dumps(text)})))")
        return f".row[data-step='{index}']"

    def harmless(self, page):
        """Nothing of the build became markup or code, and nothing left the page."""
        self.assertEqual(self.browser.requests(), ["file://" + str(page)])
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.js("typeof window.hacked"), "undefined")
        self.assertEqual(self.browser.js("document.querySelectorAll('img, iframe, link, script[src], b i').length"), 0)
        self.assertEqual(self.browser.js("document.scripts.length"), 2)

    def test_500_steps(self):
        page, _ = self.make(500)
        self.open(page)
        b = self.browser
        self.shot("light")
        self.assertEqual(b.js("document.querySelectorAll('.row').length"), 501)  # and the transfer
        self.assertEqual(b.js("document.getElementById('pill').textContent"), "built")
        self.assertEqual(b.js("document.querySelector('h1').textContent"), "registry.example.com/team/app:1.4 <i>")
        self.assertIn("48.7 MB", b.js("document.getElementById('figures').textContent"))
        # The critical path goes back to the beginning, through steps without inputs too.
        self.assertEqual(b.js("""(() => {
          const path = steps.filter(s => s.path).sort((a, b) => a.start - b.start);
          return steps.filter(s => s.runs.length && s.end <= path[0].start).length; })()"""), 0)
        self.assertEqual(b.js("[59949, 59950, 119700, 999.4, 999.5, 0.2].map(duration)"),
                         ["59.9 s", "1 m 0 s", "2 m 0 s", "999 ms", "1.00 s", "0 ms"])
        # Every row can be read: none is lower than a line of text.
        self.assertGreaterEqual(b.js("Math.min(...[...document.querySelectorAll('.row')].map(r => r.offsetHeight))"), 20)
        b.click(self.step_that_printed("unit-314-0"))
        self.assertFalse(b.js("document.getElementById('detail').hidden"))
        log = b.js("document.getElementById('log').textContent")
        self.assertIn("compiling unit-314-0", log)
        self.assertIn("<b>not bold</b> </script>", log)
        self.assertNotIn("\x1b", log)
        self.assertEqual(b.js("document.querySelectorAll('#log b').length"), 0)
        self.assertGreater(b.js("document.querySelectorAll('#links path').length"), 0)
        self.shot("chosen")
        # From a step to one that it waited for.
        wanted = b.js("document.querySelector('.step-link span').textContent")
        b.click(".step-link")
        self.assertEqual(b.js("document.querySelector('#detail h2').textContent"), wanted)
        b.key("Escape")
        self.assertTrue(b.js("document.getElementById('detail').hidden"))
        self.harmless(page)

    def test_filters_and_time(self):
        page, _ = self.make(500)
        self.open(page)
        b = self.browser
        b.click("[data-only=cached]")
        self.assertEqual(b.js("[...document.querySelectorAll('.row')].every(r => r.classList.contains('cached'))"), True)
        b.click("[data-only=all]")
        b.click("#search")
        b.call("Input.insertText", text="unit-124-")
        self.assertEqual(b.js("document.querySelectorAll('.row').length"), 1)
        self.assertIn("unit-124-", b.js("steps[document.querySelector('.row').dataset.step].log[0][2]"))
        b.key("Escape")
        self.assertEqual(b.js("document.querySelectorAll('.row').length"), 501)
        before = b.js("to - from")
        self.assertLess(before, b.js("total") / 2)  # it follows the rows in view
        b.click("#in")
        self.assertLess(b.js("to - from"), before * .6)
        b.click("#all")
        self.assertEqual(b.js("to - from"), b.js("total"))
        b.click("#order")
        took = b.js("[...document.querySelectorAll('.row')].slice(0, 3).map(r => r.querySelector('.took').textContent)")
        self.assertEqual(len(took), 3)
        self.harmless(page)

    def test_long_log_says_what_is_missing(self):
        page, _ = self.make(60)
        self.open(page)
        self.browser.click(self.step_that_printed("unit-42-0"))
        log = self.browser.js("document.getElementById('log').textContent")
        self.assertIn("line 19999 of a very long log", log)
        self.assertIn("lines are not kept", log)
        self.assertIn("compiling unit-42-0", log)

    def test_failed_build_in_dark(self):
        page, _ = self.make(40, "failed")
        self.open(page, dark=True)
        b = self.browser
        self.shot("dark-failed")
        self.assertEqual(b.js("document.getElementById('pill').textContent"), "failed")
        self.assertIn("</div><script>hacked=1</script>", b.js("document.getElementById('error').textContent"))
        # The failed step is open at once.
        self.assertIn("exit code: 2", b.js("document.getElementById('detail').textContent"))
        self.assertNotEqual(b.js("getComputedStyle(document.body).backgroundColor"), "rgb(246, 247, 249)")
        self.harmless(page)

    def test_empty_and_narrow(self):
        page, _ = self.make(0)
        self.open(page, width=700, height=600)
        self.assertEqual(self.browser.js("document.querySelectorAll('.row').length"), 1)
        self.shot("narrow")
        self.harmless(page)


class TraceEvents(PictureTest):
    def test_slices_of_a_lane_do_not_overlap(self):
        _, trace = self.make(500)
        events = json.loads(trace.read_text())["traceEvents"]
        lanes = {}
        for e in events:
            if e["ph"] == "X":
                lanes.setdefault((e["pid"], e["tid"]), []).append((e["ts"], e["ts"] + e["dur"]))
        self.assertLess(len(lanes), 40)
        for slices in lanes.values():
            slices.sort()
            for before, after in zip(slices, slices[1:]):
                self.assertLessEqual(before[1], after[0] + 0.001)
        steps = [e for e in events if e["ph"] == "X" and e["pid"] == 1]
        self.assertEqual(len(steps), 500)
        self.assertTrue(all(e["args"]["digest"].startswith("sha256:") for e in steps))
        self.assertEqual(sum(e["args"]["cached"] for e in steps), sum(e["cat"] == "cached" for e in steps))

    def test_arrows_start_and_end_in_slices(self):
        _, trace = self.make(100)
        events = json.loads(trace.read_text())["traceEvents"]
        slices = [e for e in events if e["ph"] == "X"]
        starts = {e["id"]: e for e in events if e["ph"] == "s"}
        ends = {e["id"]: e for e in events if e["ph"] == "f"}
        self.assertGreater(len(starts), 50)
        self.assertEqual(starts.keys(), ends.keys())
        for e in [*starts.values(), *ends.values()]:
            self.assertTrue(any(s["tid"] == e["tid"] and s["pid"] == e["pid"] and s["ts"] - 0.01 <= e["ts"] <= s["ts"] + s["dur"] + 0.01
                                for s in slices), e)


if __name__ == "__main__":
    unittest.main()
