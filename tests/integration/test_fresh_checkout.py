"""Checkouts that are made anew for every build, as CI runners make them: what is equal is not sent again."""

import os
import random
import re
import shutil
import subprocess
import time

import test_unchanged
from bed import LLB_TOOL, PEELBOX, BedTest, OciArchive, bed, clean_environment, peelbox, sent
from test_unchanged import UNCHANGED, tree_of

CONTENT = ("--context-times", "content")
FILES = 34


def git(at, *words):
    environment = clean_environment({"GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"})
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.com", *words], cwd=at, env=environment, check=True,
                   capture_output=True, timeout=60)


def files_sent(outcome):
    """Of the context. A frontend asks for the Dockerfile and its ignore file by themselves, and whatever the daemon has."""
    lines = re.findall(r'^directory "context": (\d+) of (\d+) files sent', outcome.err, re.MULTILINE)
    return sum(int(number) for number, of in lines if int(of) > 1)


class Repository(BedTest):
    """A repository with two commits; the second changes two files, one of them without changing its size."""

    def setUp(self):
        super().setUp()
        self.repo = self.dir / "repo"
        # Equal content is known from the last time that this was run.
        self.mark = f"{random.getrandbits(64):016x}"
        for i in range(30):
            self.write(f"repo/d{i % 5}/f{i}", f"content {i:04} {self.mark}\n")
        self.write("repo/tool", "#!/bin/sh\n", 0o755)
        (self.repo / "link").symlink_to("d0/f0")
        self.write("repo/Dockerfile", "FROM scratch\nCOPY . /\n")
        self.write("repo/.dockerignore", ".git\n")
        self.write("repo/large", self.mark * 150_000)
        git(self.repo, "init", "-q", "-b", "main")
        self.commit("one")
        self.write("repo/d0/f0", f"CONTENT 0000 {self.mark}\n")
        self.write("repo/d1/f1", "something that is longer\n")
        self.commit("two")
        made = subprocess.run([LLB_TOOL, "copy"], capture_output=True, timeout=30, check=True)
        self.definition = self.dir / "def.llb"
        self.definition.write_bytes(made.stdout)
        self.outs = 0

    def commit(self, tag):
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-q", "-m", tag)
        git(self.repo, "tag", tag)

    def checkout(self, name, tag="two"):
        root = self.dir / name
        shutil.rmtree(root, ignore_errors=True)
        git(self.dir, "clone", "-q", "--branch", tag, str(self.repo), str(root))
        return root

    def made(self, kind, root, *flags, output=None, **how):
        """The build's outcome."""
        if kind == "llb":
            what = ["--llb", self.definition, "--local", f"context={root}"]
        elif kind == "spec":
            what = ["--spec", self.spec(runtime={"copy": [{"from": ".", "to": "/app"}]}), "--context", root,
                    "--build-image", "docker.io/peelbox/debian-build:12", "--runtime-image", "docker.io/peelbox/debian:12"]
        elif kind == "frontend":
            # What reads the ignore file is the frontend, of the directory that it is given.
            what = ["--frontend", "dockerfile.v0", "--local", f"context={root}", "--local", f"dockerfile={root}"]
        else:
            what = ["-f", root / "Dockerfile", root]
        outcome = peelbox("build", *what, "--output", output or "type=cacheonly", "--progress", "plain", "-v", "--buildkit",
                          bed("BUILDKITD"), *flags, **how)
        self.assert_ok(outcome)
        return outcome

    def copied(self, kind, root, *flags, **how):
        """And the tree that it gave."""
        self.outs += 1
        out = self.dir / f"out{self.outs}"
        outcome = self.made(kind, root, *flags, output=f"type=local,dest={out}", **how)
        tree = tree_of(out)
        if kind == "llb":
            # A definition has no ignore file.
            tree = {name: content for name, content in tree.items() if not name.startswith(".git/") and name != ".git"}
        return outcome, tree


def checked_out(root):
    return {name: content for name, content in tree_of(root).items() if not name.startswith(".git/") and name != ".git"}


