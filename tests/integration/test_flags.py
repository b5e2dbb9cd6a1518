"""Every flag takes effect or is refused; what users of buildx write is taken."""

import io
import json
import os
import pty
import signal
import subprocess
import tarfile
import time

from bed import BUILD_IMAGE, PEELBOX, RUNTIME_IMAGE, BedTest, OciArchive, PrivateDockerd, bed, clean_environment, peelbox, wait_for
from docker_case import DockerTest, docker

NOWHERE = "unix:///nonexistent/buildkitd.sock"
EPOCH = 1_700_000_000


class WithoutEffect(BedTest):
    def test_flags_of_a_spec_are_refused_with_a_definition(self):
        outcome = peelbox("build", "--llb", "x.llb", "--tag", "x", "--platform", "linux/arm64", "--service", "a",
                          "--entrypoint", "b", "--build-image", "c", "--context", ".", "--buildkit", NOWHERE)
        self.assert_fails(outcome, 2, "--context, --service, --platform, --entrypoint, --build-image have no effect with --llb")
        self.assert_fails(peelbox("build", "--spec", self.spec(), "--tag", "x", "--local", "context=.", "--buildkit", NOWHERE),
                          2, "--local has no effect with --spec; it is for --llb FILE or --frontend NAME")

    def test_fields_of_the_output(self):
        for output, said in (("type=oci,dest=x.tar,push=true", "push has no effect"),
                             ("type=oci,dest=x.tar,compresion=zstd", "did you mean compression?"),
                             ("type=docker,tar=false", "is a directory; say which"),
                             ("type=local,dest=out,name=x", "name has no effect with type=local")):
            with self.subTest(output=output):
                self.assert_fails(self.build(output=output, daemon=NOWHERE), 2, said)
        self.assert_nothing_left()

    def test_an_image_id_of_no_image(self):
        outcome = self.build("--iidfile", self.dir / "iid", output="type=cacheonly", daemon=NOWHERE)
        self.assert_fails(outcome, 2, "--iidfile has no effect")

    def test_two_directories_for_one_source(self):
        self.write("def.llb", b"\x0a\x00")
        local = ["--local", f"context={self.dir}"]
        self.assert_fails(peelbox("build", "--llb", self.dir / "def.llb", "--output", "type=cacheonly", *local, *local, "--buildkit",
                                  NOWHERE), 2, "has a directory already")

    def test_help_of_what_is_not_there(self):
        for words in (["nonsense", "--help"], ["nonsense"], ["help", "nonsense"], ["history", "nonsense", "-h"]):
            with self.subTest(words=words):
                outcome = peelbox(*words)
                self.assert_fails(outcome, 2, 'has no command "nonsense"')
                self.assert_prints(outcome, "")
        self.assert_ok(peelbox("build", "-h"))

    def test_a_dockerfile_alone(self):
        self.write("ctx/docker/Dockerfile", "FROM scratch\n")
        self.write("ctx/Dockerfile", "FROM scratch\n")
        outcome = peelbox("detect", self.dir / "ctx")
        self.assertEqual(outcome.out, "[]\n")
        self.assertIn("note: Dockerfile: a Dockerfile alone is not turned into a spec. Build it with `peelbox build -f "
                      "Dockerfile .`", outcome.err)
        self.write("ctx/go.mod", "module example.com/app\n\ngo 1.22\n")
        self.write("ctx/main.go", "package main\n\nfunc main() {}\n")
        self.assertNotIn("Dockerfile alone", peelbox("detect", self.dir / "ctx").err)
        self.assert_fails(peelbox("detect", "--explain", "--format", "yaml", self.dir), 2, "--format has no effect")

    def test_words_of_other_tools(self):
        for words, said in ((["build", "--builder", "x"], "name the daemon with --buildkit"), (["push"], "peelbox build --push"),
                            (["bake"], "--spec FILE --all"), (["build", "--attest", "type=sbom"], "use --sbom and --provenance")):
            with self.subTest(words=words):
                self.assert_fails(peelbox(*words), 2, said)

    def test_a_terminal_without_a_name_is_not_drawn_on(self):
        for name in ("", "dumb"):
            with self.subTest(TERM=name):
                master, slave = pty.openpty()
                self.addCleanup(os.close, master)
                child = subprocess.Popen([PEELBOX, "build", "--spec", self.spec(), "--context", self.context(), "-o",
                                          "type=cacheonly", "--buildkit", NOWHERE], stdin=subprocess.DEVNULL, stdout=slave,
                                         stderr=slave, env=clean_environment({"TERM": name}))
                child.wait(60)
                os.close(slave)
                seen = b""
                try:
                    while more := os.read(master, 65536):
                        seen += more
                except OSError:  # nobody has it open any more
                    pass
                self.assertIn(b"#0 connecting", seen)
                self.assertNotIn(b"\x1b[", seen)


