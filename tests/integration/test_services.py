"""Several services of one spec in one build."""

import json
import os

from bed import BUILD_IMAGE, RUNTIME_IMAGE, BedTest, OciArchive, bed, peelbox, sent


class Services(BedTest):
    def services_spec(self, services):
        """services: name -> list of commands; each image gets the file /opt/NAME."""
        document = [{
            "version": "1.0",
            "metadata": {"project_name": name, "language": "Shell", "build_system": "none"},
            "build": {"commands": commands},
            "runtime": {"copy": [{"from": name, "to": f"/opt/{name}"}], "command": ["/bin/cat", f"/opt/{name}"]},
        } for name, commands in services.items()]
        return self.write("services.json", json.dumps(document))

    def build_services(self, spec, *arguments, output="type=cacheonly", progress="plain", **how):
        return peelbox("build", "--spec", spec, "--context", self.dir / "ctx", "--output", output, "--build-image",
                       BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE, "--progress", progress, "--buildkit",
                       bed("BUILDKITD"), *arguments, timeout=180, **how)

    def test_ten_services_take_a_context_of_100_MB_once(self):
        self.context({f"data/{i}": os.urandom(10_000_000) for i in range(10)})
        spec = self.services_spec({f"s{i}": [f"cat data/* | wc -c > s{i}"] for i in range(10)})
        outcome = self.build_services(spec, "--all", "--tag", "it-{service}:1")
        self.assert_ok(outcome)
        self.assertEqual(sent(outcome), (10, 10))
        self.assertIn("100.0 MB", outcome.err)
        self.assertIn("services 10 built, 0 failed", outcome.err)
        numbers = {l.split()[0] for l in outcome.err.splitlines() if l.endswith(" load build context")}
        self.assertEqual(len(numbers), 1, "one display line for the shared step")
        # Large and really sent: one word about it, with the line to add.
        warnings = [l for l in outcome.err.splitlines() if l.startswith("warning: the context is large")]
        self.assertEqual(len(warnings), 1, str(outcome))
        self.assertIn("data/ (100 MB)", warnings[0])
        self.assertIn(".dockerignore: data", warnings[0])
        # The second time nothing is sent, so nothing is said.
        again = self.build_services(spec, "--all", "--tag", "it-{service}:1")
        self.assert_ok(again)
        self.assertEqual(sent(again), (0, 10))
        self.assertNotIn("the context is large", again.err)

    def test_each_service_has_its_own_image(self):
        self.context({"f": "x"})
        names = ["one", "two", "three"]
        spec = self.services_spec({n: [f"echo {n} > {n}"] for n in names})
        outcome = self.build_services(spec, "--all", "--tag", "it/{service}:1", "--tag", "two=other:2",
                                      output=f"type=oci,dest={self.dir}/out/{{service}}.tar")
        self.assert_ok(outcome)
        self.assertEqual(sent(outcome), (1, 1))
        for name in names:
            archive = OciArchive(self.dir / f"out/{name}.tar")
            self.assertIn(f"opt/{name}", archive.layer_names())
            self.assertEqual(archive.config()["config"]["Entrypoint"], ["/bin/cat", f"/opt/{name}"])
            self.assertEqual(len(archive.predicates()), 2)
            line = next(l for l in outcome.err.splitlines() if l.startswith(f"service  {name}"))
            self.assertIn("other:2" if name == "two" else f"it/{name}:1", line)
            self.assertIn(archive.index["manifests"][0]["digest"], line)
            self.assertIn(f"[{name}] ", outcome.err)

    def test_chosen_services_and_quiet(self):
        self.context({"f": "x"})
        spec = self.services_spec({n: [f"echo {n} > {n}"] for n in ("a", "b", "c")})
        outcome = self.build_services(spec, "-q", "--service", "a", "--service", "c", "--tag", "a=x:1", "--tag", "c=y:1",
                                      output=f"type=oci,dest={self.dir}/{{service}}.tar", progress="quiet")
        self.assert_ok(outcome)
        self.assertRegex(outcome.out, r"^a sha256:\w{64}\nc sha256:\w{64}\n$")
        self.assertFalse((self.dir / "b.tar").exists())

    def test_a_failing_service_does_not_stop_the_others(self):
        self.context({"f": "x"})
        spec = self.services_spec({"good": ["echo 1 > good"], "bad": ["echo cause >&2; exit 7"]})
        outcome = self.build_services(spec, "--all", "--tag", "{service}:1",
                                      output=f"type=tar,dest={self.dir}/out/{{service}}.tar")
        self.assert_fails(outcome, 1, "error: service bad:", "exit 7", "services 1 built, 1 failed")
        self.assertTrue((self.dir / "out/good.tar").exists())
        self.assertFalse((self.dir / "out/bad.tar").exists())
        self.assertEqual([p.name for p in (self.dir / "out").iterdir()], ["good.tar"])

    def test_outputs_inside_the_context_are_not_sent(self):
        self.context({"f": "x", "out/a.tar": "earlier", "out/keep": "source"})
        spec = self.services_spec({n: [f"ls out > {n}"] for n in ("a", "b")})
        outcome = self.build_services(spec, "--all", "--tag", "{service}:1",
                                      output=f"type=tar,dest={self.dir}/ctx/out/{{service}}.tar")
        self.assert_ok(outcome)
        self.assertEqual(sent(outcome)[1], 2)

    def test_copies_without_commands_take_only_what_they_name(self):
        files = {f"other/{i}": "x" for i in range(50)}
        self.context({**files, "web/a.html": "a", "web/b.css": "b", "conf/c": "c"})
        (self.dir / "ctx/link").symlink_to("conf")
        document = [{"version": "1.0", "metadata": {"project_name": n}, "runtime": {
            "copy": [{"from": f, "to": "/srv/"}], "command": ["/bin/true"]}}
            for n, f in (("html", "web/*.html"), ("conf", "link/c"))]
        spec = self.write("selective.json", json.dumps(document))
        outcome = self.build_services(spec, "--all", "--tag", "{service}:1",
                                      output=f"type=local,dest={self.dir}/out/{{service}}")
        self.assert_ok(outcome)
        self.assertEqual(sent(outcome), (2, 2))
        self.assertEqual((self.dir / "out/html/srv/a.html").read_text(), "a")
        self.assertEqual((self.dir / "out/conf/srv/c").read_text(), "c")

    def test_flags_that_do_not_go_together(self):
        self.context({"f": "x"})
        spec = self.services_spec({"a": ["true"], "b": ["true"]})
        self.assert_fails(self.build_services(spec, "--all", "--tag", "x:1"), 2, "{service}")
        self.assert_fails(self.build_services(spec, "--all", "--service", "a", "--tag", "x:1"), 2, "--all and --service")
        self.assert_fails(self.build_services(spec, "--tag", "x:1"), 2, "a", "b")
        self.assert_fails(self.build_services(spec, "--service", "a", "--service", "a", "--tag", "x:1"), 2, "twice")