class ContentTimes(Repository):
    """The same directory on one machine."""

    def setUp(self):
        super().setUp()
        # What git keeps of a clone differs from clone to clone, and a definition sends all.
        self.kinds = ("spec", "dockerfile", "frontend")

    def test_a_new_checkout_of_the_same_commit_sends_nothing(self):
        for kind in self.kinds:
            with self.subTest(kind):
                count = FILES - (1 if kind == "spec" else 0)
                first = self.made(kind, self.checkout("ctx"), *CONTENT)
                self.assertEqual(sent(first)[1], sent(self.made(kind, self.checkout("ctx"), *CONTENT))[1])
                again = self.made(kind, self.checkout("ctx"), *CONTENT)
                self.assertEqual(files_sent(again), 0, again)
                self.assertIn(UNCHANGED, again.err)
                self.assertGreaterEqual(sent(again)[1], count - 1)

    def test_a_definition_of_a_directory_that_is_written_anew(self):
        for number in range(2):
            root = self.checkout("ctx")
            shutil.rmtree(root / ".git")
            outcome, tree = self.copied("llb", root, *CONTENT)
            self.assertEqual(tree, checked_out(root))
        self.assertEqual(sent(outcome), (0, FILES), outcome)
        self.assertIn(UNCHANGED, outcome.err)
        moved = self.dir / "elsewhere"
        root.rename(moved)
        self.assertIn(UNCHANGED, self.made("llb", moved, *CONTENT).err)

    def test_what_differs_is_sent_and_nothing_else(self):
        for kind in self.kinds:
            with self.subTest(kind):
                self.made(kind, self.checkout("ctx", "one"), *CONTENT)
                outcome = self.made(kind, self.checkout("ctx", "two"), *CONTENT)
                self.assertEqual(files_sent(outcome), 2, outcome)
        root = self.checkout("ctx", "two")
        self.assertEqual({name: content for name, content in self.copied("dockerfile", root, *CONTENT)[1].items()}, checked_out(root))

    def test_layers_are_equal_whenever_they_are_made(self):
        digests = []
        for number in range(2):
            archive = self.dir / f"{number}.tar"
            self.made("dockerfile", self.checkout(f"ctx{number}"), *CONTENT, "--no-cache", output=f"type=oci,dest={archive}")
            digests.append(OciArchive(archive).layer_digests())
        self.assertEqual(digests[0], digests[1])

    def test_content_that_changes_under_equal_size_and_time(self):
        root = self.checkout("ctx")
        self.copied("dockerfile", root, *CONTENT)
        before = os.stat(root / "d2/f2")
        (root / "d2/f2").write_text(f"CONTENT 0002 {self.mark}\n")
        os.utime(root / "d2/f2", ns=(before.st_atime_ns, before.st_mtime_ns))
        outcome, tree = self.copied("dockerfile", root, *CONTENT)
        self.assertEqual(files_sent(outcome), 1, outcome)
        self.assertEqual(tree, checked_out(root))
        # And back: the daemon has it still, if not as the newest.
        (root / "d2/f2").write_text(f"content 0002 {self.mark}\n")
        self.assertEqual(self.copied("dockerfile", root, *CONTENT)[1], checked_out(root))

    def test_paranoid_reads_and_sends_everything(self):
        root = self.checkout("ctx")
        for kind in self.kinds:
            self.made(kind, root, *CONTENT)
            outcome = self.made(kind, root, *CONTENT, "--paranoid")
            self.assertEqual(*sent(outcome))

    def test_files_that_git_converts(self):
        self.write("repo/.gitattributes", "d*/* text eol=crlf\n")
        self.commit("three")
        trees = []
        for number in range(2):
            root = self.checkout("ctx", "three")
            self.assertIn(b"\r\n", (root / "d0/f0").read_bytes())
            outcome, tree = self.copied("dockerfile", root, *CONTENT)
            self.assertEqual(tree, checked_out(root))
        self.assertEqual(files_sent(outcome), 0, outcome)
        # The same blob with other bytes of the same size.
        (root / "d0/f0").write_text(f"content 0000 {self.mark}\n\n")
        self.assertEqual(self.copied("dockerfile", root, *CONTENT)[1], checked_out(root))