class AsBuildxTakesIt(BedTest):
    def file_build(self, *arguments, **how):
        """Copies one file of the context, without a command."""
        root = self.context({"hello": "hello\n"})
        spec = self.spec(build={"commands": []}, runtime={"copy": [{"from": "hello", "to": "/hello"}]})
        return peelbox("build", "--spec", spec, "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE, "--progress",
                       "plain", "--buildkit", bed("BUILDKITD"), *arguments, cwd=root, **how)

    def test_a_directory_after_build(self):
        self.assert_ok(self.file_build("--output", "type=cacheonly", "."))
        self.assert_fails(self.file_build("--output", "type=cacheonly", self.dir / "none"), 4, "none")
        self.assert_fails(self.file_build(".", "--context", "."), 2, "DIR and --context")

    def test_a_path_alone_is_a_directory(self):
        self.assert_ok(self.file_build("-o", self.dir / "out"))
        self.assertEqual((self.dir / "out/hello").read_text(), "hello\n")
        odd = self.file_build("-o", self.dir / "out.tar")
        self.assert_ok(odd)
        self.assertIn("out.tar writes a directory; for a file use type=tar,dest=", odd.err)
        self.assertTrue((self.dir / "out.tar/hello").is_file())
        self.write("file.tar", "old")
        self.assert_fails(self.file_build("-o", self.dir / "file.tar"), 2, "is a file; a path alone means a directory", "type=tar")
        self.assertEqual((self.dir / "file.tar").read_text(), "old")

    def test_a_dash_is_an_archive(self):
        outcome = self.file_build("-o", "-", text=False)
        self.assertEqual(outcome.code, 0, outcome.err)
        with tarfile.open(fileobj=io.BytesIO(outcome.out)) as tar:
            self.assertEqual(tar.extractfile("hello").read(), b"hello\n")

    def test_provenance_in_short(self):
        keys = {}
        for how in ("max", "mode=max", "min"):
            self.assert_ok(self.file_build(f"--provenance={how}", "--no-sbom", "-t", "x:1", "-o", f"type=oci,dest={self.dir}/a.tar"))
            archive = OciArchive(self.dir / "a.tar")
            statements = [json.loads(archive.blob(layer["digest"])) for d, m in archive.manifests()
                          if d.get("platform", {}).get("os") == "unknown" for layer in m["layers"]]
            keys[how] = "buildConfig" in statements[0]["predicate"]
        self.assertEqual(keys, {"max": True, "mode=max": True, "min": False})

    def test_several_names(self):
        def names(*arguments, output="type=oci"):
            self.assert_ok(self.file_build(*arguments, "--no-sbom", "--no-provenance", "-o", f"{output},dest={self.dir}/a.tar"))
            return OciArchive(self.dir / "a.tar")
        wanted = ["docker.io/library/it:1", "reg.example/it:2"]
        for archive in (names("-t", "it:1", "-t", "reg.example/it:2"), names(output='type=oci,"name=it:1,reg.example/it:2"')):
            self.assertEqual([m["annotations"]["io.containerd.image.name"] for m in archive.index["manifests"]], wanted)
        classic = json.loads(names("-t", "it:1", "-t", "reg.example/it:2", output="type=docker").member("manifest.json"))
        self.assertEqual(classic[0]["RepoTags"], ["it:1", "reg.example/it:2"])
        self.assert_fails(self.file_build("-o", f"type=oci,dest={self.dir}/b.tar"), 2, "--tag REF is missing")

    def test_a_spec_from_standard_input(self):
        root = self.context({"go.mod": "module example.com/app\n\ngo 1.22\n", "main.go": "package main\n\nfunc main() {}\n"})
        detected = peelbox("detect", root)
        self.assert_ok(detected)
        build = ["build", "--spec", "-", "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE, "--output",
                 "type=cacheonly", "--progress", "plain", "--buildkit", bed("BUILDKITD"), root]
        text = (self.spec(build={"commands": []}, runtime={"copy": [{"from": "main.go", "to": "/m"}]})).read_text()
        self.assert_ok(peelbox(*build, stdin=text))
        self.assert_ok(peelbox(*build[:3], "--dump-llb", self.dir / "x", stdin=detected.out))
        self.assert_fails(peelbox(*build, stdin=""), 2, "--spec -: nothing came from standard input")
        self.assert_fails(peelbox(*build, stdin='{"build": ['), 2, "standard input:1")

    def test_waiting_for_standard_input_can_be_interrupted(self):
        for flag in ("--spec", "--llb"):
            with self.subTest(flag=flag):
                with subprocess.Popen([PEELBOX, "build", flag, "-", "-o", "type=cacheonly", "--buildkit", NOWHERE],
                                      stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()) as child:
                    self.addCleanup(child.kill)
                    time.sleep(0.5)
                    child.send_signal(signal.SIGINT)
                    self.assertEqual(child.wait(30), 130)
                    self.assertIn(b"interrupted", child.stderr.read())

    def test_history_names_builds_without_an_image(self):
        self.assert_ok(self.file_build("-o", "type=cacheonly", "-t", "team/app:7", "--ref-file", self.dir / "ref"))
        ref = (self.dir / "ref").read_text()
        def line():
            listed = peelbox("history", "ls", "--buildkit", bed("BUILDKITD"))
            return [l for l in listed.out.splitlines() if l.startswith(ref)]
        self.assertRegex(wait_for(line, "the record")[0], r" team/app:7$")
        self.assert_ok(self.file_build("-o", "type=cacheonly", "--ref-file", self.dir / "ref"))
        ref = (self.dir / "ref").read_text()
        self.assertRegex(wait_for(line, "the record")[0], r" it$")  # the service's
        few = peelbox("history", "ls", "--json", "--limit", "1", "--buildkit", bed("BUILDKITD"))
        self.assertEqual(len(json.loads(few.out)), 1)
        self.assert_fails(peelbox("history", "ls", "--limit", "0", "--buildkit", bed("BUILDKITD")), 2, "from 1 to")


