"""What people and programs get from a build: errors with their cause, files for programs, output of the commands."""

import json
import time

from bed import BedTest, OciArchive, bed, peelbox, run, summary


def documents(text):
    """The JSON documents in a text, which may be indented."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while 0 <= at < len(text) and text[at] == "{":
        one, at = decoder.raw_decode(text, at)
        yield one
        while at < len(text) and text[at].isspace():
            at += 1


class FailureTest(BedTest):
    def fails(self, command, *parts, arguments=(), **files):
        """Builds `command` with the context of the test and expects each of `parts` in the error."""
        spec = self.spec(build={"commands": [command]}, runtime={"copy": [{"from": "out", "to": "/out"}]})
        done = self.build(*arguments, spec=spec)
        self.assert_fails(done, 1, *parts)
        return done

    def test_a_file_that_an_ignore_rule_keeps_back(self):
        self.context({"src/main.c": "int main(void) { return 0; }\n", ".dockerignore": "# generated\n*.o\nsrc/*.c\n"})
        self.fails("gcc -o out src/main.c",
                   "cause:     src/main.c is in the context directory, but an ignore rule keeps it from the build: "
                   ".dockerignore line 3: src/*.c", "!src/main.c", "command:   gcc -o out src/main.c\n")

    def test_a_command_that_is_not_in_the_image(self):
        self.fails("nosuchprogram --version", "cause:     the command nosuchprogram was not found in the image", "exit code: 127")

    def test_a_result_that_is_not_made(self):
        self.fails("true", "cause:     the commands ran, but they did not make out, which runtime.copy wants")

    def test_clipped_output_is_said_to_be_clipped(self):
        spec = self.spec(build={"commands": [f"echo {time.time_ns()}; head -c 3000000 /dev/zero | tr '\\0' x | fold -w 99; touch out"]},
                         runtime={"copy": [{"from": "out", "to": "/out"}]})
        done = self.build(progress="quiet", spec=spec)
        self.assert_ok(done)
        self.assertIn("warning: not all output was kept of: [build 1/1] echo", done.err)
        self.assertIn("BUILDKIT_STEP_LOG_MAX_SPEED", done.err)


class FilesTest(BedTest):
    def test_files_for_programs(self):
        spec = self.spec(build={"commands": [f"echo {time.time_ns()}; printf '\\033[31mred\\033[0m\\n'; touch out"]},
                         runtime={"copy": [{"from": "out", "to": "/out"}]})
        names = {name: self.dir / name for name in ("meta.json", "iid", "ref")}
        done = self.build("--metadata-file", names["meta.json"], "--iidfile", names["iid"], "--ref-file", names["ref"],
                          "--stats=json", "--log-file", f"{self.dir}/logs/", "--sbom=false", "--provenance=false", spec=spec)
        self.assert_ok(done)
        meta = json.loads(names["meta.json"].read_text())
        self.assertEqual(meta["containerimage.digest"], summary(done)["digest"])
        self.assertEqual(meta["containerimage.descriptor"]["digest"], meta["containerimage.digest"])
        self.assertEqual(meta["containerimage.config.digest"], names["iid"].read_text())
        self.assertEqual(meta["buildx.build.ref"], names["ref"].read_text())
        self.assertEqual(meta["image.name"], "docker.io/library/it:test")
        # The daemon records it for images without attestations too.
        self.assertEqual(sorted(meta["buildx.build.provenance"]), ["buildType", "builder", "invocation", "materials"])
        # The daemon knows the build by that name.
        known = run([bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "debug", "logs", names["ref"].read_text()])
        self.assertEqual(known.code, 0, str(known))
        stats = json.loads(done.out)
        self.assertTrue(stats["succeeded"])
        self.assertGreater(stats["wire"]["received_bytes"], 0)
        self.assertGreater(stats["peak_memory_bytes"], 1_000_000)
        self.assertEqual(list(stats["phases_ms"]), ["plan", "find", "connect", "prepare", "solve", "provenance", "close"])
        logs = sorted((self.dir / "logs").iterdir())
        self.assertEqual([p.name for p in logs][1:], ["build.log"])
        self.assertIn(b"\x1b[31mred\x1b[0m\n", logs[0].read_bytes())
        self.assertIn(" red\n", logs[1].read_text())

    def test_provenance_is_that_of_the_image(self):
        spec = self.spec(build={"commands": [f"echo {time.time_ns()}; touch out"]}, runtime={"copy": [{"from": "out", "to": "/out"}]})
        file = self.dir / "meta.json"

        def keys(mode, *arguments):
            done = self.build("--metadata-file", file, "--sbom=false", "--provenance=mode=max", *arguments, spec=spec,
                              env={"BUILDX_METADATA_PROVENANCE": mode})
            self.assert_ok(done)
            self.assertNotIn("warning", done.err)
            return {k: v for k, v in json.loads(file.read_text()).items() if k.startswith("buildx.build.provenance")}

        found = keys("max")
        self.assertEqual(list(found), ["buildx.build.provenance"])
        told = found["buildx.build.provenance"]
        archive = OciArchive(self.dir / "image.tar")
        attested = [json.loads(archive.blob(layer["digest"]))["predicate"] for descriptor, manifest in archive.manifests()
                    if descriptor.get("platform", {}).get("os") == "unknown" for layer in manifest["layers"]]
        self.assertEqual(len(attested), 1)
        self.assertIn("debian-build", json.dumps(told["materials"]))
        self.assertGreater(len(told["buildConfig"]["llbDefinition"]), 3)
        for one in (told, attested[0]):
            # Each is made at a moment of its own, and only the history measures the machine.
            del one["metadata"]["buildFinishedOn"]
            one["metadata"]["https://mobyproject.org/buildkit@v1#metadata"].pop("sysUsage", None)
            for step in one["buildConfig"]["llbDefinition"]:
                step.pop("resourceUsage", None)
        self.assertEqual(told, attested[0])

        several = keys("min", "--platform", "linux/amd64,linux/arm64")
        self.assertEqual(sorted(several), ["buildx.build.provenance/linux/amd64", "buildx.build.provenance/linux/arm64"])
        for platform, one in several.items():
            self.assertEqual(sorted(one), ["buildType", "builder", "invocation", "materials"])
            self.assertIn("%2F" + platform.split("/")[-1], one["materials"][0]["uri"])
        self.assertEqual(keys("disabled"), {})

    def test_a_failed_build_leaves_its_reference_only(self):
        spec = self.spec(build={"commands": [f"echo {time.time_ns()}; false"]}, runtime={"copy": [{"from": "out", "to": "/out"}]})
        names = [self.dir / name for name in ("meta.json", "iid", "ref")]
        done = self.build("--metadata-file", names[0], "--iidfile", names[1], "--ref-file", names[2], "--stats", spec=spec)
        self.assert_fails(done, 1, "phases ", "failed   after")
        self.assertEqual([n.exists() for n in names], [False, False, True])

    def test_only_the_output_of_the_commands(self):
        spec = self.spec(build={"commands": [f"echo one {time.time_ns()} | cut -c1-3", "echo two; echo three >&2; touch out"]},
                         runtime={"copy": [{"from": "out", "to": "/out"}]})
        done = self.build("--sbom=true", spec=spec, progress="logs")
        self.assert_ok(done)
        self.assertEqual(sorted(done.out.split()), ["one", "three", "two"])

    def test_rawjson_is_what_buildctl_writes(self):
        spec = self.spec(build={"commands": [f"echo {time.time_ns()}; touch out"]}, runtime={"copy": [{"from": "out", "to": "/out"}]})
        done = self.build(spec=spec, progress="rawjson")
        self.assert_ok(done)
        ours = [json.loads(line) for line in done.out.splitlines()]
        llb = self.dir / "llb"
        self.assert_ok(peelbox("build", "--spec", spec, "--dump-llb", llb, "--build-image", "docker.io/peelbox/debian-build:12",
                               "--runtime-image", "docker.io/peelbox/debian:12"))
        theirs = run(["sh", "-c", f"{bed('BUILDCTL')} --addr {bed('BUILDKITD')} build --no-cache --progress=rawjson "
                                  f"--local context={self.context()} < {llb}"])
        self.assertEqual(theirs.code, 0, str(theirs))
        def keys(objects):
            found = set()
            for one in objects:
                for kind, events in one.items():
                    found |= {f"{kind}.{key}" for event in events for key in event}
            return found
        them = keys(documents(theirs.err))
        self.assertLessEqual(keys(ours) - {"vertexes.progressGroup"}, them | {"statuses.total", "vertexes.cached"})
        self.assertIn("logs.data", keys(ours))
