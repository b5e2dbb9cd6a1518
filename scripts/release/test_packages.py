"""What scripts/release.sh makes, installed on clean roots: Debian's essential packages and nothing else. Needs the packages
(PEELBOX_PACKAGES, else build/packages), `scripts/setup.sh release`, root, and the test bed's variables:

    python3 -B -m unittest test_packages        in this folder, before a release is published
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/integration"))
from bed import BUILD_IMAGE, REPO, RUNTIME_IMAGE, BedTest, bed

PACKAGES = pathlib.Path(os.environ.get("PEELBOX_PACKAGES", REPO / "build/packages"))


def run(*command, code=0, limit=300, **how):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit, **how)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def one(pattern):
    found = list(PACKAGES.glob(pattern))
    if len(found) != 1:
        raise AssertionError(f"{len(found)} files {pattern} in {PACKAGES}: run scripts/release.sh first")
    return found[0]


def mirror():
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages").stdout
    return next(line.split()[0] for line in listed.splitlines() if line.split()[1:] in (["bookworm", "main"], ["stable", "main"]))


class Packages(BedTest):
    def root(self, suite):
        """A clean root, kept as an archive for the other tests."""
        archive = PACKAGES.parent / "packaging" / f"root-{suite}.tar"
        if not archive.exists():
            archive.parent.mkdir(parents=True, exist_ok=True)
            unfinished = archive.with_name(f"{archive.name}.{os.getpid()}.tar")
            run("mmdebstrap", "--quiet", "--variant=essential", suite, unfinished, mirror(), limit=540)
            unfinished.rename(archive)
        root = self.dir / suite
        root.mkdir()
        run("tar", "-C", root, "-xf", archive, "--exclude=./dev/*")
        shutil.copytree(REPO / "examples/c-hello", root / "project")
        run("mount", "-t", "proc", "proc", root / "proc")
        self.addCleanup(run, "umount", root / "proc")
        return root

    def use(self, root, path="/usr/bin:/bin"):
        """A newcomer's first steps."""
        def inside(*command, **how):
            return run("chroot", root, "/usr/bin/env", "-i", f"PATH={path}", "HOME=/root", *command, **how)
        address = bed("BUILDKITD_TCP")
        self.assertRegex(inside("peelbox", "version").stdout, r"^peelbox \d+\.\d+\.\d+")
        found = json.loads(inside("peelbox", "detect", "/project").stdout)
        self.assertEqual(len(found), 1)
        self.assertIn("v0.13.2", inside("peelbox", "info", "--buildkit", address).stdout)
        self.assertIn(".SH NAME", inside("peelbox", "man", "build").stdout)
        inside("peelbox", "build", "--spec", "/project/universalbuild.json", "--context", "/project", "--tag", "packaged:1", "--output",
               "type=oci,dest=/image.tar", "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE, "--buildkit", address)
        with tarfile.open(root / "image.tar") as image:
            self.assertIn("index.json", image.getnames())

    def installed(self, suite):
        root = self.root(suite)
        shutil.copy(one("peelbox_*_amd64.deb"), root / "peelbox.deb")
        run("chroot", root, "dpkg", "-i", "/peelbox.deb")
        for path in ("share/man/man1/peelbox-build.1.gz", "share/bash-completion/completions/peelbox", "share/zsh/vendor-completions/_peelbox",
                     "share/fish/vendor_completions.d/peelbox.fish", "share/doc/peelbox/copyright"):
            # dpkg of a minimal root may be told to leave documents out; mmdebstrap's is not.
            self.assertTrue((root / "usr" / path).exists(), path)
        self.use(root)

    def test_package_on_debian_12(self):
        self.installed("bookworm")

    def test_package_on_debian_13(self):
        self.installed("trixie")

    def test_archive_without_any_package(self):
        root = self.root("bookworm")
        run("tar", "-C", root / "opt", "-xzf", one("peelbox-*-linux-amd64.tar.gz"))
        folder = next((root / "opt").iterdir())
        self.use(root, f"/opt/{folder.name}/bin:/usr/bin:/bin")

    def test_program_needs_glibc_2_34_alone(self):
        run("tar", "-C", self.dir, "-xzf", one("peelbox-*-linux-amd64.tar.gz"))
        program = next(self.dir.glob("peelbox-*/bin/peelbox"))
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", program).stdout)
        self.assertLessEqual(set(needed), {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"})
        versions = re.findall(r"Name: ([A-Z]+_[0-9.]+)", run("readelf", "-VW", program).stdout)
        self.assertEqual({v for v in versions if not v.startswith("GLIBC_")}, set())
        newest = max(tuple(map(int, v.removeprefix("GLIBC_").split("."))) for v in versions)
        self.assertLessEqual(newest, (2, 34))

    def test_image_as_a_job(self):
        packages = self.dir / "packages"
        shutil.copytree(PACKAGES, packages)
        for old in packages.glob("*-image.tar"):
            old.unlink()
        run(REPO / "scripts/release/image.sh", packages,
            env=os.environ | {"BUILDKIT_HOST": bed("BUILDKITD"), "PEELBOX_BUILD_IMAGE": RUNTIME_IMAGE})
        image = next(packages.glob("*-image.tar"))
        self.assertIn(image.name, (packages / "SHA256SUMS").read_text())
        docker = (bed("DOCKER_CLI"), "-H", bed("DOCKER"))
        tag = run(*docker, "load", "-i", image).stdout.split()[-1]
        self.addCleanup(run, *docker, "rmi", tag)

        def job(*command):
            # The daemon of the bed sees no files of this machine, so they are copied.
            name = run(*docker, "create", "--network=host", "-e", f"BUILDKIT_HOST={bed('BUILDKITD_TCP')}", tag, *command).stdout.strip()
            self.addCleanup(run, *docker, "rm", name)
            run(*docker, "cp", REPO / "examples/c-hello", f"{name}:/project")
            return name, run(*docker, "start", "--attach", name).stdout
        self.assertRegex(job("version")[1], r"^peelbox \d+\.\d+\.\d+")
        self.assertEqual(len(json.loads(job("detect", "/project")[1])), 1)
        name, _ = job("build", "--spec", "/project/universalbuild.json", "--context", "/project", "--tag", "packaged:1", "--output",
                      "type=oci,dest=/image.tar", "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE)
        run(*docker, "cp", f"{name}:/image.tar", self.dir)
        with tarfile.open(self.dir / "image.tar") as built:
            self.assertIn("index.json", built.getnames())

    def test_sums_sbom_and_lintian(self):
        sums = dict(reversed(line.split()) for line in (PACKAGES / "SHA256SUMS").read_text().splitlines())
        self.assertEqual(set(sums), {p.name for p in PACKAGES.iterdir()} - {"SHA256SUMS"})
        for name, digest in sums.items():
            self.assertEqual(hashlib.sha256((PACKAGES / name).read_bytes()).hexdigest(), digest, name)
        sbom = json.loads(one("*.spdx.json").read_text())
        self.assertEqual(sbom["spdxVersion"], "SPDX-2.3")
        linked = {p["name"] for p in sbom["packages"] if "linked: " in p["comment"]}
        self.assertLessEqual({"libssl-dev", "libnghttp2-dev", "libprotobuf-dev", "zlib1g-dev", "fmtlib", "simdjson", "libstdc++-12-dev"}, linked)
        self.assertLessEqual({"libcli11-dev", "libtomlplusplus-dev"}, {p["name"] for p in sbom["packages"]})
        checked = run("lintian", "--fail-on", "error", "--allow-root", *PACKAGES.glob("*.deb"), code=None)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
