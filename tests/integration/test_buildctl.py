"""peelbox called as buildctl beside BuildKit's own buildctl: the same files, outputs, errors and exit codes."""

import json
import re
import subprocess

from bed import LLB_TOOL, PEELBOX, BedTest, OciArchive, bed, run

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