class IntoDocker(DockerTest):
    def test_several_names(self):
        for buildkit in ("docker://", bed("BUILDKITD")):
            with self.subTest(buildkit=buildkit):
                names = [f"it-names:{time.time_ns()}", f"it-names-too:{time.time_ns()}"]
                self.addCleanup(docker, "-H", bed("DOCKER"), "rmi", "-f", *names)
                file = self.file_spec()
                first = self.into_docker("-t", names[1], tag=names[0], buildkit=buildkit, **file)
                self.assert_ok(first)
                ids = [docker("-H", bed("DOCKER"), "image", "inspect", "--format", "{{.Id}}", name).out for name in names]
                self.assertEqual(ids[0], ids[1])
                self.assertNotEqual(ids[0].strip(), "")
                # Another name for what the engine has.
                names.append(f"it-names-more:{time.time_ns()}")
                self.assert_ok(self.into_docker("-t", names[1], "-t", names[2], tag=names[0], buildkit=buildkit, **file))
                self.assertEqual(docker("-H", bed("DOCKER"), "image", "inspect", "--format", "{{.Id}}", names[2]).out, ids[0])


    def test_a_graph_driver_says_what_it_ignores(self):
        engine = PrivateDockerd(self, "graph", False)
        env = {"DOCKER_HOST": engine.address, "SOURCE_DATE_EPOCH": str(EPOCH)}
        done = self.into_docker(env=env, **self.file_spec())
        self.assert_ok(done)
        self.assertIn("warning: SOURCE_DATE_EPOCH has no effect", done.err)
        self.assert_fails(self.into_docker("--output", "type=docker,compression=zstd", env=env, **self.file_spec()), 2,
                          "compression of --output has no effect")


