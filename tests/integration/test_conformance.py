"""Random trees with random patterns: what we send makes the same layers as what buildctl sends.

Each case is a local source of its own, and a definition merges many of them, so that every case is a layer with a digest
of its own and a few solves do for all. A case is made from its number alone; a failure names it.
"""

import os
import random
import subprocess

from bed import LLB_TOOL, BedTest, OciArchive, bed, peelbox

NAMES = ["a", "b", "ab", "a.b", "a-b", "A", "b.c", "x", "foo", "foobar", "node_modules", ".hidden", "lib", "m.go", "n.go",
         "caf\u00e9", "sp ace", "[x]", "a+b", "~", "#h"]
PARTS = ["a", "b", "ab", "a.b", "a-b", "A", "x", "foo", "lib", "*", "*", "?", "**", "**", "*.go", "*.b", "a*", "*a*", "[a-c]",
         "[^a]", "f?o", "foo*", "**a", "a**", "\\[x\\]", "caf\u00e9", "node_modules", ".*", "sp ace", "."]


def pattern(rng, paths, negatable=True):
    if paths and rng.random() < 0.6:
        # Of something that is there, with a name or two made wild.
        names = rng.choice(paths).replace("[", "\\[").split("/")
        for _ in range(rng.randint(0, 2)):
            names[rng.randrange(len(names))] = rng.choice(PARTS)
    else:
        names = [rng.choice(PARTS) for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    text = "/".join(names)
    if negatable and rng.random() < 0.3:
        text = "!" + text
    return text + rng.choice(["", "", "", "", "/", "/**"])


def filters(rng, paths):
    """Lines for llb_tool: about a tenth of the cases has none."""
    lines = []
    kind = rng.random()
    if 0.1 <= kind < 0.7:
        lines += [f"exclude {pattern(rng, paths)}" for _ in range(rng.randint(1, 6))]
    if 0.45 <= kind < 0.95:
        lines += [f"include {pattern(rng, paths, rng.random() < 0.3)}" for _ in range(rng.randint(1, 4))]
    if kind >= 0.9:
        lines += [f"follow {pattern(rng, paths, False)}" for _ in range(rng.randint(1, 2))]
    return lines


def grow(rng, directory, depth, files):
    for name in rng.sample(NAMES, rng.randint(1, 7 if depth == 0 else 4)):
        path = os.path.join(directory, name)
        what = rng.random()
        if what < 0.45 and depth < 4:
            os.mkdir(path)
            if rng.random() < 0.9:
                grow(rng, path, depth + 1, files)
            os.chmod(path, rng.choice([0o755, 0o755, 0o700, 0o1777, 0o2750]))
        elif what < 0.55:
            os.symlink(rng.choice(NAMES + ["..", "../" + rng.choice(NAMES), "/" + rng.choice(NAMES), "./lib/../a"]), path)
        elif what < 0.62 and files:
            os.link(rng.choice(files), path)
        else:
            with open(path, "wb") as f:
                f.write(rng.randbytes(rng.choice([0, 1, 10, 100, 5000])))
            os.chmod(path, rng.choice([0o644, 0o644, 0o755, 0o400, 0o4711]))
            if rng.random() < 0.1:
                os.setxattr(path, "user.case", rng.randbytes(5))
            files.append(path)
        os.utime(path, ns=(0, rng.randint(0, 2_000_000_000) * 10**9 + rng.choice([0, rng.randint(0, 10**9 - 1)])),
                 follow_symlinks=False)


class Conformance(BedTest):
    CASES = 36  # of one definition; a layer each, and an image has at most some hundred

    def compare(self, first):
        numbers = range(first, first + self.CASES)
        lines, locals_ = [], []
        for i, number in enumerate(numbers):
            rng = random.Random(number)
            root = self.dir / str(number)
            root.mkdir()
            grow(rng, root, 0, [])
            paths = sorted(str(p.relative_to(root)) for p in root.rglob("*"))
            lines += ["source", *filters(rng, paths)]
            locals_.append((f"c{i}", root))
        text = "\n".join(lines) + "\n"
        digests = {client: self.solve(client, text, locals_) for client in ["ours", "theirs"]}
        different = [number for number, ours, theirs in zip(numbers, digests["ours"], digests["theirs"]) if ours != theirs]
        if different:
            at = different[0] - first
            names = [OciArchive(self.dir / f"{client}.tar").layer_names_of(at) for client in ["ours", "theirs"]]
            own = text.split("source\n")[at + 1]
            self.assertEqual(names[0], names[1], f"case {different[0]}: {own}")
            self.fail(f"cases {different} have equal names but differ in content or attributes; the first: {own}")
        # Layers of which most are empty would show nothing.
        self.assertGreater(len(set(digests["ours"])), self.CASES // 2)

    def solve(self, client, text, locals_):
        # A definition of its own for each, so that neither finds the other's transferred trees.
        made = subprocess.run([LLB_TOOL, "merge"], input=text.encode(), capture_output=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        archive = self.dir / f"{client}.tar"
        flags = [word for name, root in locals_ for word in ("--local", f"{name}={root}")]
        if client == "ours":
            definition = self.dir / "ours.llb"
            definition.write_bytes(made.stdout)
            self.assert_ok(peelbox("build", "--llb", definition, *flags, "--tag", "it:ours", "--no-sbom",
                                   "--no-provenance", "--output", f"type=oci,dest={archive}", "--progress", "plain",
                                   "--buildkit", bed("BUILDKITD")))
        else:
            process = subprocess.run(
                [bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "build", *flags, "--output", f"type=oci,dest={archive}",
                 "--no-cache"], input=made.stdout, capture_output=True, timeout=240)
            self.assertEqual(process.returncode, 0, process.stderr.decode(errors="replace"))
        digests = OciArchive(archive).layer_digests()
        self.assertEqual(len(digests), self.CASES)
        return digests

    # 216 cases; several methods, so that they can run beside each other and a sanitizer gets one.
    # labels: sanitized
    def test_cases_1(self):
        self.compare(1000)

    def test_cases_2(self):
        self.compare(2000)

    def test_cases_3(self):
        self.compare(3000)

    def test_cases_4(self):
        self.compare(4000)

    def test_cases_5(self):
        self.compare(5000)

    def test_cases_6(self):
        self.compare(6000)
