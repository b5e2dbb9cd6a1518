"""The trees that are sent. Each is made once, under a name that says what it is, and is complete when its name exists."""

import multiprocessing
import os
import pathlib
import random
import shutil

MIB = 1 << 20
LEAF = 100  # files of one directory
WANTED = "wanted.json"


class NoSpace(Exception):
    pass


def _leaves(job):
    """Directories first … last-1, each with LEAF files. Run in a process of its own."""
    root, first, last, size = job
    block = random.Random(first).randbytes(2 * size + 64)
    for leaf in range(first, last):
        path = f"{root}/d{leaf // 10:04}/e{leaf % 10}"
        os.makedirs(path)
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        for i in range(LEAF):
            number = leaf * LEAF + i
            name = WANTED if i == 0 and leaf % 5 == 0 else f"f{i:03}.txt"
            # From 7/8 to 9/8 of the size, no two files equal.
            length = size - size // 8 + number * 37 % max(size // 4, 1)
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=directory)
            text = b"%d\n" % number
            os.write(fd, text + block[number % size:][: max(length - len(text), 0)])
            os.close(fd)
        os.close(directory)


class Trees:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _make(self, name, need, fill):
        tree = self.folder / name
        if tree.exists():
            return tree
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise NoSpace(f"the tree {name} and the daemon's copies of it need {need / 2**30:.1f} GiB of free disk, "
                          f"{self.folder} has {free / 2**30:.1f}: make room, or choose another folder with --trees DIR "
                          "(the daemon's copies are below PEELBOX_TESTBED_DIR)")
        partial = self.folder / (name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        fill(partial)
        partial.rename(tree)
        return tree

    def files(self, count, size):
        """`count` files of about `size` bytes, 100 in each directory; every 500th is called WANTED."""
        def fill(root):
            leaves = -(-count // LEAF)
            step = 50
            jobs = [(str(root), i, min(i + step, leaves), size) for i in range(0, leaves, step)]
            with multiprocessing.Pool(min(4, len(os.sched_getaffinity(0)))) as pool:
                for _ in pool.imap_unordered(_leaves, jobs):
                    pass
        blocks = -(-(size + 1) // 4096) * 4096 + 512
        return self._make(f"files-{count}-{size}", 4 * count * blocks, fill)

    def one_file(self, mebibytes):
        def fill(root):
            with open(root / "big", "wb") as f:
                for _ in range(mebibytes):
                    f.write(random.randbytes(MIB))
        return self._make(f"one-{mebibytes}", 5 * mebibytes * MIB, fill)

    def small(self, number=0):
        """One small file: a build where everything but the client is cached."""
        return self._make(f"small-{number}", MIB, lambda root: (root / "file").write_text(f"{number}\n"))

    def bkbench(self, files, megabytes):
        """The context of BuildKit's public benchmark (moby/buildkit-bench): small files, and some of zeros."""
        def fill(root):
            for i in range(files):
                (root / f"file-{i}").write_bytes(b"%0123d" % i)
            for size in megabytes:
                with open(root / f"file-{size}MB", "wb") as f:
                    for _ in range(size):
                        f.write(bytes(1_000_000))
        name = f"bkbench-{files}-" + "-".join(str(m) for m in megabytes)
        return self._make(name, 4 * (sum(megabytes) * 1_000_000 + files * 4096), fill)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