class ContextId(Repository):
    """Other directories, users and machines that give one name."""

    KINDS = ("spec", "dockerfile", "frontend", "llb")

    def setUp(self):
        super().setUp()
        self.name = f"{self.id()}-{os.getpid()}"
        self.machines = 0

    def on_another_machine(self, secret=None):
        """The environment of a user that nothing is known of."""
        self.machines += 1
        state = {"XDG_STATE_HOME": str(self.dir / f"state{self.machines}")}
        return {**state, "PEELBOX_CONTEXT_SECRET": secret} if secret else state

    def clone(self, tag):
        root = self.checkout(f"clone{self.machines}", tag)
        # What git keeps of a clone differs from clone to clone, and a definition sends all.
        shutil.rmtree(root / ".git")
        return root

    def test_a_clone_on_another_machine_sends_what_differs(self):
        for kind in self.KINDS:
            with self.subTest(kind):
                flags = ("--context-id", self.name + kind)
                first = self.made(kind, self.clone("one"), *flags, env=self.on_another_machine())
                self.assertEqual(*sent(first))
                same, tree = self.copied(kind, self.clone("one"), *flags, env=self.on_another_machine())
                self.assertEqual(files_sent(same), 0, same)
                self.assertNotIn(UNCHANGED, same.err)
                root = self.clone("two")
                other, tree = self.copied(kind, root, *flags, env=self.on_another_machine())
                self.assertEqual(files_sent(other), 2, other)
                if kind != "spec":
                    self.assertEqual(tree, checked_out(root))

    def test_with_a_secret_a_clone_of_the_same_commit_is_not_compared(self):
        for kind in ("spec", "llb"):
            with self.subTest(kind):
                flags = ("--context-id", self.name + kind)
                secret = "secret of " + self.name
                self.made(kind, self.clone("one"), *flags, env=self.on_another_machine(secret))
                same = self.made(kind, self.clone("one"), *flags, env=self.on_another_machine(secret))
                self.assertIn(UNCHANGED, same.err)
                other = self.made(kind, self.clone("two"), *flags, env=self.on_another_machine(secret))
                self.assertEqual(files_sent(other), 2, other)
                # Neither without it, nor with another one, nor with another name.
                for strange in (self.on_another_machine(), self.on_another_machine("another " + secret)):
                    outcome = self.made(kind, self.clone("one"), *flags, env=strange)
                    self.assertEqual(*sent(outcome), outcome)
                outcome = self.made(kind, self.clone("one"), "--context-id", "not " + self.name + kind, env=self.on_another_machine(secret))
                self.assertEqual(*sent(outcome), outcome)

    def test_secret_in_a_file_and_auto(self):
        flags = ("--context-id", "auto")
        secret = self.write("secret", f"secret of {self.name}\n")
        for number in range(2):
            root = self.checkout(f"auto{number}", "one")
            git(root, "remote", "set-url", "origin", f"https://user:{number}@example.com/{self.name}.git")
            outcome = self.made("spec", root, *flags, env={**self.on_another_machine(), "PEELBOX_CONTEXT_SECRET_FILE": str(secret)})
        self.assertIn(UNCHANGED, outcome.err)
        self.assertEqual(files_sent(outcome), 0)

    def test_a_machine_that_is_killed_while_it_sends(self):
        root = self.clone("two")
        for i in range(600):
            (root / f"d{i % 5}" / f"more{i}").write_bytes(os.urandom(40_000))
        secret = "secret of " + self.name
        flags = ["build", "--llb", self.definition, "--local", f"context={root}", "--context-id", self.name, "--buildkit", bed("BUILDKITD"),
                 "--output", "type=cacheonly", "--progress", "plain", "-v"]
        for delay in (0, 0.1, 0.3):
            # New content, so that it has to be sent.
            (root / "d0/more0").write_bytes(os.urandom(40_000))
            first = subprocess.Popen([PEELBOX, *map(str, flags)], env=clean_environment(self.on_another_machine(secret)),
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.addCleanup(first.stdout.close)
            for line in first.stdout:
                if "step running: local://context" in line:
                    break
            second = subprocess.Popen([PEELBOX, *map(str, flags)], env=clean_environment(self.on_another_machine(secret)),
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(delay)
            first.kill()
            first.wait()
            out, err = second.communicate(timeout=120)
            self.assertEqual(second.returncode, 0, out + err)

    def test_paranoid_is_alone(self):
        flags = ("--context-id", self.name)
        self.made("dockerfile", self.clone("one"), *flags, env=self.on_another_machine())
        outcome = self.made("dockerfile", self.clone("one"), *flags, "--paranoid", env=self.on_another_machine())
        self.assertEqual(*sent(outcome))

    def test_what_is_wrong_is_said(self):
        root = self.checkout("ctx", "one")

        def fails(*words, parts, **env):
            outcome = peelbox("build", "-f", root / "Dockerfile", root, "--buildkit", bed("BUILDKITD"), *words, env=env)
            self.assert_fails(outcome, 2, *parts)

        fails("--context-id", "", parts=["--context-id", "name is empty"])
        fails("--context-id", "x" * 201, parts=["200 bytes"])
        fails("--context-id", "a\nb", parts=["control characters"])
        fails("--context-id", "auto", parts=["--context-id auto", str(root), "--context-id NAME"])
        fails("--context-id", "a", "--context-times", "file", parts=["--context-times content", "two machines"])
        fails("--context-times", "commit", parts=["--context-times", "content"])
        fails("--context-id", "a", parts=["PEELBOX_CONTEXT_SECRET", "5 characters", "openssl rand"], PEELBOX_CONTEXT_SECRET="short")
        fails("--context-id", "a", parts=["PEELBOX_CONTEXT_SECRET_FILE=/nowhere", "No such file"], PEELBOX_CONTEXT_SECRET_FILE="/nowhere")
        fails("--context-id", "a", parts=["exclude each other"], PEELBOX_CONTEXT_SECRET="x" * 20, PEELBOX_CONTEXT_SECRET_FILE="/nowhere")


class ContentTimesChanging(test_unchanged.Changing):
    """Trees that change meanwhile, with times that stand for contents: these are never other contents."""

    def arguments(self, out, *flags, daemon=None):
        return super().arguments(out, *flags, *CONTENT, daemon=daemon)

    def test_small_tree(self):
        super().test_small_tree()

    def test_tree_of_many_files(self):
        super().test_tree_of_many_files()

    def test_a_file_that_grows_all_the_time(self):
        super().test_a_file_that_grows_all_the_time()
