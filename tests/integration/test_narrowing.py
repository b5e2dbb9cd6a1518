"""Awkward definitions and trees: what we narrow to what is copied gives the trees that buildctl makes of all of it.

By hand, for longer or again: PEELBOX_NARROW_SEED=S PEELBOX_NARROW_ROUNDS=N python3 -m unittest test_narrowing
"""

import os
import pathlib
import random
import stat
import subprocess

from bed import LLB_TOOL, BedTest, bed, peelbox

NAMES = ["a", "b", "src", "x.json", "y.json", "index.tsx", "[id]", "[...all]", "(group)", "a+b", "{x}", "a|b", "^c", "!n", " lead",
         "trail ", "two words", "tab\there", "line\nbreak", "back\\slash", "star*", "q?", "é", "ünïcode", "$v", "#h", "a[b", "-", "~t",
         "\u00a0nb", "%41", "+"]
PATTERNS = ["*", "*.json", "?", "[a-z]", "[^a]*", "*s*", "x*", "*[!]*", "\\[id\\]", "\\**", "a+*", "^*", "(*", "*|*", "**", "??*"]


def escaped(path):
    return path.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


class Tree:
    """Random files, directories and links; remembers all paths."""

    def __init__(self, root, dice):
        self.root, self.dice, self.paths, self.folders = root, dice, [], [""]
        root.mkdir()
        for _ in range(dice.randint(3, 14)):
            self.add()

    def add(self):
        dice = self.dice
        folder = dice.choice(self.folders)
        path = os.path.join(folder, dice.choice(NAMES))
        where = self.root / path
        if os.path.lexists(where):
            return
        kind = dice.random()
        if kind < 0.35 and folder.count("/") < 3:
            where.mkdir()
            self.folders.append(path)
        elif kind < 0.75:
            where.write_text(path)
        else:
            os.symlink(self.target(folder), where)
        self.paths.append(path)

    def target(self, folder):
        dice = self.dice
        some = dice.choice(self.paths) if self.paths and dice.random() < 0.8 else dice.choice(NAMES)
        kind = dice.random()
        if kind < 0.6:
            return os.path.relpath(some, folder or ".")
        if kind < 0.8:
            return "/" + some
        return dice.choice([".", "..", "../..", some, "missing/[x", "../" + some])


def copies(tree, dice):
    """Lines for `llb_tool copies`."""
    lines = []
    for _ in range(dice.randint(1, 4)):
        parts = (dice.choice(tree.paths) if tree.paths and dice.random() < 0.9 else dice.choice(NAMES)).split("/")
        if dice.random() < 0.3:
            parts.append(dice.choice(NAMES))
        how = ""
        if dice.random() < 0.6:
            how = "w" + ("e" if dice.random() < 0.7 else "")
            for i in range(len(parts)):
                if dice.random() < 0.5:
                    parts[i] = dice.choice(PATTERNS)
        how += "".join(flag for flag in "fc" if dice.random() < 0.3)
        lines.append(f"{how or '-'}\t{escaped('/'.join(parts))}")
    return lines


def contents(root):
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = pathlib.Path(folder, name)
            mode = path.lstat().st_mode
            rest = os.readlink(path) if stat.S_ISLNK(mode) else path.read_bytes() if stat.S_ISREG(mode) else None
            found[os.path.relpath(path, root)] = (stat.S_IFMT(mode), rest)
    return found


class Narrowing(BedTest):
    def definition(self, lines):
        process = subprocess.run([LLB_TOOL, "copies"], input="\n".join(lines).encode() + b"\n", capture_output=True, timeout=30)
        self.assertEqual(process.returncode, 0, process.stderr)
        return process.stdout

    def both(self, tree, lines, number):
        """(tree, None) or (None, message) of each."""
        ours, theirs = self.dir / f"ours{number}", self.dir / f"theirs{number}"
        llb = self.dir / f"{number}.llb"
        llb.write_bytes(self.definition(lines))
        mine = peelbox("build", "--llb", llb, "--local", f"context={tree}", "--output", f"type=local,dest={ours}", "--tag",
                       "it:narrow", "--no-cache", "--progress", "plain", "--buildkit", bed("BUILDKITD"))
        # A definition of its own for each, so that neither finds the other's transferred tree.
        reference = subprocess.run(
            [bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "build", "--local", f"context={tree}", "--output",
             f"type=local,dest={theirs}", "--no-cache"], input=self.definition(lines), capture_output=True, timeout=240)
        self.told = f"{mine}\n--- buildctl\n{reference.stderr.decode(errors='replace')}"
        return (contents(ours) if mine.code == 0 else None, contents(theirs) if reference.returncode == 0 else None)

    def compare(self, tree, lines, number=0, about=""):
        mine, reference = self.both(tree, lines, number)
        # The daemon's words for what is not there differ with what was sent; that it is not there is the same.
        self.assertEqual(mine, reference, f"{about}\n{lines}\n{sorted(contents(tree).items())}\n{self.told}")
        return mine

    def make(self, files=(), links=()):
        root = self.dir / "tree"
        root.mkdir()
        for name in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        for name, target in links:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            os.symlink(target, root / name)
        return root

    def test_a_folder_in_which_nothing_matches(self):
        self.assertIsNotNone(self.compare(self.make(["d/x.txt", "other"]), ["we\td/*.json"]))

    def test_an_unrelated_link_that_is_no_pattern(self):
        tree = self.make(["pages/[id]/index.tsx", "other"], [("pages/legacy", "../shared [old")])
        made = self.compare(tree, ["-\tpages/[id]/index.tsx", "we\tpages/*/index.tsx"])
        self.assertIn("0/index.tsx", made)

    def test_names_that_no_header_carries(self):
        names = ["tab\there", "line\nbreak/x", " lead", "trail ", "\u00a0nb", "\u3000/z"]
        made = self.compare(self.make([*names, "other"]), [f"-\t{escaped(name)}" for name in names])
        self.assertEqual(len([path for path, (kind, _) in made.items() if stat.S_ISREG(kind)]), len(names))

    def test_characters_of_regular_expressions(self):
        names = ["^c", "a+b", "(group)/x", "{x}", "a|b", "$v", "back\\slash"]
        self.assertIsNotNone(self.compare(self.make([*names, "other"]),
                                          [f"-\t{escaped(name)}" for name in names] + ["w\t^*", "w\ta+*", "w\t(*", "w\t{?}"]))

    def test_links_behind_a_pattern(self):
        tree = self.make(["packages/b/conf/x", "shared/x", "e/package.json", "packages/b/package.json", "other"],
                         [("packages/a/conf", "../../shared"), ("packages/e", "../e")])
        made = self.compare(tree, ["we\tpackages/*/conf/x", "we\tpackages/*/package.json", "wf\tpackages/?/conf/*"])
        self.assertIsNotNone(made)

    def test_random_definitions(self):
        seed = int(os.environ.get("PEELBOX_NARROW_SEED", "16"))
        rounds = int(os.environ.get("PEELBOX_NARROW_ROUNDS", "25"))
        solved = 0
        for number in range(rounds):
            dice = random.Random(f"{seed}-{number}")
            tree = Tree(self.dir / f"tree{number}", dice)
            lines = copies(tree, dice)
            with self.subTest(seed=seed, round=number):
                solved += self.compare(tree.root, lines, number, f"seed {seed}, round {number}") is not None
        self.assertGreater(solved, rounds // 10, "nearly nothing was solved, so nearly nothing was compared")
