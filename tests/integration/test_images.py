"""peelbox image: merging and looking, against real registries."""

import hashlib
import json
import os

from bed import INDEX, RUNTIME_IMAGE, BedTest, bed, for_platforms, peelbox, registry_call, run
from private_registry import PrivateRegistry, TokenServer, certificates, docker_config

NAME = f"images-{os.getpid()}"


def bed_image(platform="linux/amd64"):
    return for_platforms(RUNTIME_IMAGE, platform).replace("docker.io", bed("REGISTRY"))


class Merging(BedTest):
    def test_two_platforms_under_two_names(self):
        amd, arm = bed_image("linux/amd64"), bed_image("linux/arm64")
        one, other = f"{bed('REGISTRY')}/{NAME}/app:1", f"{bed('REGISTRY')}/{NAME}/app:latest"
        done = peelbox("image", "merge", "-t", one, "-t", other, "--annotation", "who=me", amd, arm)
        self.assert_ok(done)
        headers, text = registry_call("GET", f"{NAME}/app/manifests/1")
        self.assertEqual(done.out.strip(), "sha256:" + hashlib.sha256(text).hexdigest())
        self.assertEqual([m["platform"]["architecture"] for m in json.loads(text)["manifests"]], ["amd64", "arm64"])
        self.assertEqual(json.loads(text)["annotations"], {"who": "me"})
        self.assertEqual(registry_call("GET", f"{NAME}/app/manifests/latest")[1], text)
        again = peelbox("image", "merge", "-t", one, "-t", other, "--annotation", "who=me", amd, arm)
        self.assertEqual((again.code, again.out, again.err.count("as before")), (0, done.out, 2), str(again))
        # All of it is in the new repository: each blob can be had there.
        for entry in json.loads(text)["manifests"]:
            manifest = json.loads(registry_call("GET", f"{NAME}/app/manifests/{entry['digest']}")[1])
            for blob in [manifest["config"], *manifest["layers"]]:
                registry_call("HEAD", f"{NAME}/app/blobs/{blob['digest']}")

    def test_attestations_stay(self):
        image = f"{bed('REGISTRY')}/{NAME}/attested"
        self.context({"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
        self.assert_ok(peelbox("build", self.dir / "ctx", "-t", f"{image}:amd", "--platform", "linux/amd64", "--buildkit", bed("BUILDKITD"),
                               "-o", "type=image,push=true,registry.insecure=true"))
        self.assert_ok(peelbox("image", "merge", "-t", f"{bed('REGISTRY')}/{NAME}/merged:1", f"{image}:amd", bed_image("linux/arm64")))
        shown = peelbox("image", "inspect", f"{bed('REGISTRY')}/{NAME}/merged:1", "--json")
        entries = json.loads(shown.out)["manifests"]
        self.assertEqual([e["platform"] for e in entries], ["linux/amd64", "unknown/unknown", "linux/arm64"], shown.out)
        self.assertEqual(entries[1]["attests"], entries[0]["digest"])

    def test_two_images_for_one_platform(self):
        self.assert_fails(peelbox("image", "merge", "-t", f"{bed('REGISTRY')}/{NAME}/x:1", bed_image("linux/amd64"), RUNTIME_IMAGE.replace("docker.io", bed("REGISTRY"))),
                          2, "two images are for linux/amd64")

    def test_what_is_not_there(self):
        self.assert_fails(peelbox("image", "inspect", f"{bed('REGISTRY')}/{NAME}/nothing:1"), 1, "HTTP status 404", f"{NAME}/nothing:1")
        self.assert_fails(peelbox("image", "inspect", "127.0.0.1:1/x:1"), 3, "127.0.0.1:1")

    def test_the_spelling_of_buildx(self):
        source, name = bed_image("linux/arm64"), f"{bed('REGISTRY')}/{NAME}/create:1"
        done = peelbox("imagetools", "create", "--progress", "plain", "-t", name, source)
        self.assertEqual((done.code, done.out), (0, ""), str(done))
        raw = peelbox("imagetools", "inspect", "--raw", name).out
        shown = json.loads(peelbox("imagetools", "inspect", "--format", "{{json .Manifest}}", name).out)
        self.assertEqual(shown["digest"], "sha256:" + hashlib.sha256(raw.encode()).hexdigest())
        self.assertEqual(shown["manifests"], json.loads(raw)["manifests"])

    def test_configurations_of_images(self):
        amd, arm = bed_image("linux/amd64"), bed_image("linux/arm64")
        name = f"{bed('REGISTRY')}/{NAME}/configs:1"
        self.assert_ok(peelbox("image", "merge", "-t", name, amd, arm))
        show = lambda what, image=name: json.loads(peelbox("imagetools", "inspect", image, "--format", what).out)
        all_of_it = show("{{json .}}")
        self.assertEqual({key: c["architecture"] for key, c in all_of_it["image"].items()}, {"linux/amd64": "amd64", "linux/arm64": "arm64"})
        self.assertEqual(all_of_it["image"], show("{{json .Image}}"))
        self.assertEqual(all_of_it["manifest"], show("{{json .Manifest}}"))
        self.assertEqual(show("{{json .Image}}", arm)["architecture"], "arm64")

    def test_sources_from_files(self):
        amd, arm = bed_image("linux/amd64"), bed_image("linux/arm64")
        home = f"{bed('REGISTRY')}/{NAME}/files"
        both = self.dir / "both.json"
        self.assert_ok(peelbox("imagetools", "create", "--builder", "any", "-t", f"{home}:all", "--metadata-file", both, amd, arm))
        made = json.loads(both.read_text())
        self.assertEqual(made["image.name"], home)
        # A build's --metadata-file has such a descriptor.
        entry = json.loads(peelbox("imagetools", "inspect", "--raw", f"{home}:all").out)["manifests"][1]
        file = self.write("arm.json", json.dumps({**entry, "annotations": {"k": "v"}}) + "\n")
        shown = peelbox("imagetools", "create", "--dry-run", "-t", f"{home}:arm", "-f", file)
        self.assert_ok(shown)
        (only,) = json.loads(shown.out)["manifests"]
        self.assertEqual((only["digest"], only["annotations"]), (entry["digest"], {"k": "v"}))
        self.assert_ok(peelbox("imagetools", "create", "-t", f"{home}:again", "-f", self.write("all.json", json.dumps(made["containerimage.descriptor"]))))
        self.assertEqual(registry_call("GET", f"{NAME}/files/manifests/again")[1], registry_call("GET", f"{NAME}/files/manifests/all")[1])
        self.assert_ok(peelbox("imagetools", "create", "-t", f"{home}:one", "--platform", "arm64", f"{home}:all"))
        self.assertEqual([m["digest"] for m in json.loads(peelbox("imagetools", "inspect", "--raw", f"{home}:one").out)["manifests"]], [entry["digest"]])
        for wrong, said in ((self.write("empty.json"), "it is empty"), (self.write("list.json", "{}"), "not the descriptor of an image"),
                            (self.write("size.json", json.dumps({**entry, "size": 1})), "says size 1"), (self.dir / "none", "none")):
            self.assert_fails(peelbox("imagetools", "create", "-t", f"{home}:bad", "-f", wrong), 4 if wrong.name == "none" else 2, said)
        self.assert_fails(peelbox("imagetools", "create", "-t", f"{home}:bad"), 2, "name the images to merge")
        self.assert_fails(peelbox("imagetools", "create", "-t", f"{home}:bad", "--platform", "s390x", f"{home}:all"), 2, "none of the images is for")


class Values(BedTest):
    """--format, beside buildx's."""

    def attested(self, name, platform="linux/amd64"):
        self.context({"Dockerfile": "FROM scratch\nLABEL a.b=c\nCOPY Dockerfile /\n"})
        self.assert_ok(peelbox("build", self.dir / "ctx", "-t", name, "--platform", platform, "--buildkit", bed("BUILDKITD"), "--provenance=mode=max",
                               "--sbom=true", "-o", "type=image,push=true,registry.insecure=true"))
        return name

    def several(self):
        """One of its two images is attested."""
        name = f"{bed('REGISTRY')}/{NAME}/values:several"
        self.assert_ok(peelbox("image", "merge", "-t", name, self.attested(f"{bed('REGISTRY')}/{NAME}/values:amd"), bed_image("linux/arm64")))
        return name

    def both(self, image, template):
        """What peelbox prints; the same as buildx."""
        ours = peelbox("imagetools", "inspect", image, "--format", template)
        self.assert_ok(ours)
        theirs = run([f"{bed('DIR')}/docker-config/cli-plugins/docker-buildx", "imagetools", "inspect", image, "--format", template],
                     env={"DOCKER_CONFIG": str(self.dir / "docker")})
        self.assertEqual(theirs.code, 0, str(theirs))
        if "json" in template:
            self.assertEqual(json.loads(ours.out), json.loads(theirs.out), template)
            return json.loads(ours.out)
        self.assertEqual(ours.out, theirs.out + "\n", template)
        return theirs.out

    def test_of_one_platform(self):
        image = self.attested(f"{bed('REGISTRY')}/{NAME}/values:one")
        self.assertIn("builder", self.both(image, "{{json .Provenance.SLSA}}"))
        self.assertEqual(self.both(image, "{{json .SBOM.SPDX}}")["SPDXID"], "SPDXRef-DOCUMENT")
        for template in ("{{json .Provenance}}", "{{json .SBOM}}", "{{ json .Manifest }}", "{{json .Image.Config}}", "{{json .Image.RootFS.DiffIDs}}",
                         "{{.Image.Config.Labels | json}}", "{{json (index .Manifest.Manifests 1).Annotations}}"):
            self.both(image, template)
        self.assertEqual(self.both(image, "{{index .Image.Config.Labels \"a.b\"}}"), "c")
        for template in ("{{index .Image.Config.Labels \"none\"}}", "{{ (index .Manifest.Manifests 0).Digest }}", "a {{- .Image.OS -}} b {{len .Manifest.Manifests}}",
                         "{{.Provenance.SLSA.buildType}} {{(index .SBOM.SPDX.creationInfo.creators 0)}}"):
            self.both(image, template)
        self.assertEqual(peelbox("image", "inspect", image, "--format", "{{println .Manifest.Size}}{{.Name}}").out.split("\n")[1:], [image, ""])

    def test_of_several_platforms(self):
        name = self.several()
        self.assertEqual(list(self.both(name, "{{json .Provenance}}")), ["linux/amd64"])
        self.assertEqual(list(self.both(name, "{{json .SBOM}}")["linux/amd64"]), ["SPDX"])
        for template in ("{{json (index .Provenance \"linux/amd64\")}}", "{{json (index .SBOM \"linux/amd64\").SPDX}}",
                         "{{json (index .SBOM \"linux/arm64\")}}", "{{json (index .SBOM \"linux/arm64\").SPDX}}", "{{ json (index .Image \"linux/amd64\").Config }}", "{{(index .Image \"linux/arm64\").Architecture}}"):
            self.both(name, template)
        for template, said in (("{{json (index .SBOM \"linux/s390x\").SPDX}}", "there are: linux/amd64, linux/arm64"), ("{{json .SBOM.SPDX}}", "write (index .SBOM"),
                               ("{{json .SLSA}}", "there is no .SLSA; there are: Name, Manifest"), ("{{range .Image}}{{end}}", "range is not possible")):
            self.assert_fails(peelbox("imagetools", "inspect", name, "--format", template), 2, "--format, column ", said)

    def test_an_index_without_platforms(self):
        several = self.several()
        index = json.loads(peelbox("image", "inspect", "--raw", several).out)
        for entry in index["manifests"]:
            if entry["platform"]["os"] != "unknown":
                del entry["platform"]
        registry_call("PUT", f"{NAME}/values/manifests/bare", json.dumps(index).encode(), INDEX)
        bare = f"{bed('REGISTRY')}/{NAME}/values:bare"
        for template in ("{{json .Image}}", "{{json .Provenance}}", "{{json .}}"):
            self.both(bare, template)
        self.assertEqual(list(self.both(bare, "{{json .Image}}")), ["linux/amd64", "linux/arm64"])

    def test_a_statement_that_is_another(self):
        """Nothing of it is printed; where nobody asks for it, it is not read."""
        registry = PrivateRegistry(self)
        image = f"{registry.address}/values:1"
        self.assert_ok(peelbox("image", "merge", "-t", image, self.attested(f"{bed('REGISTRY')}/{NAME}/values:broken")))
        index = json.loads(peelbox("image", "inspect", "--raw", image).out)
        manifest = json.loads(peelbox("image", "inspect", "--raw", f"{registry.address}/values@{index['manifests'][1]['digest']}").out)
        (layer,) = [one for one in manifest["layers"] if "slsa" in one["annotations"]["in-toto.io/predicate-type"]]
        (file,) = self.dir.glob(f"registry-*/data/docker/registry/v2/blobs/sha256/*/{layer['digest'].removeprefix('sha256:')}/data")
        file.write_bytes(file.read_bytes().replace(b"builder", b"bulider", 1))
        broken = peelbox("image", "inspect", image, "--format", "{{json .Provenance}}")
        self.assert_fails(broken, 3, layer["digest"], "what the registry sent is sha256:")
        self.assertEqual(broken.out, "")
        self.assert_ok(peelbox("image", "inspect", image, "--format", "{{json .SBOM}}"))


class Rights(BedTest):
    def merge(self, registry, **env):
        return peelbox("image", "merge", "-t", f"{registry.address}/team/app:1", bed_image("linux/amd64"), bed_image("linux/arm64"), env=env)

    def check(self, registry, **env):
        done = self.merge(registry, **env)
        self.assert_ok(done)
        # Within the registry, from one repository to another, by mounting.
        moved = peelbox("image", "merge", "-t", f"{registry.address}/other/app:2", f"{registry.address}/team/app:1", env=env)
        self.assert_ok(moved)
        self.assertEqual(moved.out, done.out)
        self.assertEqual(json.loads(peelbox("image", "inspect", "--json", f"{registry.address}/other/app:2", env=env).out)["digest"], done.out.strip())

    def test_a_password_over_tls_with_a_private_authority(self):
        registry = PrivateRegistry(self, "htpasswd", tls=True)
        xdg = certificates(self, registry.address)
        self.check(registry, DOCKER_CONFIG=docker_config(self, registry), XDG_CONFIG_HOME=xdg)
        self.assert_fails(self.merge(registry, XDG_CONFIG_HOME=xdg), 1, "401", f"docker login {registry.address}")
        self.assert_fails(self.merge(registry, XDG_CONFIG_HOME=xdg, DOCKER_CONFIG=docker_config(self, registry, password="wrong", name="wrong")), 1, "401")

    def test_tokens_by_form_and_by_query(self):
        for forms in (True, False):
            server = TokenServer(self, forms=forms)
            registry = PrivateRegistry(self, server, tls=True)
            xdg = certificates(self, registry.address, server.realm.split("/")[2])
            self.check(registry, DOCKER_CONFIG=docker_config(self, registry), XDG_CONFIG_HOME=xdg)
            scopes = {s for _, asked, _ in server.asked if asked for s in asked}
            self.assertIn("repository:team/app:pull,push", scopes)
            self.assertIn("repository:other/app:pull,push", scopes)
            # Without a login what may be pulled is pulled, and nothing is pushed.
            self.assert_ok(peelbox("image", "inspect", f"{registry.address}/team/app:1", env={"XDG_CONFIG_HOME": xdg}))
            self.assert_fails(peelbox("image", "merge", "-t", f"{registry.address}/team/app:2", f"{registry.address}/team/app:1",
                                      env={"XDG_CONFIG_HOME": xdg}), 1, "401")

    def test_a_loopback_registry_with_a_certificate_that_nobody_knows(self):
        registry = PrivateRegistry(self, "htpasswd", tls=True)
        self.check(registry, DOCKER_CONFIG=docker_config(self, registry))
