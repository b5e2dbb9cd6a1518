"""The same definition and the same tree through buildctl and through us give the same layers."""

import os
import subprocess

from bed import LLB_TOOL, BedTest, OciArchive, bed, peelbox, sent


class Reference(BedTest):
    tool = "local"

    def definition(self, *flags):
        process = subprocess.run([LLB_TOOL, self.tool, *flags], capture_output=True, timeout=30)
        self.assertEqual(process.returncode, 0, process.stderr)
        path = self.dir / "def.llb"
        path.write_bytes(process.stdout)
        return path

    def compare(self, tree, *flags):
        """Layer digests of both; they have to be equal."""
        mine, reference = self.both(tree, *flags)
        if mine.layer_digests() != reference.layer_digests():
            self.assertEqual(mine.layer_names(), reference.layer_names())
        self.assertEqual(mine.layer_digests(), reference.layer_digests())
        return mine.layer_names()

    def both(self, tree, *flags):
        """The same through us and through buildctl."""
        ours_llb, theirs_llb = self.definition(*flags), None
        ours = self.dir / "ours.tar"
        built = peelbox("build", "--llb", ours_llb, "--local", f"context={tree}", "--tag", "it:ours", "--no-sbom",
                        "--no-provenance", "--output", f"type=oci,dest={ours}", "--progress", "plain", "--buildkit",
                        bed("BUILDKITD"))
        self.assert_ok(built)
        self.built = built
        # A definition of its own for each, so that neither finds the other's transferred tree.
        theirs_llb = self.definition(*flags).read_bytes()
        theirs = self.dir / "theirs.tar"
        process = subprocess.run(
            [bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "build", "--local", f"context={tree}", "--output",
             f"type=oci,dest={theirs}", "--no-cache"], input=theirs_llb, capture_output=True, timeout=240)
        self.assertEqual(process.returncode, 0, process.stderr.decode(errors="replace"))
        return OciArchive(ours), OciArchive(theirs)

    def tree(self, files):
        root = self.dir / "tree"
        root.mkdir()
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return root

    # labels: sanitized
    def test_plain_tree(self):
        names = self.compare(self.tree({"a": "1", "b/c": "2", "b/d/e": "3", "z": "4" * 100_000}))
        self.assertEqual(names, ["a", "b/", "b/c", "b/d/", "b/d/e", "z"] if names[1].endswith("/") else
                         ["a", "b", "b/c", "b/d", "b/d/e", "z"])

    # labels: sanitized
    def test_order_of_names(self):
        self.compare(self.tree({n: n for n in ["a/b", "a-b", "a.b", "a0", "ab/c", "A", "a b/c", "a+b", "\x01x", "~"]}))

    # labels: sanitized
    def test_unicode_spaces_and_newlines(self):
        root = self.tree({"caf\u00e9/\u65e5\u672c": "x", " lead": "x", "trail ": "x", "new\nline": "x", "tab\t": "x",
                          "quote'\"": "x", "back\\slash": "x", "\U0001f600": "x"})
        with open(os.path.join(os.fsencode(root), b"latin-\xe9"), "w") as f:
            f.write("not utf-8")
        # An archive name that is not UTF-8 is legal; both sides have to carry it as it is.
        self.compare(root)

    def test_hard_links(self):
        root = self.tree({"a": "shared", "d/x": "other"})
        os.link(root / "a", root / "b")
        os.link(root / "a", root / "d/a")
        os.link(root / "d/x", root / "zz")
        self.compare(root)

    def test_hard_link_whose_first_name_is_excluded(self):
        root = self.tree({"a": "shared"})
        os.link(root / "a", root / "b")
        os.link(root / "a", root / "c")
        self.compare(root, "--exclude", "a")

    # labels: sanitized
    def test_symlinks_and_loops(self):
        root = self.tree({"d/file": "x"})
        os.symlink("file", root / "d/link")
        os.symlink("..", root / "d/up")
        os.symlink("loop", root / "loop")
        os.symlink("/absolute/nowhere", root / "broken")
        os.symlink("d", root / "dirlink")
        self.compare(root)

    def test_extended_attributes(self):
        root = self.tree({"f": "x", "d/g": "y"})
        for path, value in [("f", "one"), ("d", "two"), ("d/g", "three")]:
            os.setxattr(root / path, "user.test", value.encode())
        self.compare(root)

    def test_odd_modes_and_special_files(self):
        root = self.tree({"exec": "x", "setuid": "x", "none": "x", "d/f": "x", "sticky/f": "x", "gid/f": "x"})
        for name, mode in [("exec", 0o755), ("setuid", 0o4755), ("none", 0o000), ("d", 0o700), ("sticky", 0o1777),
                           ("gid", 0o2755)]:
            os.chmod(root / name, mode)
        os.mkfifo(root / "fifo", 0o640)
        os.mknod(root / "null", 0o20666, os.makedev(1, 3))
        os.mknod(root / "loop", 0o60660, os.makedev(7, 300))
        self.compare(root)

    def test_times(self):
        root = self.tree({"old": "x", "future": "x", "nanos": "x", "before": "x", "d/f": "x"})
        os.utime(root / "old", ns=(0, 1))
        os.utime(root / "future", ns=(0, 4_000_000_000 * 10**9 + 7))
        os.utime(root / "nanos", ns=(0, 1_700_000_000_123_456_789))
        os.utime(root / "before", ns=(0, -5_000_000_001))
        os.utime(root / "d", ns=(0, 1_600_000_000_000_000_001))
        self.compare(root)

    def test_empty_files_and_directories(self):
        root = self.tree({"empty": "", "d/empty": ""})
        (root / "hollow/inside").mkdir(parents=True)
        self.compare(root)

    def test_deep_paths(self):
        root = self.tree({})
        deep = "/".join(["d" * 50] * 30)
        (root / deep).mkdir(parents=True)
        (root / deep / "leaf").write_text("x")
        self.compare(root)

    def test_ten_thousand_files(self):
        root = self.dir / "tree"
        for i in range(100):
            directory = root / f"dir{i:03}"
            directory.mkdir(parents=True)
            for j in range(100):
                (directory / f"file{j}").write_text(f"{i}/{j}\n" * (j % 7))
        self.assertEqual(len(self.compare(root)), 10_100)

    def test_sizes_around_packet_borders(self):
        root = self.dir / "tree"
        root.mkdir()
        for size in [1, 4095, 4096, 32767, 32768, 65536, 65537, 1048575, 1048576, 1048577, 5_000_000]:
            (root / str(size)).write_bytes(os.urandom(size))
        self.compare(root)

    def patterns_tree(self):
        root = self.tree({n: n for n in [
            "a.txt", "b.md", "src/main.c", "src/main.h", "src/lib/x.c", "src/lib/x.o", "src/lib/deep/y.c", "docs/a.md",
            "docs/b/c.md", "node_modules/m/index.js", "src/node_modules/n/i.js", "build/out", "foo/bar", "foobar/x",
            "foo/barbaz", "[x]/y", ".hidden/f", "vendor/keep/me", "vendor/drop/me"]})
        os.symlink("src/lib", root / "link")
        os.symlink("x.c", root / "src/lib/alias.c")
        os.symlink("../docs", root / "src/doclink")
        return root

    def check_patterns(self, *flags):
        self.compare(self.patterns_tree(), *flags)

    # labels: sanitized
    def test_exclude_names(self):
        self.check_patterns("--exclude", "docs", "--exclude", "build", "--exclude", "*.md")

    def test_exclude_everywhere(self):
        self.check_patterns("--exclude", "**/node_modules", "--exclude", "**/*.o")

    # labels: sanitized
    def test_exclude_with_exceptions(self):
        self.check_patterns("--exclude", "vendor", "--exclude", "!vendor/keep", "--exclude", "src/**", "--exclude",
                            "!src/lib/*.c")

    def test_exclude_all_but_one(self):
        self.check_patterns("--exclude", "*", "--exclude", "!src/lib/deep")

    def test_exclude_odd_patterns(self):
        self.check_patterns("--exclude", "./docs/", "--exclude", "foo/**", "--exclude", "src//lib", "--exclude",
                            "\\[x\\]", "--exclude", "**/x")

    def test_include_names(self):
        self.check_patterns("--include", "src/lib", "--include", "docs/b/c.md", "--include", "nothing")

    # labels: sanitized
    def test_include_globs(self):
        self.check_patterns("--include", "**/*.c", "--include", "[a-b].*")

    def test_include_and_exclude(self):
        self.check_patterns("--include", "src", "--exclude", "**/lib", "--exclude", "!src/lib/deep/y.c")

    def test_include_with_negation(self):
        self.check_patterns("--include", "src", "--include", "!src/lib")

    # labels: sanitized
    def test_follow_paths(self):
        self.check_patterns("--follow", "link/x.c")

    def test_follow_directory_link(self):
        self.check_patterns("--follow", "src/doclink", "--include", "a.txt")

    def test_follow_glob(self):
        self.check_patterns("--follow", "src/lib/*.c", "--follow", "link")

    def test_only_copied_paths_are_looked_at(self):
        # The definition copies some paths of its source, so the rest is neither walked nor sent; buildctl sends it all.
        self.tool = "paths"
        root = self.patterns_tree()
        mine, reference = self.both(root, "/src/*.c", "link/x.c", "docs", "src/doclink/a.md", "vendor/[k]eep/me", "noth*ng")
        # Directories that the daemon makes have the time of the build, so the layers themselves differ.
        found = {name: value for name, value in mine.contents().items() if value[0] != "dir"}
        self.assertEqual(mine.contents(), reference.contents())
        self.assertEqual(sorted(found), ["1/main.c", "2/x.c", "3/docs/a.md", "3/docs/b/c.md", "4/a.md", "5/me"])
        count, of = sent(self.built)
        self.assertEqual(count, of)
        self.assertLess(of, 10)  # of 17

    def test_unicode_pattern(self):
        root = self.tree({"\u00e9t\u00e9/a": "x", "\u00e9t\u00e9/b": "x", "z": "x"})
        self.compare(root, "--exclude", "\u00e9t\u00e9/a")
