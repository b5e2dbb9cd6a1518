"""--timeline and --trace of real builds."""

import json
import re

from bed import BedTest


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
