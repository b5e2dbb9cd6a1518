"""What peelbox writes is whole and where it was named, or the exit code says that it is not."""

import fcntl
import hashlib
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import time

from bed import PEELBOX, BedTest, OciArchive, bed, clean_environment, peelbox, run, summary

LAYER = {"runtime": {"copy": [{"from": "out", "to": "/out"}]}}


def shell(line, **how):
    """`$P` is the program."""
    return run(["sh", "-c", line], env={"P": PEELBOX, "BUILDKIT_HOST": bed("BUILDKITD")}, **how)


class LinkedOutputs(BedTest):
    def plain_build(self, *arguments, **how):
        return self.build("--sbom=false", "--provenance=false", *arguments, **how)

    def test_standard_output_by_its_name(self):
        spec, image = self.spec(), self.dir / "image.tar"
        done = self.plain_build("--metadata-file", "/dev/stdout", "--iidfile", "/dev/fd/1", spec=spec, output=f"type=oci,dest={image}")
        self.assert_ok(done)
        self.assertTrue(os.path.islink("/dev/stdout"))
        self.assertTrue(done.out.startswith("sha256:"), done.out)
        self.assertEqual(json.loads(done.out[71:])["containerimage.config.digest"], done.out[:71])
        file = self.dir / "m.json"
        with open(file, "wb") as out:
            code = subprocess.run([PEELBOX, "build", "--spec", spec, "--tag", "x", "--context", self.context(), "--output", "type=cacheonly",
                                   "--progress", "quiet", "--buildkit", bed("BUILDKITD"), "--build-image", "docker.io/peelbox/debian-build:12",
                                   "--runtime-image", "docker.io/peelbox/debian:12", "--metadata-file", "/dev/stdout"],
                                  stdout=out, env=clean_environment()).returncode
        self.assertEqual(code, 0)
        self.assertIn("buildx.build.ref", json.loads(file.read_text()))

    def test_links_modes_and_other_names_stay(self):
        names = {"--metadata-file": "meta", "--iidfile": "iid", "--ref-file": "ref", "--timeline": "page", "--trace": "trace", "--log-file": "log"}
        (self.dir / "real").mkdir()
        for name in (*names.values(), "image"):
            self.write(f"real/{name}", "old", mode=0o600)
            (self.dir / name).symlink_to(f"real/{name}")
        done = self.plain_build(*[part for flag, name in names.items() for part in (flag, self.dir / name)],
                                output=f"type=oci,dest={self.dir}/image")
        self.assert_ok(done)
        for name in (*names.values(), "image"):
            with self.subTest(name):
                self.assertTrue((self.dir / name).is_symlink())
                self.assertEqual(stat.S_IMODE((self.dir / "real" / name).stat().st_mode), 0o600)
                self.assertNotEqual((self.dir / "real" / name).read_bytes(), b"old")
        self.assertEqual(len(list((self.dir / "real").iterdir())), 7)

    def test_the_other_files(self):
        for arguments in (["detect", "-o"], ["build", "--spec", self.spec(), "--dump-llb"]):
            target, link = self.write("target", "old", mode=0o600), self.dir / "link"
            link.unlink(missing_ok=True)
            link.symlink_to("target")
            # Detection without a service has the exit code 4.
            self.assert_ok(peelbox(*arguments, link, cwd=self.context({"main.py": "print(1)\n"})))
            self.assertTrue(link.is_symlink())
            self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o600)
            self.assertNotEqual(target.read_text(errors="replace"), "old")
            self.assertEqual(peelbox(*arguments, "/dev/full", cwd=self.context()).code, 4)
            self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))

    def test_two_cannot_have_standard_output(self):
        for flag in ("--metadata-file=/dev/stdout", "--ref-file=-", "--log-file=/dev/fd/1", "--stats=json"):
            self.assert_fails(self.plain_build(flag, output="type=tar,dest=-"), 2, flag.split("=")[0], "standard output")

    def test_an_image_through_the_name_of_standard_output(self):
        done = shell(f'"$P" build --spec {self.spec()} -t x --context {self.context()} --build-image docker.io/peelbox/debian-build:12 '
                     "--runtime-image docker.io/peelbox/debian:12 -o type=tar,dest=/dev/stdout --progress logs | tar -t | head -1")
        self.assertEqual((done.code, done.out), (0, "bin\n"), str(done))

    def test_a_spec_from_a_pipe_leaves_standard_output_alone(self):
        done = shell(f'cat {self.spec()} | "$P" build --spec - -t x --context {self.context()} --build-image docker.io/peelbox/debian-build:12 '
                     "--runtime-image docker.io/peelbox/debian:12 -o type=tar,dest=- | tar -t | head -1")
        self.assertEqual((done.code, done.out), (0, "bin\n"), str(done))

    def test_results_that_do_not_fit(self):
        for flag in ("--metadata-file", "--iidfile", "--ref-file", "--timeline", "--trace", "--log-file"):
            with self.subTest(flag):
                old = self.write("image.tar", "old")
                done = self.plain_build(flag, "/dev/full")
                self.assert_fails(done, 4, f"error: {flag}: ", "No space left on device")
                if flag.startswith(("--meta", "--iid", "--ref")):
                    self.assertEqual(old.read_text(), "old", "nothing is replaced when not everything can be written")


