"""Completions typed into real shells, and manual pages through the real man.

Needs bash, zsh, fish and man-db (scripts/setup.sh), no daemon."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

REPO = pathlib.Path(__file__).resolve().parents[2]
PEELBOX = os.environ.get("PEELBOX_BINARY", str(REPO / "build/release/bin/peelbox"))
LIMIT = 60  # seconds for anything; nothing here takes one


def run(command, **how):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=LIMIT, **how)


class ShellTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="peelbox-sh-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        # What was typed runs this: it tells what it was given.
        fake = self.dir / "bin/peelbox"
        fake.parent.mkdir()
        fake.write_text("#!/bin/sh\nprintf 'GOT'; printf '<%s>' \"$@\"; echo\n")
        fake.chmod(0o755)
        work = self.dir / "work"
        (work / "sources").mkdir(parents=True)
        (work / "universalbuild.json").write_text("{}")
        self.work = work

    def script(self, shell):
        made = run([PEELBOX, "completion", shell])
        self.assertEqual(made.returncode, 0, made.stderr)
        path = self.dir / ("_peelbox" if shell == "zsh" else "peelbox." + shell)
        path.write_text(made.stdout)
        return path

    def type_into(self, shell, setup, lines):
        """Types `lines` (\\t is the tab key) into an interactive shell; gives what the fake peelbox was called with."""
        env = {"PATH": f"{self.dir}/bin:{os.environ['PATH']}", "HOME": str(self.dir), "TERM": "xterm", "LC_ALL": "C.UTF-8",
               "PS1": "ready> ", "ZDOTDIR": str(self.dir)}
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.work)
            os.execvpe(shell[0], shell, env)
        seen = b""

        def until(pattern):
            nonlocal seen
            end = time.monotonic() + LIMIT
            while not re.search(pattern, seen):
                if time.monotonic() > end:
                    self.fail(f"{shell[0]} did not show {pattern!r}:\n{seen.decode(errors='replace')}")
                if select.select([fd], [], [], 1)[0]:
                    seen += os.read(fd, 65536)

        calls = []
        try:
            for command in setup:
                os.write(fd, command.encode() + b"\n")
            os.write(fd, b"echo se''tup-done\n")
            until(rb"setup-done")
            for line in lines:
                seen = b""
                os.write(fd, line.encode() + b"\n")
                until(rb"GOT[^\r\n]*\r?\n")
                calls.append(re.findall(rb"GOT([^\r\n]*)", seen)[-1].decode())
        finally:
            os.close(fd)
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        return calls


class Bash(ShellTest):
    def candidates(self, line):
        code = (f"source {self.script('bash')}; COMP_LINE=$1; COMP_POINT=${{#1}}; _peelbox 2>/dev/null; "
                "printf '%s\\n' \"${COMPREPLY[@]}\"")
        out = run(["bash", "--noprofile", "--norc", "-c", code, "bash", line], cwd=self.work)
        self.assertEqual(out.returncode, 0, out.stderr)
        return out.stdout.split()

    def test_is_valid_and_offers_what_may_come(self):
        self.assertEqual(run(["bash", "-n", self.script("bash")]).stderr, "")
        self.assertIn("build", self.candidates("peelbox "))
        self.assertNotIn("frontend", self.candidates("peelbox "))
        self.assertEqual(self.candidates("peelbox context "), ["ls", "explain", "fingerprint"])
        self.assertEqual(self.candidates("peelbox build --prog"), ["--progress"])
        self.assertEqual(self.candidates("peelbox build --progress pl"), ["plain"])
        self.assertEqual(self.candidates("peelbox build --progress=pl"), ["plain"])
        self.assertEqual(self.candidates("peelbox -h build --package-manager a"), ["auto", "apk", "apt"])
        self.assertEqual(self.candidates("peelbox completion "), ["bash", "zsh", "fish"])
        self.assertEqual(self.candidates("peelbox build --tag "), [])

    def test_files_and_directories(self):
        self.assertEqual(sorted(self.candidates("peelbox build --spec ")), ["sources", "universalbuild.json"])
        self.assertEqual(self.candidates("peelbox build --context "), ["sources"])
        self.assertEqual(self.candidates("peelbox build --spec=uni"), ["universalbuild.json"])
        self.assertEqual(self.candidates("peelbox build -o type=oci,dest=uni"), ["universalbuild.json"])

    def test_what_readline_cuts_at_colons_and_equals_signs(self):
        self.assertEqual(self.candidates("peelbox info --buildkit unix:"), ["//"])
        self.assertEqual(self.candidates("peelbox info --buildkit tc"), ["tcp://"])
        self.assertEqual(self.candidates("peelbox build -o type=lo"), ["local,dest="])

    def test_typed(self):
        calls = self.type_into(
            ["bash", "--noprofile", "--norc", "-i"], [f"source {self.script('bash')}"],
            ["peelbox bui\t--progr\tpla\t", "peelbox build --spec uni\t--context so\t", "peelbox build --output type=oc\tx.tar",
             "peelbox context ex\tuniv\t", "peelbox build --progress=raw\t"])
        self.assertEqual(calls, ["<build><--progress><plain>", "<build><--spec><universalbuild.json><--context><sources/>",
                                 "<build><--output><type=oci,dest=x.tar>", "<context><explain><universalbuild.json>",
                                 "<build><--progress=rawjson>"])


class Zsh(ShellTest):
    def test_is_valid(self):
        self.assertEqual(run(["zsh", "-f", "-n", self.script("zsh")]).stderr, "")

    def test_typed(self):
        self.script("zsh")
        calls = self.type_into(
            ["zsh", "-f", "-i"], [f"fpath=({self.dir} $fpath)", "autoload -U compinit && compinit -u -D", "unsetopt beep"],
            ["peelbox bui\t--progr\tpla\t", "peelbox build --spec uni\t--context so\t", "peelbox build -o type=oc\tx.tar",
             "peelbox cont\tex\tuniv\t", "peelbox completion fi\t"])
        self.assertEqual(calls, ["<build><--progress=plain>", "<build><--spec><universalbuild.json><--context><sources>",
                                 "<build><-o><type=oci,dest=x.tar>", "<context><explain><universalbuild.json>",
                                 "<completion><fish>"])

    def test_sourced_after_compinit(self):
        calls = self.type_into(
            ["zsh", "-f", "-i"], ["autoload -U compinit && compinit -u -D", f"source {self.script('zsh')}"],
            ["peelbox det\t--form\tya\t"])
        self.assertEqual(calls, ["<detect><--format=yaml>"])


class Fish(ShellTest):
    def candidates(self, line):
        out = run(["fish", "--no-config", "-c", f"source {self.script('fish')}; complete -C $argv[1]", line], cwd=self.work,
                  env={**os.environ, "HOME": str(self.dir)})
        self.assertEqual(out.stderr, "")
        return [one.split("\t")[0] for one in out.stdout.splitlines()]

    def test_offers_what_may_come(self):
        self.assertEqual(run(["fish", "--no-execute", self.script("fish")]).stderr, "")
        self.assertIn("build", self.candidates("peelbox "))
        self.assertNotIn("frontend", self.candidates("peelbox "))
        self.assertEqual(sorted(self.candidates("peelbox context ")), ["explain", "fingerprint", "ls"])
        self.assertEqual(self.candidates("peelbox build --prog"), ["--progress"])
        self.assertEqual(self.candidates("peelbox build --progress pl"), ["plain"])
        self.assertEqual(self.candidates("peelbox build --progress=pl"), ["--progress=plain"])
        self.assertEqual(sorted(self.candidates("peelbox completion ")), ["bash", "fish", "zsh"])
        self.assertEqual(self.candidates("peelbox info --no-ca"), [])

    def test_files_and_directories(self):
        self.assertIn("universalbuild.json", self.candidates("peelbox build --spec "))
        self.assertEqual(self.candidates("peelbox build --context "), ["sources/"])
        self.assertEqual(self.candidates("peelbox build -o type=oci,dest=uni"), ["type=oci,dest=universalbuild.json"])


class Manual(ShellTest):
    def test_every_page_is_clean_and_readable(self):
        pages = self.dir / "man/man1"
        pages.mkdir(parents=True)
        self.assertEqual(run([PEELBOX, "man", "--dir", pages]).returncode, 0)
        names = sorted(p.name for p in pages.iterdir())
        for expected in ("peelbox.1", "peelbox-build.1", "peelbox-context-ls.1", "peelbox-completion.1"):
            self.assertIn(expected, names)
        self.assertNotIn("peelbox-frontend.1", names)
        for page in pages.iterdir():
            checked = run(["man", "--warnings=w", "-l", page], env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
            self.assertEqual((checked.returncode, checked.stderr), (0, ""), page.name)
            self.assertIn("SYNOPSIS", checked.stdout)

    def test_found_by_name(self):
        pages = self.dir / "man/man1"
        pages.mkdir(parents=True)
        run([PEELBOX, "man", "--dir", pages])
        shown = run(["man", "peelbox-build"], env={**os.environ, "MANPATH": str(self.dir / "man"), "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for part in ("peelbox-build - Build an image", "--silence-limit SECONDS", "peelbox build -t app:1 ."):
            self.assertIn(part, shown.stdout)

    def test_one_page_on_standard_output(self):
        page = run([PEELBOX, "man", "context", "ls"])
        self.assertTrue(page.stdout.startswith('.TH "PEELBOX\\-CONTEXT\\-LS"'), page.stdout[:80])
        wrong = run([PEELBOX, "man", "biuld"])
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("did you mean build?", wrong.stderr)


class Words(ShellTest):
    """What the program says about words that it does not know."""

    def test_suggestions_and_exit_code(self):
        for words, expected in [(["biuld"], "did you mean build?"), (["build", "--tga", "x"], "did you mean --tag?"),
                                (["build", "--progress", "plian"], "did you mean plain?"),
                                (["context"], "error: a command is missing"), (["build", "--spec"], "--spec")]:
            said = run([PEELBOX, *words])
            self.assertEqual((said.returncode, said.stdout), (2, ""), said.stderr)
            self.assertIn(expected, said.stderr)


if __name__ == "__main__":
    unittest.main()
