"""What a person gets for a wrong command line: what is wrong, where, what to do, and the right exit code."""

import json
import os
import pty
import select
import socket
import subprocess

from bed import PEELBOX, BedTest, bed, clean_environment, peelbox, wait_for


class Usage(BedTest):
    def test_no_command_shows_help(self):
        self.assert_fails(peelbox(), 2, "--help")

    def test_unknown_flag(self):
        self.assert_fails(peelbox("build", "--speck", "x"), 2, "--speck")

    def test_missing_spec_names_detect(self):
        self.assert_fails(peelbox("build", "--tag", "x"), 2, "--spec", "peelbox detect")

    def test_missing_tag(self):
        self.assert_fails(peelbox("build", "--spec", self.spec()), 2, "--tag")

    def test_bad_tag(self):
        self.assert_fails(peelbox("build", "--spec", self.spec(), "--tag", "UPPER CASE", "--output", "type=oci,dest=x"),
                          2, "UPPER CASE")

    def test_spec_that_is_not_there(self):
        self.assert_fails(self.build(spec=self.dir / "none.json"), 2, "none.json", "No such file")

    def test_spec_that_is_not_json(self):
        self.assert_fails(self.build(spec=self.write("bad.json", '{"version": "1.0",\n "build": [}')), 2, "bad.json:2")

    def test_spec_with_a_wrong_type_names_line_and_key(self):
        spec = self.write("bad.json", '{\n "runtime": {\n  "ports": ["80a"]\n }\n}')
        self.assert_fails(self.build(spec=spec), 2, "bad.json:3", "runtime.ports[0]")

    def test_several_services_need_a_name(self):
        one = json.loads(self.spec().read_text())
        two = json.loads(json.dumps(one))
        two["metadata"]["project_name"] = "other"
        spec = self.write("two.json", json.dumps([one, two]))
        self.assert_fails(self.build(spec=spec), 2, "--service", "it", "other")

    def test_context_that_is_not_there(self):
        self.assert_fails(self.build(context=self.dir / "none"), 4, "none", "No such file")

    def test_output_without_type(self):
        self.assert_fails(self.build(output="dest=image.tar"), 2, "type= is missing", "type=oci,dest=FILE")

    def test_output_directory_that_is_not_there(self):
        self.assert_fails(self.build(output=f"type=oci,dest={self.dir}/no/image.tar"), 4, "no/image.tar")

    def test_the_first_output_waits_for_nobody(self):
        """The daemon's socket takes connections and nothing ever comes from it, so what is seen depends on the client alone."""
        for mode, expected in (("plain", b"#0 connecting to unix://"), ("tty", b"[+] Building ")):
            with self.subTest(mode=mode), socket.socket(socket.AF_UNIX) as server:
                address = self.dir / f"{mode}.sock"
                server.bind(str(address))
                server.listen(8)
                master, slave = pty.openpty()
                self.addCleanup(os.close, master)
                child = subprocess.Popen([PEELBOX, "build", "--spec", self.spec(), "--tag", "x", "--context", self.context(),
                                          "--output", "type=cacheonly", "--progress", mode, "--buildkit", f"unix://{address}"],
                                         stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                                         env=clean_environment({"TERM": "xterm-256color"}))
                os.close(slave)
                self.addCleanup(lambda: (child.kill(), child.wait()))
                seen = b""
                def more():
                    nonlocal seen
                    if select.select([master], [], [], 0.1)[0]:
                        seen += os.read(master, 65536)
                    return expected in seen
                wait_for(more, f"{expected}", 60)
                self.assertIsNone(child.poll())
                server.close()  # refuses what nobody accepted
                def ended():
                    nonlocal seen
                    try:
                        more()
                    except OSError:  # the last one has closed the terminal
                        pass
                    return child.poll() is not None
                wait_for(ended, "the end", 60)
                self.assertEqual(child.returncode, 3)

    def test_wrong_address_shows_an_example(self):
        self.assert_fails(self.build(daemon="buildkitd.sock"), 2, "buildkitd.sock", "unix://")

    def test_no_daemon(self):
        self.assert_fails(self.build(daemon=f"unix://{self.dir}/none.sock"), 3, "none.sock")

    def test_other_services_are_told_from_daemons(self):
        docker = self.build(daemon=bed("DOCKER"))
        self.assert_fails(docker, 3, f"error: {bed('DOCKER')}: the peer", "docker://", "DOCKER_HOST=" + bed("DOCKER"))
        self.assertNotIn("failed   after", docker.err)
        self.assert_fails(self.build(daemon="tcp://" + bed("REGISTRY")), 3, "tcp://" + bed("REGISTRY"), "another service")

    def test_default_sockets_are_listed_when_none_works(self):
        outcome = peelbox("build", "--spec", self.spec(), "--tag", "x", "--context", self.context(), "--output",
                          f"type=oci,dest={self.dir}/x.tar", env={"XDG_RUNTIME_DIR": str(self.dir)})
        self.assert_fails(outcome, 3, "unix:///run/buildkit/buildkitd.sock", f"{self.dir}/buildkit/buildkitd.sock")

    def test_old_daemon_is_refused_with_versions(self):
        self.assert_fails(self.build(daemon=bed("OLD_BUILDKITD")), 3, "v0.11.0", "too old", "upgrade")
        self.assert_nothing_left()

    def test_frontend_is_gone(self):
        self.assert_fails(peelbox("frontend"), 2, "gone", "peelbox build")

    def test_version(self):
        outcome = peelbox("--version")
        self.assertEqual((outcome.code, outcome.err), (0, ""))
        self.assertRegex(outcome.out, r"^peelbox \d+\.\d+\.\d+( \([0-9a-f]+\+?\))?\n$")
