"""Big trees and big files: flat memory, and no content the second time."""

import os
import pathlib
import re
import shutil
import subprocess

from bed import LLB_TOOL, BedTest, PrivateDaemon, bed, clean_environment, sent, summary, PEELBOX


class Large(BedTest):
    def measured(self, tree, output, daemon=None):
        """A build of the tree itself; (outcome text, peak memory in MiB)."""
        definition = self.dir / "def.llb"
        if not definition.exists():
            made = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30)
            definition.write_bytes(made.stdout)
        process = subprocess.run(
            ["/usr/bin/time", "-v", PEELBOX, "build", "--llb", definition, "--local", f"context={tree}", "--tag", "x",
             "--output", output, "--progress", "plain", "--buildkit", daemon or bed("BUILDKITD")],
            capture_output=True, text=True, timeout=550, env=clean_environment())
        self.assertEqual(process.returncode, 0, process.stderr)
        process.err = process.stderr
        peak = int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", process.stderr)[1]) / 1024
        print(f"peak {peak:.0f} MiB; {summary(process)}", flush=True)
        return process, peak

    # labels: exclusive
    def test_100000_files_and_then_none(self):
        tree = self.dir / "tree"
        for i in range(1000):
            directory = tree / f"{i % 10}" / f"dir{i}"
            directory.mkdir(parents=True)
            for j in range(100):
                (directory / f"file{j}").write_bytes(b"%d/%d" % (i, j))
        first, peak = self.measured(tree, f"type=tar,dest={self.dir}/out.tar")
        self.assertEqual(sent(first), (100_000, 100_000))
        self.assertLess(peak, 150)
        os.utime(tree / "0/dir0")
        second, peak = self.measured(tree, f"type=tar,dest={self.dir}/out.tar")
        self.assertEqual(sent(second), (0, 100_000))
        self.assertLess(peak, 150)

    # labels: exclusive
    def test_2_gib_file(self):
        tree = self.dir / "tree"
        tree.mkdir()
        with open(tree / "big", "wb") as f:
            f.truncate(2 << 30)  # a hole: read and sent like any other content, and it needs no disk here
        process, peak = self.measured(tree, "type=tar,dest=/dev/null", PrivateDaemon(self, "large").address)
        self.assertEqual(summary(process)["context"], "1 of 1 files sent, 2.1 GB of 2.1 GB")
        self.assertLess(peak, 150)
