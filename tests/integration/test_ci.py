"""The steps of examples/ci, with the variables that a runner sets (docs.github.com, "Variables"; docs.gitlab.com, "Predefined CI/CD
variables"), on a real daemon."""

import json
import os
import re
import shutil
import subprocess

from bed import BUILD_IMAGE, PEELBOX, REPO, RUNTIME_IMAGE, BedTest, bed, peelbox

STEPS = REPO / "examples/ci/build.sh"


class Ci(BedTest):
    def job(self, service, spec=None, **variables):
        """Runs the steps in a checkout of examples/c-hello."""
        self.checkout = self.dir / "checkout"
        shutil.copytree(REPO / "examples/c-hello", self.checkout)
        if spec is not None:
            (self.checkout / "universalbuild.json").write_text(spec)
        bin_dir = self.dir / "bin"
        bin_dir.mkdir()
        (bin_dir / "peelbox").symlink_to(PEELBOX)
        self.summary, self.output = self.dir / "summary.md", self.dir / "output"
        if service == "github":
            variables.update(CI="true", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(self.summary), GITHUB_OUTPUT=str(self.output))
        else:
            variables.update(CI="true", GITLAB_CI="true")
        env = {"PATH": f"{bin_dir}:{os.environ['PATH']}", "HOME": str(self.dir), "BUILDKIT_HOST": bed("BUILDKITD"), **variables}
        done = subprocess.run(["sh", STEPS], cwd=self.checkout, env=env, capture_output=True, timeout=240)
        # Decoded here, because text mode would take the carriage returns of sections for line ends.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def images(self):
        return f"--build-image {BUILD_IMAGE} --runtime-image {RUNTIME_IMAGE} --no-cache"

    def test_github_job(self):
        done = self.job("github", PEELBOX_SPEC="universalbuild.json", PEELBOX_TAG="ci:1", PEELBOX_ARGUMENTS=self.images())
        self.assertEqual(done.returncode, 0, done.stderr)
        digest = json.loads((self.checkout / "peelbox-results/metadata.json").read_text())["containerimage.digest"]
        self.assertEqual(self.output.read_text(), f"digest={digest}\n")
        self.assertIn(f"| digest | `{digest}` |\n| result | built |\n| time | ", self.summary.read_text())
        self.assertIn("| context sent | ", self.summary.read_text())
        self.assertTrue((self.checkout / "image.tar").exists())
        self.assertIn("<html", (self.checkout / "peelbox-results/timeline.html").read_text())
        # Groups are opened and closed in turn.
        marks = re.findall(r"^::(group|endgroup)::", done.stderr, re.MULTILINE)
        self.assertGreater(len(marks), 4)
        self.assertEqual(marks, ["group", "endgroup"] * (len(marks) // 2))
        self.assertNotIn("::error", done.stderr)

    def test_detection_stands_in_for_a_spec(self):
        done = self.job("github", PEELBOX_OUTPUT="type=cacheonly", PEELBOX_ARGUMENTS=self.images() + " --package-manager apt")
        spec = json.loads((self.checkout / "peelbox-results/universalbuild.json").read_text())
        self.assertEqual(len(spec), 1)
        # The bed's images have gcc and make; whether that is enough for the packages that were detected is not the question here.
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertRegex(self.summary.read_text(), r"\| result \| (built|failed, exit code 1) \|")

    def test_failed_step_is_an_annotation_and_gives_no_commands(self):
        spec = json.dumps({"version": "1.0", "build": {"commands": ["echo '##[add-mask]x'; echo ::stop-commands::y; exit 3"]},
                           "runtime": {"copy": [{"from": "a", "to": "/a"}]}})
        done = self.job("github", spec, PEELBOX_SPEC="universalbuild.json", PEELBOX_TAG="ci:1", PEELBOX_ARGUMENTS=self.images())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^::error title=peelbox build::.*exit code: 3")
        self.assertNotIn("##[", done.stderr)
        self.assertEqual([l for l in done.stderr.splitlines() if l.lstrip().startswith("::") and not re.match("::(group|endgroup|error)", l)], [])
        self.assertIn("| result | failed, exit code 1 |", self.summary.read_text())
        self.assertEqual(self.output.read_text(), "digest=\n")
        self.assertTrue((self.checkout / "peelbox-results/timeline.html").exists())

    def test_errors_of_other_commands_give_no_commands(self):
        for words in (["image", "inspect", "::add-mask::x"], ["build", "--spec", "##[stop]"], ["##[x]"]):
            said = peelbox(*words, env={"GITHUB_ACTIONS": "true"})
            self.assertNotEqual(said.code, 0)
            self.assertNotIn("##[", re.sub(r"(?m)^::error.*$", "", said.err), said)
            self.assertNotRegex(said.err, r"(?m)^\s*::(?!error )", said)

    def test_wrong_spec_is_annotated_at_its_line(self):
        spec = '{\n  "version": "1.0",\n  "runtime": {\n    "ports": ["80a"]\n  }\n}\n'
        done = self.job("github", spec, PEELBOX_SPEC="universalbuild.json")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^::error file=universalbuild\.json,line=4,title=peelbox build::runtime\.ports\[0\]: ")

    def test_gitlab_job(self):
        done = self.job("gitlab", PEELBOX_SPEC="universalbuild.json", PEELBOX_TAG="ci:1", PEELBOX_ARGUMENTS=self.images())
        self.assertEqual(done.returncode, 0, done.stderr)
        opened = re.findall(r"\x1b\[0Ksection_start:\d+:(peelbox_\d+)\[collapsed=true\]\r\x1b\[0K#\d+ ", done.stderr)
        closed = re.findall(r"\x1b\[0Ksection_end:\d+:(peelbox_\d+)\r\x1b\[0K\n", done.stderr)
        self.assertGreater(len(opened), 2)
        self.assertEqual(opened, closed)
        self.assertNotIn("::group", done.stderr)

    def test_the_files_run_these_steps(self):
        for name in ("github/action.yml", "gitlab/peelbox.yml"):
            text = (REPO / "examples/ci" / name).read_text()
            self.assertIn("build.sh", text)
            # What the vendors' runners put into text is code there: only variables may carry inputs into scripts.
            for script in re.findall(r"run: (.*(?:\n {8,}.*)*)", text):
                self.assertNotIn("${{", script, name)
            used = set(re.findall(r"PEELBOX_(?:SPEC|CONTEXT|TAG|OUTPUT|ARGUMENTS|RESULTS)", text))
            self.assertLessEqual(used, set(re.findall(r"PEELBOX_[A-Z]+", STEPS.read_text())))
