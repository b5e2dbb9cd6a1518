"""The daemon's build history, attach, and what becomes of a build whose client goes away."""

import json
import os
import signal

import grpc

from bed import BedTest, BUILD_IMAGE, Gate, PrivateDaemon, Running, RUNTIME_IMAGE, peelbox, wait_for


class History(BedTest):
    def setUp(self):
        super().setUp()
        # A name of its own: a daemon of the same name finds the builds of the one before.
        self.daemon = PrivateDaemon(self, "history-" + self._testMethodName[-8:])

    def history(self, *arguments, **how):
        return peelbox("history", *arguments, "--buildkit", self.daemon.address, **how)

    def run_command(self, command):
        spec = self.spec(build={"commands": [command]}, runtime={"copy": [{"from": "hello", "to": "/hello"}]})
        return self.build("--sbom=false", spec=spec, context=self.context({"hello": "hello"}), daemon=self.daemon.address)

    def records(self):
        out = self.history("ls", "--json")
        self.assert_ok(out)
        return json.loads(out.out)

    def start(self, gate, *arguments):
        """A build in the background that has reached the gate, and its ref."""
        spec = self.spec(build={"commands": [gate.command]}, runtime={"copy": [{"from": "hello", "to": "/hello"}]})
        running = Running(self, "build", "--spec", spec, "--tag", "it:attach", "--context", self.context({"hello": "hello"}),
                          "--output", f"type=oci,dest={self.dir}/image.tar", "--build-image", BUILD_IMAGE,
                          "--runtime-image", RUNTIME_IMAGE, "--progress", "plain", "--buildkit", self.daemon.address,
                          "--sbom=false", *arguments)
        gate.wait_for_step()
        active = [r for r in self.records() if r["state"] == "running"]
        self.assertEqual(len(active), 1)
        return running, active[0]["ref"]

    def test_list_inspect_logs_remove(self):
        good = self.run_command("echo sa''id-this")
        self.assert_ok(good)
        bad = self.run_command("echo bro''ken; exit 7")
        self.assertEqual(bad.code, 1)
        records = wait_for(lambda: [r for r in [self.records()] if len(r) == 2 and r[0]["state"] != "running"], "records")[0]
        self.assertEqual([r["state"] for r in records], ["failed", "built"])  # newest first
        failed, built = records
        self.assertIn("exit code: 7", failed["error"]["message"])
        # v0.13 records neither the outputs nor the digest.
        self.assertIn("Entrypoint", built["result"]["containerimage.config"])
        self.assertGreater(built["seconds"], 0)
        self.assertGreater(built["steps"]["total"], 2)

        table = self.history("ls")
        self.assertEqual(len(table.out.splitlines()), 3, table)
        self.assertRegex(table.out, rf"{built['ref']} +built ")

        details = self.history("inspect", built["ref"][:12])
        self.assert_ok(details)
        self.assertIn("containerimage.config=", details.out)
        self.assertRegex(details.out, r"(?m)^state +built$")
        self.assertEqual(json.loads(self.history("inspect", "latest", "--json").out)["ref"], failed["ref"])

        logs = self.history("logs", built["ref"], "--progress", "plain")
        self.assert_ok(logs)
        self.assertIn("said-this", logs.out)
        self.assertIn("broken", self.history("logs", "--progress", "plain").out)
        raw = self.history("logs", built["ref"], "--progress", "rawjson")
        names = [v.get("name", "") for line in raw.out.splitlines() for v in json.loads(line).get("vertexes", [])]
        self.assertTrue(any("said-this" in n or "sa''id-this" in n for n in names), names)

        self.assert_fails(self.history("inspect", "nothing-like-it"), 2, "knows no build")
        self.assert_fails(self.history("rm"), 2, "--all")
        self.assert_ok(self.history("rm", failed["ref"]))
        self.assertEqual([r["ref"] for r in self.records()], [built["ref"]])
        gone = self.history("rm", "--all")
        self.assertEqual(gone.out.split(), [built["ref"]])
        self.assertEqual(self.records(), [])
        self.assert_fails(self.history("logs"), 2, "remembers no build")

    def test_attach_follows_a_running_build(self):
        gate = Gate(self)
        running, ref = self.start(gate)
        attached = Running(self, "attach", ref[:10], "--progress", "plain", "--buildkit", self.daemon.address)
        attached.wait_for_text("step begins")
        gate.open()
        self.assertEqual(attached.wait(), 0, attached.text())
        self.assertIn("step ends", attached.text())
        self.assertIn(f"build {ref} built", attached.text())
        self.assertEqual(running.wait(), 0, running.text())
        again = peelbox("attach", ref, "--progress", "plain", "--buildkit", self.daemon.address)
        self.assert_ok(again)
        self.assertIn("step ends", again.err)
        self.assert_fails(peelbox("attach", "--buildkit", self.daemon.address), 2, "no build is running")

    def test_leaving_does_not_disturb_the_build(self):
        gate = Gate(self)
        running, ref = self.start(gate)
        attached = Running(self, "attach", "--progress", "plain", "--buildkit", self.daemon.address)
        attached.wait_for_text("step begins")
        attached.process.send_signal(signal.SIGINT)
        self.assertEqual(attached.wait(), 130, attached.text())
        self.assertIn("left; the build goes on", attached.text())
        gate.open()
        self.assertEqual(running.wait(), 0, running.text())
        self.assertEqual(self.records()[0]["state"], "built")

    def test_a_build_ends_with_its_client(self):
        """Why `--detach` is refused: the context has been sent, nothing more is needed from the client."""
        gate = Gate(self)
        running, ref = self.start(gate)
        running.process.kill()
        self.assertEqual(gate.step.recv(1), b"", "the step was ended")
        wait_for(lambda: [r for r in self.records() if r["ref"] == ref and r["state"] != "running"], "the record")
        # The daemon does not always keep why a build ended; what the step printed it keeps.
        logs = self.history("logs", ref, "--progress", "plain")
        self.assert_ok(logs)
        self.assertIn("step begins", logs.out)
        self.assertNotIn("step ends", logs.out)

    def test_provenance_that_cannot_be_read_is_a_warning(self):
        """Somebody deletes the record of a running build; a daemon keeps the name as deleted while it is listened to."""
        gate = Gate(self)
        running, ref = self.start(gate, "--metadata-file", self.dir / "meta.json")
        name = bytes([len(ref)]) + ref.encode()
        with grpc.insecure_channel(self.daemon.address) as channel:
            control = "/moby.buildkit.v1.Control/"
            listening = channel.unary_stream(control + "ListenBuildHistory")(b"\x12" + name, timeout=120)
            next(listening)
            channel.unary_unary(control + "UpdateBuildHistory")(b"\x0a" + name + b"\x18\x01", timeout=60)
            gate.open()
            self.assertEqual(running.wait(), 0, running.text())
        self.assertRegex(running.text(), f"(?m)^warning: the metadata file is without buildx.build.provenance: .*{ref} is deleted")
        self.assertEqual(running.text().count("warning:"), 1, running.text())
        meta = json.loads((self.dir / "meta.json").read_text())
        self.assertEqual(meta["buildx.build.ref"], ref)
        self.assertNotIn("buildx.build.provenance", meta)

    def test_detach_is_refused_with_the_reason(self):
        refused = self.build("--detach", daemon=self.daemon.address)
        self.assert_fails(refused, 2, "cancels a build as soon as the client", "peelbox attach")
        self.assertEqual(self.records(), [])

    def test_daemons_without_a_history(self):
        old = peelbox("history", "ls", "--buildkit", os.environ["PEELBOX_TB_OLD_BUILDKITD"])
        self.assert_fails(old, 3, "too old")
