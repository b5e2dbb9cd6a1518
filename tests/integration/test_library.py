"""examples/embed, the program of docs/library.md, on a real daemon."""

import os
import subprocess
import tarfile

from bed import REPO, RUNTIME_IMAGE, BedTest, bed

EMBED = os.environ.get("PEELBOX_EMBED", str(REPO / "build/release/bin/embed"))


class Embed(BedTest):
    def embed(self, image, directory, **how):
        self.out = self.dir / "out.tar"
        return subprocess.run([EMBED, image, directory, self.out], capture_output=True, text=True, timeout=240,
                              env={**os.environ, "BUILDKIT_HOST": bed("BUILDKITD")}, **how)

    def directory(self):
        directory = self.dir / "directory"
        directory.mkdir()
        (directory / "first").write_text("1")
        (directory / "second").write_text("2")
        return directory

    def test_result_and_events(self):
        done = self.embed(RUNTIME_IMAGE, self.directory())
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        with tarfile.open(self.out) as archive:
            self.assertEqual(archive.extractfile("listing").read(), b"first\nsecond\n")
        self.assertRegex(done.stdout, r"done    copy the directory\n(?s:.*)done    list it\n")

    def test_failure_leaves_nothing(self):
        failed = self.embed("docker.io/peelbox/there-is-no-such-image:1", self.directory())
        self.assertEqual(failed.returncode, 1)
        self.assertRegex(failed.stderr, "^error: .*there-is-no-such-image")
        self.assertFalse(self.out.exists())

    def test_wrong_arguments(self):
        self.assertEqual(self.embed("NOT AN IMAGE", self.directory()).returncode, 1)
        self.assertFalse(self.out.exists())
