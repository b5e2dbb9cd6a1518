"""Caches elsewhere: a registry, a directory, the image itself."""

import json
import signal
import subprocess
import uuid

from bed import BUILD_IMAGE, LLB_TOOL, PEELBOX, BedTest, OciArchive, PrivateDaemon, bed, clean_environment, peelbox, run


# What a command prints when it runs, in words that its name does not have.
RUNS = "echo it-$((40+2))-runs"
RAN = "it-42-runs"


class Caches(BedTest):
    def setUp(self):
        super().setUp()
        self.first = PrivateDaemon(self, "cache-a")
        self.second = PrivateDaemon(self, "cache-b")
        self.marker = uuid.uuid4().hex

    def service(self, **sections):
        return self.spec(build={"commands": [f"echo {self.marker} >made; {RUNS}"]},
                         runtime={"copy": [{"from": "made", "to": "/made"}], "command": ["/bin/cat", "/made"]}, **sections)

    def assert_ran(self, outcome):
        self.assert_ok(outcome)
        self.assertIn(RAN, outcome.err, str(outcome))

    def assert_cached(self, outcome):
        self.assert_ok(outcome)
        self.assertIn(self.marker, outcome.err, str(outcome))
        self.assertNotIn(RAN, outcome.err, str(outcome))

    def there_and_back(self, to, back):
        """Builds on one daemon with a cache export, then on an empty one with an import."""
        spec = self.service()
        context = self.context({"a": "1"})
        built = self.build("--cache-to", to, spec=spec, context=context, daemon=self.first.address)
        self.assert_ran(built)
        again = self.build("--cache-from", back, spec=spec, context=context, daemon=self.second.address,
                           output=f"type=oci,dest={self.dir}/again.tar")
        self.assert_cached(again)
        self.assertEqual(OciArchive(self.dir / "again.tar").layer_digests(), OciArchive(self.dir / "image.tar").layer_digests())

    def test_a_registry_holds_the_cache(self):
        reference = f"{bed('REGISTRY')}/cache/{self.marker}:latest"
        self.there_and_back(f"type=registry,ref={reference},mode=max", reference)

    def test_a_directory_holds_the_cache(self):
        place = self.dir / "cache"
        self.there_and_back(f"type=local,dest={place},mode=max", f"type=local,src={place}")
        index = json.loads((place / "index.json").read_text())
        self.assertEqual([m["annotations"]["org.opencontainers.image.ref.name"] for m in index["manifests"]], ["latest"])
        # What buildctl makes of it, and the other way round.
        third = PrivateDaemon(self, "cache-c")
        llb = self.dir / "a.llb"
        llb.write_bytes(subprocess.run([LLB_TOOL, "run", BUILD_IMAGE, f"echo {self.marker}; {RUNS}"], capture_output=True, check=True).stdout)
        other = self.dir / "other"
        self.assert_ok(run([bed("BUILDCTL"), "--addr", self.first.address, "build", "--export-cache", f"type=local,dest={other},mode=max"],
                           stdin=llb.read_bytes(), text=False))
        ours = peelbox("build", "--llb", llb, "--buildkit", third.address, "--output", "type=cacheonly", "--progress", "plain",
                       "--import-cache", f"type=local,src={other}")
        self.assert_cached(ours)

    def test_a_directory_that_is_not_there_is_only_a_warning(self):
        built = self.build("--cache-from", f"type=local,src={self.dir}/none", spec=self.service(), daemon=self.first.address)
        self.assert_ok(built)
        self.assertIn(f"no cache is imported from {self.dir}/none: there is no cache yet", built.err)

    def test_an_interrupted_export_leaves_the_old_cache(self):
        place = self.dir / "cache"
        self.assert_ok(self.build("--cache-to", f"type=local,dest={place},mode=max", spec=self.service(), daemon=self.first.address))
        before = (place / "index.json").read_text()
        old_marker, self.marker = self.marker, uuid.uuid4().hex
        spec = self.spec("next.json", build={"commands": [f"echo {self.marker} >made", "head -c 300000000 /dev/urandom >large"]},
                         runtime={"copy": [{"from": "large", "to": "/large"}], "command": ["/bin/true"]})
        process = subprocess.Popen(
            [PEELBOX, "build", "--spec", spec, "--context", self.context(), "--build-image", BUILD_IMAGE, "--runtime-image",
             BUILD_IMAGE, "--buildkit", self.first.address, "--output", "type=cacheonly", "--progress", "plain",
             "--cache-to", f"type=local,dest={place},mode=max"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean_environment())
        for line in process.stderr:
            if "writing layer" in line or "exporting cache" in line:
                break
        process.send_signal(signal.SIGKILL)
        process.stderr.close()
        process.wait(timeout=60)
        self.assertEqual((place / "index.json").read_text(), before)
        self.assertEqual([p.name for p in place.glob("blobs/sha256/.*")], [])
        self.marker = old_marker
        again = self.build("--cache-from", f"type=local,src={place}", spec=self.service(), daemon=self.second.address)
        self.assert_cached(again)

    def test_reset_removes_what_no_tag_leads_to(self):
        place = self.dir / "cache"
        blobs = lambda: {p.name for p in (place / "blobs/sha256").iterdir()}
        self.assert_ok(self.build("--cache-to", f"type=local,dest={place},mode=max,tag=kept", spec=self.service(), daemon=self.first.address))
        kept, old_marker = blobs(), self.marker
        for reset in ("false", "true"):
            self.marker = uuid.uuid4().hex
            before = blobs()
            done = self.build("--cache-to", f"type=local,dest={place},mode=max,reset={reset}", spec=self.service(), daemon=self.first.address)
            self.assert_ok(done)
            self.assertNotIn("warning", done.err)
            self.assertLessEqual(kept, blobs())
            self.assertEqual(before <= blobs(), reset == "false")
        for tag, marker in (("latest", self.marker), ("kept", old_marker)):
            self.marker = marker
            self.assert_cached(self.build("--cache-from", f"type=local,src={place},tag={tag}", spec=self.service(), daemon=self.second.address))
        self.assert_fails(self.build("--cache-to", f"type=local,dest={place},reset=maybe", daemon=self.first.address), 2, "reset=maybe: expected true or false")

    def test_the_image_holds_its_cache(self):
        llb = self.dir / "a.llb"
        llb.write_bytes(subprocess.run([LLB_TOOL, "run", BUILD_IMAGE, f"echo {self.marker} >made"], capture_output=True, check=True).stdout)
        built = peelbox("build", "--llb", llb, "--buildkit", self.first.address, "--tag", "a:1", "--progress", "plain",
                        "--output", f"type=oci,dest={self.dir}/image.tar", "--cache-to", "type=inline", "--sbom=false", "--provenance=false")
        self.assert_ok(built)
        self.assertIn("moby.buildkit.cache.v0", OciArchive(self.dir / "image.tar").config())

    def test_what_is_wrong_is_said_before_the_build(self):
        for flag, value, text in (("--cache-to", "type=local", "needs dest"), ("--cache-from", "type=nfs,src=x", "type=nfs is not known"),
                                  ("--export-cache", "type=gha", "needs a token"), ("--cache-to", "type=local,dest=/proc/none", "cannot be exported")):
            outcome = self.build(flag, value, spec=self.service(), daemon=self.first.address)
            self.assertNotEqual(outcome.code, 0)
            self.assertIn(text, outcome.err)
            self.assertNotIn("#1", outcome.err)


class Layouts(BedTest):
    def test_a_layout_of_this_machine_is_a_source(self):
        layout = self.dir / "layout"
        llb = self.dir / "a.llb"
        llb.write_bytes(subprocess.run([LLB_TOOL, "run", BUILD_IMAGE, "echo from-the-layout >/made"], capture_output=True, check=True).stdout)
        self.assert_ok(peelbox("build", "--llb", llb, "--buildkit", bed("BUILDKITD"), "--tag", "a:1", "--sbom=false", "--provenance=false",
                               "--output", f"type=oci,dest={self.dir}/image.tar"))
        layout.mkdir()
        subprocess.run(["tar", "-xf", self.dir / "image.tar", "-C", layout], check=True)
        digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
        made = subprocess.run([LLB_TOOL, "layout", f"example.org/any/name@{digest}", "base", "cat /made"], capture_output=True, check=True).stdout
        (self.dir / "b.llb").write_bytes(made)
        built = peelbox("build", "--llb", self.dir / "b.llb", "--buildkit", bed("BUILDKITD"), "--output", "type=cacheonly", "--no-cache",
                        "--progress", "plain", "--oci-layout", f"base={layout}")
        self.assert_ok(built)
        self.assertIn("from-the-layout", built.err)