class SourceDateEpoch(BedTest):
    """https://reproducible-builds.org/specs/source-date-epoch/, as buildx passes it on."""

    def made(self, name, *fields, epoch=str(EPOCH), kind="oci"):
        spec = self.spec(build={"commands": ["mkdir -p out/deep; echo hi >out/deep/file; ln -s deep out/link"]},
                         runtime={"copy": [{"from": "out", "to": "/opt/out"}]})
        dest = self.dir / f"{name}.tar"
        env = {} if epoch is None else {"SOURCE_DATE_EPOCH": epoch}
        self.assert_ok(self.build("--no-cache", *([] if kind != "oci" else ["--no-sbom", "--no-provenance"]), spec=spec,
                                  output=",".join([f"type={kind}", f"dest={dest}", *fields]), env=env))
        return dest

    def test_two_builds_give_equal_images(self):
        first = OciArchive(self.made("first", "rewrite-timestamp=true"))
        time.sleep(1.1)  # file times in layers are whole seconds
        second = OciArchive(self.made("second", "rewrite-timestamp=true"))
        self.assertEqual(first.index["manifests"][0]["digest"], second.index["manifests"][0]["digest"])
        self.assertEqual(first.config()["created"], "2023-11-14T22:13:20Z")
        without = OciArchive(self.made("without", epoch=None))
        time.sleep(1.1)
        again = OciArchive(self.made("again", epoch=""))
        self.assertNotEqual(without.index["manifests"][0]["digest"], again.index["manifests"][0]["digest"])
        self.assertNotEqual(without.config()["created"], "2023-11-14T22:13:20Z")

    def test_the_configuration_follows_without_the_layers(self):
        archive = OciArchive(self.made("image"))
        self.assertEqual(archive.config()["created"], "2023-11-14T22:13:20Z")
        self.assertEqual([h["created"] for h in archive.config()["history"] if h["created"] > "2023-11-14T22:13:20Z"], [])

    def test_files_of_a_tar_follow(self):
        with tarfile.open(self.made("files", kind="tar")) as tar:
            late = [m.name for m in tar.getmembers() if m.mtime > EPOCH]
        self.assertEqual(late, [])

    def test_a_field_of_the_output_counts_more(self):
        self.assertEqual(OciArchive(self.made("own", "source-date-epoch=1600000000")).config()["created"], "2020-09-13T12:26:40Z")

    def test_what_is_no_number_is_refused_before_anything_is_asked(self):
        for value in ("abc", "1.5", "-3"):
            outcome = self.build(daemon=NOWHERE, env={"SOURCE_DATE_EPOCH": value})
            self.assert_fails(outcome, 2, f"SOURCE_DATE_EPOCH={value}: expected whole seconds since 1970")
        self.assert_fails(self.build(daemon=NOWHERE, output="type=tar,dest=x,source-date-epoch=abc"), 2, "source-date-epoch=abc")