class WholeAnswers(BedTest):
    COMMANDS = ("--version", "version", "--help", "build --help", "help build", "completion bash", "completion zsh", "completion fish", "man",
                "man build", "schema", "info", "info --json", "workers", "workers --json", "history ls", "history ls --json", "history logs",
                "history inspect latest", "context ls", "context ls --json", "context explain x", "context fingerprint", "detect", "detect --explain")

    def test_a_full_disk(self):
        self.context({"x": "text"})
        self.assert_ok(self.build())  # so that there is history
        for command in self.COMMANDS:
            with self.subTest(command):
                done = shell(f'"$P" {command} > /dev/full', cwd=self.context())
                self.assertEqual(done.code, 4, str(done))
                self.assertIn("error: cannot write to standard output: No space left on device", done.err)

    def test_a_closed_output(self):
        self.context({"x": "text"})
        for command in ("info --json", "version", "context ls", "--help"):
            with self.subTest(command):
                done = shell(f'"$P" {command} >&-', cwd=self.context())
                self.assertEqual(done.code, 4, str(done))
                self.assertIn("standard output: Bad file descriptor", done.err)
        self.assertEqual(shell('"$P" context explain nothing 2>&-', cwd=self.context()).code, 4)

    def test_with_everything_closed_a_build_is_still_right(self):
        image = self.dir / "image.tar"
        arguments = (f"build --spec {self.spec()} -t x --context {self.context({'a': 'b' * 100000})} --build-image docker.io/peelbox/debian-build:12 "
                     f"--runtime-image docker.io/peelbox/debian:12 -o type=tar,dest={image}")
        for closed in ("<&- >&- 2>&-", "2>&-", ">&-"):
            with self.subTest(closed):
                image.unlink(missing_ok=True)
                self.assertEqual(shell(f'"$P" {arguments} --progress plain {closed}').code, 0)
                self.assertEqual(run(["tar", "-tf", image]).code, 0)

    def test_a_reader_that_leaves(self):
        self.context({f"a-file-with-a-long-name-{i:05}": "" for i in range(4000)})
        done = shell('exec 3>&1; ( "$P" context ls; echo $? >&3 ) | true', cwd=self.context())
        self.assertEqual((done.out, done.err), ("141\n", ""), str(done))

    def test_a_pipe_that_somebody_made_non_blocking(self):
        names = {f"a-file-with-a-long-name-{i:05}": "" for i in range(4000)}
        self.context(names)
        ours, theirs = os.pipe()
        fcntl.fcntl(theirs, fcntl.F_SETFL, os.O_NONBLOCK)
        process = subprocess.Popen([PEELBOX, "context", "ls"], stdout=theirs, stderr=subprocess.DEVNULL, cwd=self.context(), env=clean_environment())
        os.close(theirs)
        time.sleep(0.3)  # the pipe is full
        with os.fdopen(ours) as pipe:
            self.assertEqual(len(pipe.read().splitlines()), len(names))
        self.assertEqual(process.wait(60), 0)

    def test_progress_for_programs(self):
        spec = self.spec(build={"commands": ["seq 100000; touch out"]}, **LAYER)
        for mode in ("rawjson", "logs"):
            with self.subTest(mode):
                done = shell(f'"$P" build --no-cache --spec {spec} -t x --context {self.context()} --build-image docker.io/peelbox/debian-build:12 '
                             f"--runtime-image docker.io/peelbox/debian:12 -o type=cacheonly --progress {mode} > /dev/full")
                self.assertEqual(done.code, 4, str(done))
                self.assertIn("standard output: No space left", done.err)

    def test_dial_stdio(self):
        preface = 'printf "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0"; sleep 1'
        done = shell(f'({preface}) | "$P" dial-stdio > /dev/full')
        self.assertEqual(done.code, 4, str(done))
        self.assertIn("standard output: No space left", done.err)


