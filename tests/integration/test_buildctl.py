"""peelbox called as buildctl beside BuildKit's own buildctl: the same files, outputs, errors and exit codes."""

import json
import re
import subprocess
import time

from bed import BUILD_IMAGE, LLB_TOOL, PEELBOX, BedTest, OciArchive, bed, run

BASE = "docker.io/library/busybox:latest"


class Buildctl(BedTest):
    def setUp(self):
        super().setUp()
        link = self.dir / "bin/buildctl"
        link.parent.mkdir()
        link.symlink_to(PEELBOX)
        self.both = {"theirs": bed("BUILDCTL"), "ours": link}
        self.write("ctx/a.txt", "a")
        self.write("ctx/Dockerfile", f"FROM {BASE}\nCOPY a.txt /\nARG WHAT=none\nRUN echo $WHAT >/made\n")

    def call(self, who, *words, **how):
        return run([self.both[who], "--addr", bed("BUILDKITD"), *words], **how)

    def dockerfile(self, who, *words, **how):
        return self.call(who, "build", "--progress=plain", "--frontend", "dockerfile.v0", "--local", f"context={self.dir / 'ctx'}",
                         "--local", f"dockerfile={self.dir / 'ctx'}", *words, **how)

    def test_images_are_equal(self):
        digests = {}
        for who in self.both:
            archive = self.dir / f"{who}.tar"
            self.assert_ok(self.dockerfile(who, "--opt", "build-arg:WHAT=x", "--output", f"type=oci,dest={archive},rewrite-timestamp=true,annotation.k=v",
                                           env={"SOURCE_DATE_EPOCH": "1700000000"}))
            digests[who] = json.loads(OciArchive(archive).member("index.json"))["manifests"][0]["digest"]
        self.assertEqual(digests["ours"], digests["theirs"])

    def test_outputs(self):
        for who in self.both:
            out = self.dir / who
            outcome = self.dockerfile(who, "--output", f"type=local,dest={out}", "--opt", "target=")
            self.assert_ok(outcome)
            self.assertEqual((out / "made").read_text(), "none\n")
            self.assertEqual(outcome.out, "")
            archive = self.dockerfile(who, "--output", "type=tar", text=False)
            self.assertEqual(archive.code, 0)
            self.assertIn(b"ustar", archive.out)
            self.assert_ok(self.dockerfile(who))
            image = f"{bed('REGISTRY')}/as-buildctl:{who}"
            self.assert_ok(self.dockerfile(who, "--output", f"type=image,name={image},push=true,registry.insecure=true"))

    def test_metadata_and_reference(self):
        texts = {}
        for who in self.both:
            meta, ref = self.dir / f"{who}.json", self.dir / f"{who}.ref"
            self.assert_ok(self.dockerfile(who, "--metadata-file", meta, "--ref-file", ref, "--output", f"type=oci,dest={self.dir / who}.tar"))
            texts[who] = meta.read_text()
            self.assertRegex(ref.read_text(), r"^[a-z0-9]{25}$")
        keys = {who: list(json.loads(text)) for who, text in texts.items()}
        self.assertLessEqual(set(keys["theirs"]), set(keys["ours"]))
        self.assertEqual(keys["ours"], sorted(keys["ours"]))
        for text in texts.values():
            self.assertTrue(text.startswith('{\n  "'), text[:40])

    def test_a_definition_on_standard_input(self):
        definition = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30).stdout
        layers = {}
        for who in self.both:
            archive = self.dir / f"{who}.tar"
            done = self.call(who, "build", "--local", f"context={self.dir / 'ctx'}", "--output", f"type=oci,dest={archive}",
                             stdin=definition, text=False)
            self.assertEqual(done.code, 0, done.err)
            layers[who] = OciArchive(archive).layer_digests()
        self.assertEqual(layers["ours"], layers["theirs"])

    def test_failures_are_one_line_and_exit_code_1(self):
        self.write("ctx/Dockerfile", f"FROM {BASE}\nRUN exit 7\n")
        last = {}
        for who in self.both:
            outcome = self.dockerfile(who)
            self.assertEqual(outcome.code, 1)
            last[who] = outcome.err.strip().splitlines()[-1]
        self.assertEqual(last["ours"], last["theirs"])
        for words in (["--output", "dest=x"], ["--output", "type=local"], ["--output", "type=tar,output=x"], ["--output", "type=image,dest=x"]):
            said = {who: self.dockerfile(who, *words) for who in self.both}
            self.assertEqual([one.code for one in said.values()], [1, 1], words)
            self.assertEqual(said["ours"].err.strip().splitlines()[-1], said["theirs"].err.strip().splitlines()[-1], words)

    def test_one_dash_before_long_names(self):
        for who in self.both:
            outcome = run([self.both[who], "-addr", bed("BUILDKITD"), "build", "-progress=plain", "-frontend", "dockerfile.v0", "-local",
                           f"context={self.dir / 'ctx'}", "-local", f"dockerfile={self.dir / 'ctx'}", "-o=type=tar"], text=False)
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertIn(b"ustar", outcome.out)

    def test_what_the_daemon_reported_and_what_was_cached(self):
        self.write("ctx/Dockerfile", f"FROM {BASE}\nRUN echo {time.time_ns()} >/made\n")
        keys, misses = {}, {}
        for who in self.both:
            trace, metrics = self.dir / f"{who}.trace", self.dir / f"{who}.metrics"
            trace.write_text("kept\n")
            outcome = self.dockerfile(who, "--trace", trace, "--debug-json-cache-metrics", metrics, "--no-cache")
            self.assert_ok(outcome)
            self.assertIn("tracing logs to", outcome.err)
            lines = trace.read_text().splitlines()
            self.assertEqual(lines[0], "kept")
            keys[who] = set().union(*(json.loads(line) for line in lines[1:]))
            *missed, counts = metrics.read_text().splitlines()
            misses[who] = (missed, json.loads(counts).keys(), json.loads(counts)["miss"])
            self.assertEqual(metrics.stat().st_mode & 0o777, 0o600)
            to_stdout = self.dockerfile(who, "--debug-json-cache-metrics", "stdout")
            self.assertEqual(json.loads(to_stdout.out)["miss"], 0, to_stdout)
        self.assertEqual(keys["ours"], keys["theirs"])
        self.assertEqual(misses["ours"], misses["theirs"])
        self.assertEqual(misses["ours"][2], 1)
        self.assertEqual(self.dockerfile("ours", "--trace", f"{self.dir}/no/file").code, 1)
        self.assertEqual(self.dockerfile("ours", "--debug-json-cache-metrics", f"{self.dir}/no/file").code, 1)

    def test_debug_of_definitions(self):
        def without_nothing(tree):
            if isinstance(tree, dict):
                made = {key: without_nothing(one) for key, one in tree.items()}
                return {key: one for key, one in made.items() if one not in (None, "", 0, False, [], {})}
            return [without_nothing(one) for one in tree] if isinstance(tree, list) else tree

        for words in (["local"], ["run", BUILD_IMAGE, "echo '<a>' & true"], ["sleep", BUILD_IMAGE, "1"]):
            definition = subprocess.run([LLB_TOOL, *words], capture_output=True, timeout=30).stdout
            file = self.write("def.llb", definition)
            said = {who: run([self.both[who], "debug", "dump-llb"], stdin=definition, text=False).out.decode() for who in self.both}
            lines = {who: [json.loads(line) for line in text.splitlines()] for who, text in said.items()}
            self.assertEqual(without_nothing(lines["ours"]), without_nothing(lines["theirs"]), words)
            self.assertTrue(all("Op" in one["Op"] for one in lines["ours"]))
            self.assertEqual(run([self.both["ours"], "debug", "dump-llb", file]).out, said["ours"])
            graphs = {who: run([self.both[who], "debug", "dump-llb", "--dot", file]).out for who in self.both}
            self.assertEqual(graphs["ours"], graphs["theirs"], words)
        self.assertEqual(run([self.both["ours"], "debug", "dump-llb", self.dir / "ctx/a.txt"]).code, 1)

    def test_debug_of_builds(self):
        word = f"word-{time.time_ns()}"
        self.write("ctx/Dockerfile", f"FROM {BASE}\nRUN echo {word}\n")
        ref = self.dir / "ref"
        self.assert_ok(self.dockerfile("ours", "--ref-file", ref))
        name = ref.read_text()
        for who in self.both:
            shown = self.call(who, "debug", "logs", "--progress=plain", name)
            self.assert_ok(shown)
            self.assertIn(word, shown.out)
            self.assertEqual(self.call(who, "debug", "logs").err.strip(), "error: build ref must be specified")
            self.assertEqual(self.call(who, "debug", "logs", "nobody").code, 1)
            self.assertEqual(self.call(who, "debug", "ctl", name).err.strip(), "error: must specify one of --pin, --unpin, --delete")
            self.assertEqual(self.call(who, "debug", "ctl", "--pin", "--unpin", name).err.strip(), "error: cannot specify both --pin and --unpin")
            self.assertEqual(self.call(who, "debug", "get").err.strip(), "error: blob digest must be specified")
        infos = {who: self.call(who, "debug", "info") for who in self.both}
        self.assertEqual(infos["ours"].out.split(), infos["theirs"].out.split())
        self.assert_ok(infos["ours"])
        record = json.loads(run([PEELBOX, "history", "inspect", name, "--json", "--buildkit", bed("BUILDKITD")]).out)
        self.assertFalse(record.get("pinned"))
        self.assert_ok(self.call("ours", "debug", "ctl", "--pin", name))
        pinned = [line for line in self.call("theirs", "debug", "histories").out.splitlines() if name in line]
        self.assertIn("*", pinned[0])
        self.assert_ok(self.call("ours", "debug", "ctl", "--unpin", name))
        watching = subprocess.Popen([self.both["ours"], "--addr", bed("BUILDKITD"), "debug", "monitor", "--completed", "--ref", name],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.kill)
        self.assertEqual(watching.stdout.readline(), f"event: COMPLETE ref:{name}\n")
        digest = None
        for _ in range(6):
            line = watching.stdout.readline()
            if line.startswith("  logs: "):
                digest = re.search(r"sha256:[0-9a-f]{64}", line)[0]
                break
        self.assertIsNotNone(digest)
        blobs = {who: self.call(who, "debug", "get", digest, text=False) for who in self.both}
        self.assertEqual(blobs["ours"].code, 0, blobs["ours"].err)
        self.assertEqual(blobs["ours"].out, blobs["theirs"].out)
        self.assertEqual(self.call("ours", "debug", "get", "sha256:" + "0" * 64).code, 1)
        self.assert_ok(self.call("ours", "debug", "ctl", "--delete", name))
        gone = self.call("ours", "debug", "logs", name)
        self.assertEqual(gone.code, 1)
        self.assertIn(name, gone.err)

    def test_targets_of_a_dockerfile(self):
        self.write("ctx/Dockerfile", f"FROM {BASE} AS one\nFROM one AS two\n")
        said = {who: self.dockerfile(who, "--opt", "requestid=frontend.targets") for who in self.both}
        for outcome in said.values():
            self.assert_ok(outcome)
        self.assertEqual(said["ours"].out.split(), said["theirs"].out.split())

    def test_tables(self):
        self.dockerfile("ours")
        for words in (["du"], ["debug", "workers"], ["du", "--filter", "type==source.local"]):
            said = {who: self.call(who, *words) for who in self.both}
            for outcome in said.values():
                self.assert_ok(outcome)
            # Other tests build meanwhile, so lines are compared by their form.
            form = {who: [re.sub(r"[0-9a-z.]+", "x", line).replace("\t", ">") for line in outcome.out.splitlines()[:1]] for who, outcome in said.items()}
            self.assertEqual(form["ours"], form["theirs"], words)
            if words == ["debug", "workers"]:
                self.assertEqual(said["ours"].out, said["theirs"].out)

    def test_the_address_is_the_variable_or_the_default(self):
        for who in self.both:
            self.assert_ok(run([self.both[who], "debug", "workers"], env={"BUILDKIT_HOST": bed("BUILDKITD")}))
        outcome = run([self.both["ours"], "--addr", "unix:///nonexistent.sock", "du"])
        self.assertEqual(outcome.code, 1)
        self.assertTrue(outcome.err.startswith("error: "), outcome.err)

    def test_prune(self):
        outcome = self.call("ours", "prune", "--filter", "id==nothing-has-this-id")
        self.assert_ok(outcome)
        self.assertEqual(outcome.out, self.call("theirs", "prune", "--filter", "id==nothing-has-this-id").out)


class Cache(BedTest):
    def test_du_and_prune(self):
        usage = run([PEELBOX, "du", "--buildkit", bed("BUILDKITD")])
        self.assert_ok(usage)
        self.assertRegex(usage.out, r"(?m)^ID +SIZE +LAST USED")
        self.assertRegex(usage.out, r"(?m)^total  ")
        listed = json.loads(run([PEELBOX, "du", "--json", "--buildkit", bed("BUILDKITD")]).out)
        self.assertTrue(all("id" in one and "size" in one for one in listed))
        nothing = run([PEELBOX, "prune", "--filter", "id==nothing-has-this-id", "--buildkit", bed("BUILDKITD")])
        self.assert_ok(nothing)
        self.assertEqual(nothing.out, "total  0 B\n")
        self.assert_fails(run([PEELBOX, "prune", "--keep-duration", "soon", "--buildkit", bed("BUILDKITD")]), 2, "--keep-duration soon")
