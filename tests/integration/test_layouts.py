"""Images as directories: tar=false of the exporters oci and docker."""

import json
import os
import uuid

from bed import BedTest, OciArchive, bed, peelbox, registry_call, run

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


class Layouts(BedTest):
    def setUp(self):
        super().setUp()
        self.layout = self.dir / "layout"
        self.dockerfile("one")

    def dockerfile(self, text):
        self.context({"Dockerfile": "FROM scratch\nCOPY a /\n", "a": text})

    def make(self, output, *arguments, **how):
        return peelbox("build", self.dir / "ctx", "--buildkit", bed("BUILDKITD"), "--progress", "plain", "--sbom=false", "--provenance=false",
                       "-o", output, *arguments, env=EPOCH, **how)

    def into_layout(self, name, *arguments):
        done = self.make(f"type=oci,tar=false,dest={self.layout}", "-t", name, *arguments)
        self.assert_ok(done)
        return done

    def entries(self, where=None):
        index = json.loads(((where or self.layout) / "index.json").read_text())
        return {e["annotations"].get("io.containerd.image.name", e["annotations"]["org.opencontainers.image.ref.name"]): e for e in index["manifests"]}

    def test_a_directory_is_what_an_archive_is(self):
        done = self.into_layout("app:1", "--metadata-file", self.dir / "meta.json")
        self.assertRegex(done.err, rf"output\s+{self.layout} \(oci, [1-9]")
        self.assert_ok(self.make(f"type=oci,dest={self.dir}/image.tar", "-t", "app:1"))
        archive, layout = OciArchive(self.dir / "image.tar"), OciArchive(self.layout)
        entry = self.entries()["docker.io/library/app:1"]
        self.assertEqual(entry["digest"], archive.index["manifests"][0]["digest"])
        self.assertEqual(entry["digest"], json.loads((self.dir / "meta.json").read_text())["containerimage.digest"])
        self.assertEqual(entry["annotations"]["org.opencontainers.image.ref.name"], "1")
        self.assertEqual(layout.contents(), archive.contents())
        self.assertEqual(json.loads((self.layout / "oci-layout").read_text()), {"imageLayoutVersion": "1.0.0"})

    def test_other_images_stay(self):
        self.into_layout("app:1")
        first = self.entries()["docker.io/library/app:1"]["digest"]
        self.dockerfile("two")
        self.into_layout("app:2", "-t", "other:latest")
        self.dockerfile("three")
        self.into_layout("app:2")
        entries = self.entries()
        self.assertEqual(sorted(entries), ["docker.io/library/app:1", "docker.io/library/app:2", "docker.io/library/other:latest"])
        self.assertEqual(entries["docker.io/library/app:1"]["digest"], first)
        self.assertEqual(len({e["digest"] for e in entries.values()}), 3)

    def test_it_is_a_context_of_another_build(self):
        self.into_layout("app:1")
        self.context({"Dockerfile": "FROM base\nCOPY b /\n", "b": "b"})
        done = self.make(f"type=oci,tar=false,dest={self.dir}/next", "--build-context", f"base=oci-layout://{self.layout}:1")
        self.assert_ok(done)
        self.assertEqual(list(self.entries(self.dir / "next")), ["latest"])
        self.assertEqual(sorted(OciArchive(self.dir / "next").contents()), ["a", "b"])

    def test_beside_an_image_with_another_digest(self):
        image = f"{bed('REGISTRY')}/layouts-{os.getpid()}:{uuid.uuid4().hex}"
        docker = f"type=image,push=true,registry.insecure=true,oci-mediatypes=false,name={image}"
        for outputs in ((docker, "-o", f"type=oci,tar=false,dest={self.layout}", "-o", f"type=oci,dest={self.dir}/x.tar"),
                        (f"type=oci,tar=false,dest={self.dir}/again", "-o", docker)):
            self.assert_ok(self.make(*outputs))
        pushed = registry_call("GET", f"{image.split('/')[1].replace(':', '/manifests/')}")[0]["Docker-Content-Digest"]
        for where in (self.layout, self.dir / "again"):
            (entry,) = json.loads((where / "index.json").read_text())["manifests"]
            self.assertNotEqual(entry["digest"], pushed)
            self.assertEqual(OciArchive(where).contents().keys(), {"a"})

    def test_the_docker_exporter(self):
        self.assert_ok(self.make(f"type=docker,tar=false,dest={self.layout}", "-t", "app:1"))
        self.assertEqual(OciArchive(self.layout).contents().keys(), {"a"})
        self.assertIn("vnd.docker", self.entries()["docker.io/library/app:1"]["mediaType"])

    def test_a_failed_build_changes_no_name(self):
        self.into_layout("app:1")
        before = (self.layout / "index.json").read_bytes()
        self.context({"Dockerfile": "FROM scratch\nCOPY none /\n"})
        self.assert_fails(self.make(f"type=oci,tar=false,dest={self.layout}", "-t", "app:1"), 1)
        self.assertEqual((self.layout / "index.json").read_bytes(), before)
        (self.layout / "index.json").write_text("[]")
        self.assert_fails(self.make(f"type=oci,tar=false,dest={self.layout}", "-t", "app:1"), 4, str(self.layout), "index.json")
        self.assertEqual((self.layout / "index.json").read_text(), "[]")

    def test_as_buildctl_does_it(self):
        digests = {}
        for who, command in (("ours", [peelbox, "buildctl"]), ("theirs", [run, bed("BUILDCTL")])):
            call, *first = command
            words = [*first, "--addr", bed("BUILDKITD"), "build", "--progress=plain", "--frontend", "dockerfile.v0", "--local", f"context={self.dir / 'ctx'}",
                     "--local", f"dockerfile={self.dir / 'ctx'}", "--output", f"type=oci,tar=false,dest={self.dir / who}"]
            self.assert_ok(call(*words, env=EPOCH) if call is peelbox else call(words, env=EPOCH))
            entries = self.entries(self.dir / who)
            self.assertEqual(list(entries), ["latest"])
            digests[who] = entries["latest"]["digest"]
            self.assertEqual(OciArchive(self.dir / who).contents().keys(), {"a"})
        self.assertEqual(digests["ours"], digests["theirs"])
