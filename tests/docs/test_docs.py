"""Documentation that leads nowhere or names what does not exist. No daemon is needed."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

REPO = pathlib.Path(__file__).resolve().parents[2]
PEELBOX = os.environ.get("PEELBOX_BINARY", str(REPO / "build/release/bin/peelbox"))
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/*.md"), *REPO.glob("examples/**/*.md"), *REPO.glob("proto/*.md")])


def run(*command, **how):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60, **how)


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """As GitHub makes them of headings."""
    found = set()
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-"))
    return found


class Links(unittest.TestCase):
    def test_links_lead_somewhere(self):
        wrong = []
        for page in PAGES:
            # Labels may have code in them, so code is taken out of the rest only.
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text()).replace("``", "")):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = (page.parent / name).resolve() if name else page
                if not file.exists():
                    wrong.append(f"{page.relative_to(REPO)}: {target}: there is no such file")
                elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                    wrong.append(f"{page.relative_to(REPO)}: {target}: there is no such heading")
        self.assertEqual(wrong, [])

    def test_every_page_is_on_the_map(self):
        listed = (REPO / "docs/README.md").read_text()
        missing = [p.name for p in REPO.glob("docs/*.md") if p.name != "README.md" and f"({p.name}" not in listed]
        self.assertEqual(missing, [])


def command_lines():
    """Lines of code blocks that call peelbox, without what is said behind them."""
    for page in PAGES:
        if page.name == "CHANGELOG.md":
            continue
        text = page.read_text()
        blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        blocks += ["\n".join(re.findall(r"^(?: {4}|\t)(\S.*)$", text, re.MULTILINE))]
        for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
            line = re.split(r"\s+#\s", line.strip().removeprefix("$ "))[0]
            for part in re.split(r"\s*(?:\||&&|;)\s*", line):
                if re.match(r"peelbox\s", part):
                    yield page.relative_to(REPO), line, part


def words_of(part):
    try:
        return shlex.split(re.split(r"\s[0-9]?>", part)[0].replace("…", ""))[1:]
    except ValueError:
        return re.split(r"\s+", part)[1:]


class Reliability(unittest.TestCase):
    def test_tests_that_are_named_exist(self):
        """By their last part, or by what stands for all of them: each row of the table has a test that makes its fault."""
        folders = [REPO / "tests", REPO / "fuzz"]
        files = [f for folder in folders for f in folder.rglob("*") if f.suffix in (".py", ".cpp") and "fixtures" not in f.parts]
        text = "\n".join(f.read_text() for f in files)
        known = set(re.findall(r"\bdef (test_\w+)|\bclass (\w+)", text)) | set(re.findall(r"\bTEST(?:_F|_P)?\((\w+), *(\w+)", text))
        known = {word for pair in known for word in pair} | {f.stem for f in files} | {f.name for f in (REPO / "tests/fixtures/detect").iterdir()}
        wrong = []
        for line in (REPO / "docs/reliability.md").read_text().splitlines():
            if not line.startswith("|") or line.startswith("|--"):
                continue
            for name in re.findall(r"`([^`]+)`", line.rstrip("| ").rsplit("|", 1)[-1]):
                parts = re.split(r"[./…]", name.removesuffix(".cpp"))
                if not (REPO / name).exists() and next(p for p in reversed(parts) if p not in ("*", "")) not in known:
                    wrong.append(name)
        self.assertEqual(wrong, [])


class Commands(unittest.TestCase):
    help_of = {}

    def flags(self, words):
        """The flags of the command that the words begin with."""
        path = []
        for word in words:
            if not re.fullmatch(r"[a-z][a-z-]*", word):
                break
            path.append(word)
        while path:
            key = tuple(path)
            if key not in self.help_of:
                shown = run(PEELBOX, *path, "--help-all")
                self.help_of[key] = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", shown.stdout)) if shown.returncode == 0 else None
            if self.help_of[key] is not None:
                return self.help_of[key]
            path.pop()
        return None

    def test_flags_exist(self):
        wrong, seen = [], 0
        for page, _, part in command_lines():
            words = words_of(part)
            known = self.flags(words)
            if known is None:
                if words and re.fullmatch(r"[a-z][a-z-]*", words[0]) and words[0] not in ("help", "frontend"):
                    wrong.append(f"{page}: {part}: there is no such command")
                continue
            for word in words:
                flag = word.strip("[]").split("=")[0]
                if re.fullmatch(r"--?[a-zA-Z][\w-]*", flag) and flag not in known | {"--help", "--help-all", "-h"}:
                    wrong.append(f"{page}: {part}: {flag} is no flag of this command")
                seen += 1
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 50, "this test has seen nothing")

    def test_commands_without_a_daemon_work(self):
        ran = set()
        with tempfile.TemporaryDirectory(prefix="peelbox-docs-") as scratch:
            work = pathlib.Path(scratch, "work")
            shutil.copytree(REPO / "examples/c-hello", work)
            env = {**os.environ, "PATH": f"{pathlib.Path(PEELBOX).parent}:{os.environ['PATH']}", "HOME": scratch}
            for page, line, _ in command_lines():
                parts = re.split(r"\s*(?:\||&&|;)\s*", line)
                alone = all(re.match(r"peelbox (version|help|schema|completion|man|detect|context)\b|man -l -$", part) for part in parts)
                if not alone or re.search(r"[A-Z]{2,}|…|\[|/(etc|usr)/", line) or line in ran:
                    continue
                ran.add(line)
                for folder in re.findall(r"> *~/(\S+)/", line):
                    pathlib.Path(scratch, folder).mkdir(parents=True)
                done = run("sh", "-c", line, cwd=work, env=env)
                self.assertEqual(done.returncode, 0, f"{page}: {line}\n{done.stdout}{done.stderr}")
        self.assertGreater(len(ran), 1, "this test has seen nothing")


class Version(unittest.TestCase):
    def test_number_and_commit(self):
        number = re.search(r"^project\(peelbox VERSION (\S+)", (REPO / "CMakeLists.txt").read_text(), re.MULTILINE).group(1)
        shown = run(PEELBOX, "version").stdout
        self.assertRegex(shown, rf"^peelbox {re.escape(number)}( \([0-9a-f]{{12}}\+?\))?\n$")
        self.assertEqual(run(PEELBOX, "--version").stdout, shown)
        self.assertIn(number.replace(".", "\\&."), run(PEELBOX, "man").stdout.splitlines()[0])


class Site(unittest.TestCase):
    def test_pages_become_html_whose_links_stay_inside(self):
        with tempfile.TemporaryDirectory(prefix="peelbox-docs-") as scratch:
            made = run("/usr/bin/python3", REPO / "scripts/docs.py", scratch)
            self.assertEqual(made.returncode, 0, made.stderr)
            pages = list(pathlib.Path(scratch).glob("**/*.html"))
            self.assertGreater(len(pages), 10)
            wrong = []
            for page in pages:
                text = page.read_text()
                self.assertNotRegex(text, r"<(?:script|link)\b")
                for target in re.findall(r'<a href="((?!https?:)[^"#]*\.html)(?:#[^"]*)?"|<img [^>]*src="([^"]*)"', text):
                    target = target[0] or target[1]
                    if not (page.parent / target).exists():
                        wrong.append(f"{page.name}: {target}")
            self.assertEqual(wrong, [])
