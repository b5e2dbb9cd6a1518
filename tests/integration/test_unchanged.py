"""Contexts whose sessions have ids that follow from their fingerprints: not asked for when unchanged, never another tree."""

import ctypes
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import threading
import time

from bed import LLB_TOOL, PEELBOX, BedTest, OciArchive, bed, clean_environment, peelbox, run, sent, summary, wait_for

# More for a long look at it; a round is about half a second.
ROUNDS = int(os.environ.get("PEELBOX_CHANGE_ROUNDS", "8"))
# Builds at the same time.
MANY = int(os.environ.get("PEELBOX_BUILDS_AT_ONCE", "16"))
UNCHANGED = "unchanged since an earlier build"


def tree_of(root):
    """{path: content or kind} of everything below a directory."""
    found = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        name = str(path.relative_to(root))
        found[name] = "-> " + os.readlink(path) if path.is_symlink() else None if path.is_dir() else path.read_bytes()
    return found


def exchange(one, other):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


class CopiedTest(BedTest):
    """A definition that copies the context, whose result is exported as a directory."""

    def setUp(self):
        super().setUp()
        made = subprocess.run([LLB_TOOL, "copy"], capture_output=True, timeout=30, check=True)
        self.definition = self.dir / "def.llb"
        self.definition.write_bytes(made.stdout)
        self.root = self.dir / "ctx"
        self.root.mkdir()
        self.outs = 0

    def arguments(self, out, *flags, daemon=None):
        return ["build", "--llb", self.definition, "--local", f"context={self.root}", "--output", f"type=local,dest={out}",
                "--progress", "plain", "--buildkit", daemon or bed("BUILDKITD"), *flags]

    def copied(self, *flags, **how):
        """The build's outcome and the tree that it gave."""
        self.outs += 1
        out = self.dir / f"out{self.outs}"
        outcome = peelbox(*self.arguments(out, *flags, **how))
        self.assert_ok(outcome)
        return outcome, tree_of(out)


class Unchanged(CopiedTest):
    def setUp(self):
        super().setUp()
        for i in range(20):
            self.write(f"ctx/d{i}/f", f"content {i}")

    def assert_compared(self, outcome, files):
        self.assertNotIn(UNCHANGED, outcome.err)
        self.assertEqual(sent(outcome), files, outcome)

    # labels: sanitized
    def test_it_is_not_asked_for(self):
        first, tree = self.copied()
        self.assert_compared(first, (20, 20))
        self.assertEqual(tree, tree_of(self.root))
        second, tree = self.copied()
        self.assertIn(UNCHANGED, summary(second)["context"], second)
        self.assertEqual(sent(second), (0, 20))
        self.assertNotIn("transferring", second.err)
        self.assertEqual(tree, tree_of(self.root))

    def test_what_changed_is_sent_and_what_was_there_before_is_known(self):
        self.copied()
        (self.root / "d1/f").write_text("another content")
        changed, tree = self.copied()
        self.assert_compared(changed, (1, 20))
        self.assertEqual(tree["d1/f"], b"another content")
        self.assertIn(UNCHANGED, self.copied()[0].err)

    def test_paranoid_and_no_cache_ask(self):
        self.copied()
        self.copied()
        self.assertNotIn(UNCHANGED, self.copied("--paranoid")[0].err)
        self.assertNotIn(UNCHANGED, self.copied()[0].err)
        self.assertIn(UNCHANGED, self.copied()[0].err)
        self.assertNotIn(UNCHANGED, self.copied("--no-cache")[0].err)

    def test_where_no_secret_can_be_kept_it_is_as_before(self):
        for _ in range(2):
            self.outs += 1
            outcome = peelbox(*self.arguments(self.dir / f"out{self.outs}"), env={"XDG_STATE_HOME": "/proc/nowhere"})
            self.assert_ok(outcome)
            self.assertNotIn(UNCHANGED, outcome.err)

    def test_somebody_else_does_not_meet_it(self):
        self.copied()
        self.outs += 1
        outcome = peelbox(*self.arguments(self.dir / f"out{self.outs}"), env={"XDG_STATE_HOME": str(self.dir / "state")})
        self.assert_ok(outcome)
        self.assertNotIn(UNCHANGED, outcome.err)

    def test_through_docker(self):
        for times in range(3):
            outcome, tree = self.docker_build()
            self.assertEqual(tree, tree_of(self.root))
            self.assertEqual(UNCHANGED in outcome.err, times > 0, outcome)

    def docker_build(self):
        self.outs += 1
        out = self.dir / f"out{self.outs}"
        outcome = peelbox(*self.arguments(out, daemon="docker://"), env={"DOCKER_HOST": bed("DOCKER")})
        self.assert_ok(outcome)
        return outcome, tree_of(out)


