"""Whose caches and trees a build uses on a daemon that others use too."""

import os
import re
import uuid

from bed import BedTest, peelbox, sent


class Caches(BedTest):
    STEPS = {"commands": ["cat cache/mark > out 2>/dev/null || echo nobody > out; cat who > cache/mark"], "cache": ["cache"]}

    def project(self, name, origin=None):
        root = self.dir / name
        root.mkdir()
        self.sign(root)
        if origin:
            for folder in ("objects", "refs"):
                (root / ".git" / folder).mkdir(parents=True)
            (root / ".git/HEAD").write_text("ref: refs/heads/main\n")
            (root / ".git/config").write_text(f'[remote "origin"]\n\turl = {origin}\n')
        return root

    def sign(self, root):
        """Content of its own, because equal steps with equal content are one step whatever their caches are."""
        (root / "who").write_text(f"{root.name} {uuid.uuid4()}")

    def found(self, root, *flags):
        """Which project the build finds in its cache directory, where it leaves its own name."""
        spec = self.spec(metadata={"project_name": ""}, build=self.STEPS, runtime={"copy": [{"from": "out", "to": "/out"}]})
        out = self.dir / f"out-{root.name}"
        self.assert_ok(self.build(*flags, spec=spec, context=root, output=f"type=local,dest={out}"))
        return (out / "out").read_text().split()[0]

    def test_projects_do_not_share(self):
        self.assertEqual(self.found(self.project("one")), "nobody")
        self.assertEqual(self.found(self.project("two")), "nobody")
        self.sign(self.dir / "one")
        self.assertEqual(self.found(self.dir / "one"), "one")

    def test_clones_share(self):
        repository = f"it/{os.getpid()}"
        self.assertEqual(self.found(self.project("one", f"git@git.example.com:{repository}.git")), "nobody")
        self.assertEqual(self.found(self.project("two", f"https://secret-token@git.example.com/{repository}")), "one")
        self.assertEqual(self.found(self.project("three", f"https://git.example.com/{repository}-other")), "nobody")

    def test_a_key_can_be_chosen(self):
        key = f"it-{os.getpid()}"
        self.assertEqual(self.found(self.project("one"), "--cache-key", key), "nobody")
        self.assertEqual(self.found(self.project("two"), "--cache-key", key), "one")

    def test_no_origin_is_in_a_definition(self):
        root = self.project("one", "https://secret-token@git.example.com/secret/repo")
        spec = self.spec(build=self.STEPS, runtime={"copy": [{"from": "out", "to": "/out"}]})
        dumped = self.dir / "def.llb"
        self.assert_ok(peelbox("build", "--spec", spec, "--context", root, "--dump-llb", dumped))
        self.assertNotIn(b"secret", dumped.read_bytes())
        self.assertRegex(dumped.read_bytes(), re.compile(rb"it-[0-9a-f]{12}-linux/"))


class Trees(BedTest):
    def test_machines_of_one_name_do_not_take_each_other_s_files(self):
        root = self.context({"data": "first"})
        when = os.stat(root / "data").st_mtime_ns
        spec = self.spec(build={"commands": []}, runtime={"copy": [{"from": "data", "to": "/data"}]})

        def build(machine, content, write=True):
            if write:
                (root / "data").write_text(content)
                os.utime(root / "data", ns=(when, when))
            out = self.dir / f"out-{machine}-{content}"
            outcome = self.build(spec=spec, context=root, output=f"type=local,dest={out}",
                                 env={"XDG_STATE_HOME": str(self.dir / machine)})
            self.assert_ok(outcome)
            return (out / "data").read_text(), sent(outcome)[0]

        self.assertEqual(build("one", "first"), ("first", 1))
        # The same path, size and time elsewhere.
        self.assertEqual(build("two", "other"), ("other", 1))
        self.assertEqual(build("two", "other", write=False), ("other", 0), "and the second build of a machine sends nothing")
        kept = self.dir / "two/peelbox/id"
        self.assertEqual(kept.stat().st_mode & 0o7777, 0o600)