class PointOfNoReturn(BedTest):
    def test_an_interruption_leaves_all_or_nothing(self):
        spec = self.spec(build={"commands": ["head -c 20000000 /dev/urandom > out"]}, **LAYER)
        names = [self.dir / name for name in ("image.tar", "meta.json", "iid")]
        arguments = ["--metadata-file", names[1], "--iidfile", names[2], "--sbom=false", "--provenance=false"]
        whole = self.build(*arguments, spec=spec)
        self.assert_ok(whole)
        digest = summary(whole)["digest"]
        seen = set()
        for i in range(30):
            for name in names:
                name.write_text("old")
            process = subprocess.Popen([PEELBOX, "build", "--spec", spec, "--tag", "it:test", "--context", self.context(), "--output",
                                        f"type=oci,dest={names[0]}", "--build-image", "docker.io/peelbox/debian-build:12", "--runtime-image",
                                        "docker.io/peelbox/debian:12", "--buildkit", bed("BUILDKITD"), *[str(a) for a in arguments]],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean_environment())
            time.sleep(whole.seconds * (0.2 + i * 0.03))
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=60)[1]
            replaced = [name.read_bytes() != b"old" for name in names]
            self.assertIn(process.returncode, (0, 130), err)
            self.assertEqual(replaced, [process.returncode == 0] * 3, f"delay {i}: exit {process.returncode}\n{err}")
            if process.returncode == 0:
                self.assertEqual(json.loads(names[1].read_text())["containerimage.digest"], digest)
            else:
                self.assertIn("interrupted", err)
            seen.add(process.returncode)
            self.assertEqual([p.name for p in self.dir.iterdir() if p.name.endswith(".tmp")], [])
        self.assertIn(130, seen)


class OwnFiles(BedTest):
    def test_what_is_written_is_not_sent(self):
        root = self.context({"src/main": "text"})
        spec = self.spec(build={"commands": ["find . -type f | sort > /tmp/out; cp /tmp/out out"]}, **LAYER)
        flags = {"--metadata-file": "meta.json", "--iidfile": "iid", "--ref-file": "sub/ref", "--timeline": "page.html", "--trace": "trace.json",
                 "--log-file": "log"}
        (root / "sub").mkdir()
        arguments = [part for flag, name in flags.items() for part in (flag, root / name)]
        for attempt in ("first", "second"):
            done = self.build("--sbom=false", *arguments, spec=spec, output=f"type=oci,dest={root}/image.tar")
            self.assert_ok(done)
            self.assertEqual(OciArchive(root / "image.tar").contents()["out"][3], b"./src/main\n")
            step = re.search(r"^#(\d+) \[build 1/1\] find", done.err, re.MULTILINE)
            self.assertTrue(step, done.err)
        self.assertIn(f"#{step[1]} CACHED", done.err)

    def test_a_log_directory_and_standard_error(self):
        root = self.context({"src/main": "text"})
        spec = self.spec(build={"commands": ["find . -type f | sort > /tmp/out; cp /tmp/out out"]}, **LAYER)
        for attempt in range(2):
            with open(root / "err.txt", "ab") as err:
                process = subprocess.run([PEELBOX, "build", "--spec", spec, "--tag", "x", "--context", root, "--output",
                                          f"type=tar,dest={self.dir}/image.tar", "--build-image", "docker.io/peelbox/debian-build:12",
                                          "--runtime-image", "docker.io/peelbox/debian:12", "--buildkit", bed("BUILDKITD"), "--log-file",
                                          f"{root}/logs/"], stderr=err, env=clean_environment())
            self.assertEqual(process.returncode, 0, (root / "err.txt").read_text())
            self.assertTrue((root / "logs/build.log").exists())
            self.assertEqual(run(["tar", "-xOf", self.dir / "image.tar", "out"]).out, "./src/main\n")

    def test_local_directories_of_a_definition(self):
        root = self.context({"src/main": "text"})
        made = run([os.environ.get("PEELBOX_LLB_TOOL", str(pathlib.Path(PEELBOX).parent / "llb_tool")), "copy"], text=False)
        llb = self.dir / "llb"
        llb.write_bytes(made.out)
        done = peelbox("build", "--llb", llb, "--local", f"context={root}", "--tag", "x", "--output", f"type=tar,dest={root}/image.tar",
                       "--metadata-file", root / "meta.json", "--log-file", root / "log", "--buildkit", bed("BUILDKITD"))
        self.assert_ok(done)
        self.assertEqual(run(["tar", "-tf", root / "image.tar"]).out.split(), ["src/", "src/main"])


