"""`peelbox context`: what a build would send; needs no daemon."""

import json

from bed import BedTest, peelbox, sent


class Context(BedTest):
    def make(self):
        return self.context({
            "src/main.c": "int main;", "src/a.log": "x", "src/keep.log": "yy", "docs/d": "d", "web/node_modules/m": "m" * 5000,
            ".git/HEAD": "ref", "src/tmp/y": "1", ".dockerignore": "**/*.log\n!src/keep.log\ndocs\n",
            "src/.gitignore": "tmp/\n"})

    def test_lists_what_a_build_sends(self):
        root = self.make()
        listed = peelbox("context", "ls", "--context", root)
        self.assert_ok(listed)
        self.assertEqual(listed.out.splitlines(), [
            ".dockerignore", "src/", "src/.gitignore", "src/keep.log", "src/main.c", "web/", "web/node_modules/",
            "web/node_modules/m"])
        self.assertEqual(listed.err.strip(), "5 files in 3 directories, 5.0 kB")
        # The daemon is told of the same files.
        built = self.build(output="type=cacheonly", spec=self.spec(runtime={"copy": [{"from": "src/main.c", "to": "/m"}]}))
        self.assert_ok(built)
        self.assertEqual(sent(built)[1], 5)

    def test_why(self):
        root = self.make()
        listed = peelbox("context", "ls", "--why", "--context", root)
        self.assert_ok(listed)
        lines = listed.out.splitlines()
        self.assertIn("- .git/  (built-in rule: **/.git)", lines)
        self.assertIn("- src/a.log  (.dockerignore line 1: **/*.log)", lines)
        self.assertIn("+ src/keep.log  (.dockerignore line 2: !src/keep.log)", lines)
        self.assertIn("- src/tmp/  (src/.gitignore line 1: tmp/)", lines)
        self.assertIn("+ src/main.c", lines)

    def test_top_and_json(self):
        root = self.make()
        top = peelbox("context", "ls", "--top", "1", "--context", root)
        self.assertEqual(top.out.split(), ["5.0", "kB", "web/node_modules/m"])
        document = json.loads(peelbox("context", "ls", "--json", "--why", "--context", root).out)
        self.assertEqual(document["files"], 5)
        left_out = {e["path"]: e["rule"] for e in document["entries"] if not e["sent"]}
        self.assertEqual(left_out["src/a.log"],
                         {"from": "dockerignore", "file": ".dockerignore", "line": 1, "text": "**/*.log"})

    def test_explain(self):
        root = self.make()
        explained = peelbox("context", "explain", "src/main.c", "src/tmp/y", "docs", "--context", root)
        self.assert_ok(explained)
        self.assertEqual(explained.out.splitlines(), [
            "src/main.c: sent (no rule applies)", "src/tmp/y: left out with src/tmp/ by src/.gitignore line 1: tmp/",
            "docs: left out by .dockerignore line 3: docs"])
        missing = peelbox("context", "explain", "none", "--context", root, "--json")
        self.assertEqual(missing.code, 4, str(missing))
        self.assertFalse(json.loads(missing.out)[0]["exists"])
        self.assert_fails(peelbox("context", "explain", "../x", "--context", root), 2, "not inside the context")
        sources = peelbox("context", "explain", "src/tmp/y", "--no-gitignore", "--context", root)
        self.assertIn("sent", sources.out)

    def test_a_missing_context_is_said(self):
        self.assert_fails(peelbox("context", "ls", "--context", self.dir / "none"), 4, "--context")
