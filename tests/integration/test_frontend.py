"""Frontends of the daemon, called by it or by a program on our side of the gateway, and several exporters of one build."""

import subprocess

from bed import FRONTEND_TOOL, BedTest, OciArchive, bed


class Frontend(BedTest):
    def built(self, how, *, code=0):
        self.write("tree/Dockerfile", "FROM docker.io/library/busybox:latest\nCOPY in /in\nRUN cat /in /in > /made\n"
                                      "ENV MADE=yes\n")
        self.write("tree/in", "words\n")
        out = self.dir / how
        out.mkdir()
        done = subprocess.run([FRONTEND_TOOL, how, bed("BUILDKITD"), self.dir / "tree", out], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return out, done.stdout

    def check(self, out):
        self.assertEqual((out / "files/made").read_text(), "words\nwords\n")
        archive = OciArchive(out / "oci.tar")
        self.assertIn("MADE=yes", archive.config()["config"]["Env"])

    def test_the_daemon_calls_it(self):
        out, said = self.built("direct")
        self.assertEqual(said, "")
        self.check(out)

    def test_a_program_calls_it_looks_and_returns_its_result_untouched(self):
        out, said = self.built("program")
        self.assertEqual(said.splitlines(),
                         ["solves 1", "stat made 644 12", "read words", "words",
                          "large /made has more than 3 bytes, the most that are read of it", "absent 1"])
        self.check(out)