class OutputsThatCannotBe(BedTest):
    def test_parents_of_a_directory_are_made(self):
        done = self.build(output=f"type=local,dest={self.dir}/a/b/c")
        self.assert_ok(done)
        self.assertTrue((self.dir / "a/b/c/bin").exists())

    def test_what_is_refused_before_the_build(self):
        file = self.write("file")
        for output, code, *parts in ((f"type=local,dest={file}", 2, "is a file"), (f"type=local,dest={file}/x/y", 4, "cannot make directory"),
                                     (f"type=oci,tar=false,dest={file}", 2, "is a file; tar=false writes a directory"),
                                     (f"type=oci,dest={self.dir}/no/x.tar", 4, "no/x.tar"), (f"type=oci,dest={self.dir}/x/", 2, "directory")):
            with self.subTest(output):
                done = self.build(output=output)
                self.assert_fails(done, code, *parts)
                self.assertNotIn("[build", done.err)


class Definitions(BedTest):
    def test_one_that_is_too_large(self):
        llb = self.dir / "llb"
        llb.write_bytes(definition(5 << 20, with_metadata=True))
        for output in ("type=cacheonly", f"type=oci,dest={self.dir}/x.tar"):
            done = peelbox("build", "--llb", llb, "--tag", "x", "--output", output, "--buildkit", bed("BUILDKITD"))
            self.assert_fails(done, 1, "error: the definition of this build is too large for the daemon: it has 5.0 MiB", "4.0 MiB at most", "local://")
            self.assertNotIn("grpc", done.err)

    def test_one_without_metadata_gets_its_sbom(self):
        llb = self.dir / "llb"
        llb.write_bytes(definition(10, with_metadata=False))
        done = peelbox("build", "--llb", llb, "--tag", "x", "--output", f"type=oci,dest={self.dir}/x.tar", "--buildkit", bed("BUILDKITD"))
        self.assert_ok(done)


def field(number, value):
    def varint(n):
        n &= (1 << 64) - 1
        out = b""
        while n > 127:
            out += bytes([n & 127 | 128])
            n >>= 7
        return out + bytes([n])
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def definition(size, with_metadata):
    """A file of `size` bytes, as solver/pb/ops.proto writes it."""
    make = field(1, b"/f") + field(2, 0o644) + field(3, b"x" * size)
    operation = field(4, field(2, field(1, -1) + field(2, -1) + field(3, 0) + field(5, make)))
    digest = lambda data: b"sha256:" + hashlib.sha256(data).hexdigest().encode()
    last = field(1, field(1, digest(operation)) + field(2, 0))
    out = field(1, operation) + field(1, last)
    for one in (operation, last) if with_metadata else ():
        out += field(2, field(1, digest(one)) + field(2, b""))
    return out