class Frontend(BedTest):
    """The same for contexts that a frontend of the daemon asks for."""

    def setUp(self):
        super().setUp()
        self.root = self.dir / "ctx"
        for i in range(20):
            self.write(f"ctx/d{i}/f", f"content {i}")
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY . /\n")
        self.outs = 0

    def built(self, *flags, daemon=None, env=None):
        # Of files younger than a tick of the clock nothing is remembered: they could change again without a trace.
        time.sleep(0.05)
        self.outs += 1
        out = self.dir / f"out{self.outs}"
        outcome = peelbox("build", "--buildkit", daemon or bed("BUILDKITD"), "--progress", "plain", "-v", "--output",
                          f"type=local,dest={out}", *flags, env=env)
        self.assert_ok(outcome)
        # Then nothing is written down, and the builds after it could not be told from builds that forgot.
        self.assertNotIn("has not yet ended the session", outcome.err)
        return outcome, tree_of(out)

    def assert_known(self, outcome):
        self.assertIn(UNCHANGED, summary(outcome)["context"], outcome)
        self.assertEqual(sent(outcome)[0], 0, outcome)
        self.assertNotIn("transferring", outcome.err)

    def test_the_second_build_is_not_asked(self):
        first, tree = self.built(self.root)
        self.assertNotIn(UNCHANGED, first.err)
        self.assertEqual(tree, tree_of(self.root))
        for _ in range(2):
            outcome, tree = self.built(self.root)
            self.assert_known(outcome)
            self.assertEqual(tree, tree_of(self.root))

    def test_buildctl_spelling_and_its_digest(self):
        outs = [f"type=oci,dest={self.dir}/{name}.tar,rewrite-timestamp=true" for name in ("theirs", "one", "two")]
        words = ["build", "--progress", "plain", "--frontend", "dockerfile.v0", "--local", f"context={self.root}", "--local",
                 f"dockerfile={self.root}", "--opt", "build-arg:SOURCE_DATE_EPOCH=1700000000"]
        self.assert_ok(run([bed("BUILDCTL"), "--addr", bed("BUILDKITD"), *words, "--output", outs[0]]))
        for out in outs[1:]:
            last = peelbox("buildctl", "--addr", bed("BUILDKITD"), *words, "--output", out)
            self.assert_ok(last)
        self.assertIn(UNCHANGED, last.err)
        digests = [OciArchive(self.dir / f"{name}.tar").index["manifests"][0]["digest"] for name in ("theirs", "one", "two")]
        self.assertEqual(len(set(digests)), 1, digests)

    def test_what_changed_is_sent_and_what_was_there_before_is_known(self):
        self.built(self.root)
        (self.root / "d1/f").write_text("another content")
        outcome, tree = self.built(self.root)
        self.assertNotIn(UNCHANGED, outcome.err)
        self.assertEqual(tree, tree_of(self.root))
        self.assert_known(self.built(self.root)[0])

    def test_ignore_file_and_dockerfile_count(self):
        self.built(self.root)
        (self.root / ".dockerignore").write_text("d1\nDockerfile\n.dockerignore\n")
        self.assertEqual({name for name in self.built(self.root)[1] if "/" not in name}, {f"d{i}" for i in range(20) if i != 1})
        (self.root / ".dockerignore").write_text("d2\n.dockerignore\n")
        tree = self.built(self.root)[1]
        self.assertIn("d1", tree)
        self.assertNotIn("d2", tree)
        self.assert_known(self.built(self.root)[0])
        (self.root / "Dockerfile").write_text("FROM scratch\nCOPY d3 /x\n")
        for _ in range(2):
            self.assertEqual(self.built(self.root)[1], {"x": None, "x/f": b"content 3"})
        # Nobody asks for this one.
        (self.root / "d4/f").write_text("something else")
        self.assert_known(self.built(self.root)[0])
        (self.root / "d3/f").write_text("new")
        self.assertEqual(self.built(self.root)[1]["x/f"], b"new")

    def test_another_argument_asks_for_more_of_the_same(self):
        self.write("ctx/Dockerfile", "FROM scratch\nARG FROM_WHERE=d1\nCOPY ${FROM_WHERE} /x\n")
        for where in ("d1", "d2", "d1", "d2"):
            self.assertEqual(self.built("--build-arg", f"FROM_WHERE={where}", self.root)[1]["x/f"], (self.root / where / "f").read_bytes())
        (self.root / "d1/f").write_text("new")
        for where in ("d2", "d1", "d2", "d1"):
            self.assertEqual(self.built("--build-arg", f"FROM_WHERE={where}", self.root)[1]["x/f"], (self.root / where / "f").read_bytes())

    def test_named_contexts(self):
        self.write("more/m", "one")
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY --from=more m /\nCOPY d1 /\n")
        flags = ["--build-context", f"more={self.dir / 'more'}", self.root]
        self.built(*flags)
        self.assert_known(self.built(*flags)[0])
        self.write("more/m", "two")
        self.assertEqual(self.built(*flags)[1]["m"], b"two")

    def test_paranoid_and_no_cache_ask(self):
        self.built(self.root)
        self.assertNotIn(UNCHANGED, self.built("--paranoid", self.root)[0].err)
        self.assertNotIn(UNCHANGED, self.built(self.root)[0].err)
        self.assertNotIn(UNCHANGED, self.built("--no-cache", self.root)[0].err)

    def test_through_docker(self):
        for times in range(3):
            outcome, tree = self.built(self.root, daemon="docker://", env={"DOCKER_HOST": bed("DOCKER")})
            self.assertEqual(tree, tree_of(self.root))
            self.assertEqual(UNCHANGED in outcome.err, times > 0, outcome)

    def test_builds_at_the_same_time_and_one_that_is_killed(self):
        self.built(self.root)
        commands = [[str(a) for a in (PEELBOX, "build", "--buildkit", bed("BUILDKITD"), "--output", f"type=local,dest={self.dir}/side{i}",
                                      self.root)] for i in range(6)]
        builds = [subprocess.Popen(c, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
                  for c in commands]
        time.sleep(random.uniform(0.01, 0.2))
        builds[0].send_signal(signal.SIGKILL)
        for i, build in enumerate(builds):
            code = build.wait(timeout=120)
            if i > 0:
                self.assertEqual(code, 0)
                self.assertEqual(tree_of(self.dir / f"side{i}"), tree_of(self.root))
        self.built(self.root)
        self.assert_known(self.built(self.root)[0])

    def test_a_tree_that_changes_meanwhile(self):
        dice = random.Random(random.randrange(1 << 32))
        for i in range(300):
            self.write(f"ctx/d{i % 20}/g{i}", f"content {i:06}")
        self.write("ctx/Dockerfile", "FROM scratch\nARG N\nCOPY d1 /d1\nLABEL n=$N\nCOPY . /\n")
        self.built(self.root)
        for number in range(ROUNDS):
            target = self.root / f"d{dice.randrange(20)}/f"
            writer = threading.Timer(dice.uniform(0, 0.2), target.write_text, (f"changed {number:06}",))
            writer.start()
            outcome = peelbox("build", "--buildkit", bed("BUILDKITD"), "--build-arg", f"N={number}", self.root)
            writer.join()
            if outcome.code != 0:
                self.assertIn("while it was sent", outcome.err)
            for _ in range(2):
                outcome, tree = self.built("--build-arg", f"N={number}", self.root)
                self.assertEqual(tree, tree_of(self.root), f"round {number}\n{outcome}")
            self.assert_known(outcome)


class SameSizeAndTime(CopiedTest):
    """Content that changed while size and modification time stayed, which the daemon alone takes for unchanged."""

    def setUp(self):
        super().setUp()
        for i in range(10):
            self.write(f"ctx/d{i % 2}/f{i}", f"content {i}")
        # Sent by this user for the first time.
        self.state = {"XDG_STATE_HOME": str(self.dir / "state")}

    def built(self, *flags):
        self.outs += 1
        out = self.dir / f"out{self.outs}"
        outcome = peelbox(*self.arguments(out, *flags), env=self.state)
        self.assert_ok(outcome)
        self.assertEqual(tree_of(out), tree_of(self.root), outcome)
        return sent(outcome)[0]

    def overwrite(self, name, text):
        path = self.root / name
        before = path.stat()
        path.write_text(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual((path.stat().st_size, path.stat().st_mtime_ns), (before.st_size, before.st_mtime_ns))

    def check(self, *flags):
        self.assertEqual(self.built(*flags), 10)
        # More than once: each is another content for the daemon.
        for text in ("CONTENT 1", "content!1", "content 1"):
            self.overwrite("d1/f1", text)
            self.assertEqual(self.built(*flags), 1)
            self.assertEqual(self.built(*flags), 0)

    # labels: sanitized
    def test_overwritten(self):
        self.check()

    def test_without_fingerprints(self):
        self.check("--no-cache")

    def test_replaced(self):
        self.built()
        times = self.root.joinpath("d1/f1").stat()
        self.write("new", "CONTENT 1")
        os.utime(self.dir / "new", ns=(times.st_atime_ns, times.st_mtime_ns))
        os.replace(self.dir / "new", self.root / "d1/f1")
        self.assertEqual(self.built(), 1)
        self.assertEqual(self.built(), 0)

    def test_directories_that_change_places(self):
        self.built()
        for i in (0, 2, 4):
            self.write(f"ctx/other/f{i}", f"CONTENT {i}")
            times = self.root.joinpath(f"d0/f{i}").stat()
            os.utime(self.root / f"other/f{i}", ns=(times.st_atime_ns, times.st_mtime_ns))
        self.built()
        exchange(self.root / "d0", self.root / "other")
        self.built()
        exchange(self.root / "d0", self.root / "other")
        self.built()
        self.assertEqual(self.built(), 0)

    def test_several_names_of_one_file(self):
        os.link(self.root / "d1/f1", self.root / "d1/g1")
        self.built()
        self.overwrite("d1/f1", "CONTENT 1")
        self.built()
        self.assertEqual(self.built(), 0)
        os.link(self.root / "d1/f3", self.root / "d1/a3")
        self.built()
        self.overwrite("d1/f3", "CONTENT 3")
        self.built()
        self.assertEqual(self.built("--no-cache"), 0)

    def test_what_is_remembered_is_damaged(self):
        self.built()
        memories = list((self.dir / "state/peelbox/contexts").iterdir())
        self.assertEqual(len(memories), 1)
        memories[0].write_bytes(b"x" * 100)
        self.assertEqual(self.built("--no-cache"), 0)
        self.overwrite("d1/f1", "CONTENT 1")
        self.assertEqual(self.built(), 1)

    def test_after_a_paranoid_build(self):
        self.built()
        self.overwrite("d1/f1", "CONTENT 1")
        self.built("--paranoid")
        self.built()
        self.overwrite("d1/f1", "content 1")
        self.built()
        self.assertEqual(self.built(), 0)


class Changing(CopiedTest):
    """Trees that change while a build looks at them and sends them."""

    def fill(self, many):
        for i in range(many):
            self.write(f"ctx/d{i % 7}/f{i}", f"content {i:06}")
        for name in ("x", "y"):
            self.write(f"ctx/{name}/f", f"this is {name}")
        self.write("ctx/large", b"a" * 3_000_000)

    def change(self, dice, number):
        """One change; each gives files that existed before it another change time."""
        target = self.root / f"d{dice.randrange(7)}"
        files = sorted(p for p in target.iterdir() if p.is_file())
        one = dice.choice(files)
        kind = dice.randrange(7)
        if kind == 0:
            one.write_text(f"changed {number:06}")
        elif kind == 1:
            with open(one, "a") as file:
                file.write(f"{number}\n")
        elif kind == 2:
            self.write("new", f"{number}")
            os.replace(self.dir / "new", one)
        elif kind == 3:
            one.unlink()
            self.write(str((target / f"g{number}").relative_to(self.dir)), f"new {number}")
        elif kind == 4:
            exchange(self.root / "x", self.root / "y")
            (self.root / "x/f").write_text(f"x after {number}")
        elif kind == 5:
            with open(self.root / "large", "r+b") as file:
                file.seek(dice.randrange(2_999_000))
                file.write(b"%09d" % number)
        else:
            link = target / "link"
            link.unlink(missing_ok=True)
            link.symlink_to(f"f{number}")

    def play(self, many, seed):
        dice = random.Random(seed)
        self.fill(many)
        self.copied()
        before = time.monotonic()
        self.copied()
        usual = time.monotonic() - before
        for number in range(ROUNDS):
            # Something has to be sent, or there is nothing to disturb.
            (self.root / "d0/f0").write_text(f"round {number:08}")
            writer = threading.Timer(dice.uniform(0, 1.2 * usual), self.change, (dice, number))
            writer.start()
            self.copied()
            writer.join()
            # Whatever became of that build: what the tree is now, is what the next ones get.
            for _ in range(2):
                outcome, tree = self.copied()
                self.assertEqual(tree, tree_of(self.root), f"seed {seed}, round {number}\n{outcome}")
            self.assertIn(UNCHANGED, outcome.err)

    def test_small_tree(self):
        self.play(60, random.randrange(1 << 32))

    def test_tree_of_many_files(self):
        self.play(3000, random.randrange(1 << 32))

    def test_a_file_that_grows_all_the_time(self):
        self.fill(200)
        done = threading.Event()

        def write():
            with open(self.root / "log", "a", buffering=1) as log:
                while not done.wait(0.0005):
                    log.write("line\n")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                outcome, tree = self.copied("-v")
                self.assertRegex(tree.get("log", b""), rb"\A(line\n)*\Z")
        finally:
            done.set()
            writer.join()
        self.copied()
        self.assertEqual(self.copied()[1], tree_of(self.root))


class SideBySide(CopiedTest):
    def start(self, number, *flags):
        command = [str(a) for a in (PEELBOX, *self.arguments(self.dir / f"side{number}", *flags))]
        with open(self.dir / f"err{number}", "wb") as errors:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                    env=clean_environment())

    def errors(self, number):
        return (self.dir / f"err{number}").read_text(errors="replace")

    def write_tree(self):
        # New content, so that the daemon has nothing of it.
        mark = random.getrandbits(64)
        for i in range(400):
            self.write(f"ctx/d{i % 9}/f{i}", f"content {i} {mark} " * 200)

    def bytes_sent(self, numbers):
        found = [re.search(r"context  .* files sent, (\S+ \S+) of", self.errors(i)) for i in numbers]
        return [one.group(1) for one in found if one and not one.group(1).startswith("0 ")]

    def test_builds_of_one_tree_at_once_send_it_once(self):
        self.write_tree()
        builds = [self.start(i) for i in range(MANY)]
        for i, build in enumerate(builds):
            self.assertEqual(build.wait(timeout=240), 0, self.errors(i))
        for i in range(MANY):
            self.assertEqual(tree_of(self.dir / f"side{i}"), tree_of(self.root))
        self.assertEqual(len(self.bytes_sent(range(MANY))), 1, [self.errors(i)[-300:] for i in range(MANY)])
        self.assertIn(UNCHANGED, self.copied()[0].err)

    def test_builds_of_one_tree_at_once_and_some_are_killed(self):
        for _ in range(3):
            self.write_tree()
            builds = [self.start(i) for i in range(MANY)]
            killed = random.sample(range(MANY), MANY // 4)
            for i in killed:
                time.sleep(random.uniform(0.01, 0.2))
                builds[i].send_signal(signal.SIGKILL)
            for i, build in enumerate(builds):
                code = build.wait(timeout=240)
                if i not in killed:
                    self.assertEqual(code, 0, self.errors(i))
                    self.assertEqual(tree_of(self.dir / f"side{i}"), tree_of(self.root))
                # Also what a killed one had begun to write.
                shutil.rmtree(self.dir / f"side{i}", ignore_errors=True)
        outcome, tree = self.copied()
        self.assertEqual(tree, tree_of(self.root))
        self.assertIn(UNCHANGED, self.copied()[0].err)

    def test_a_file_is_replaced_while_they_send_it(self):
        """Whoever serves finds another tree than the others and itself were looking at."""
        for _ in range(4):
            self.write_tree()
            changed = random.choice(["d0/f0", "d3/f210", "d8/f395"])
            before = (self.root / changed).read_bytes()
            after = before.replace(b" ", b"_")
            (self.dir / "new").write_bytes(after)
            builds = [self.start(i) for i in range(6)]
            time.sleep(random.uniform(0, 0.4))
            (self.dir / "new").rename(self.root / changed)
            for i, build in enumerate(builds):
                self.assertEqual(build.wait(timeout=240), 0, self.errors(i))
                self.assertIn((self.dir / f"side{i}" / changed).read_bytes(), (before, after))
                shutil.rmtree(self.dir / f"side{i}")
            self.assertEqual(self.copied()[1], tree_of(self.root))

    def test_the_one_that_serves_is_killed(self):
        self.write_tree()
        (self.root / "large").write_bytes(os.urandom(1 << 20) * 100)
        first = self.start(0, "-v")
        wait_for(lambda: "running: local://context" in self.errors(0), "the transfer")
        first.send_signal(signal.SIGSTOP)
        others = [self.start(i, "-v") for i in range(1, 5)]
        wait_for(lambda: "another build serves it" in self.errors(4), "the others")
        time.sleep(0.3)
        first.kill()
        first.wait()
        for i, build in enumerate(others, 1):
            self.assertEqual(build.wait(timeout=240), 0, self.errors(i))
            self.assertEqual(tree_of(self.dir / f"side{i}"), tree_of(self.root))
        self.assertEqual(len(self.bytes_sent(range(1, 5))), 1, [self.errors(i)[-2000:] for i in range(1, 5)])
