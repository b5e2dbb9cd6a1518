"""A daemon that is lost in the middle of a build, and comes back or does not."""

import os
import signal
import socket
import subprocess
import threading

from bed import *


class CutRelay:
    """A unix socket in front of a daemon. cut() breaks what goes through; while it is closed nobody gets through."""

    def __init__(self, test, target):
        self.path = f"{test.dir}/relay.sock"
        self.address = f"unix://{self.path}"
        self.target = target.removeprefix("unix://")
        self.closed = False
        self.pairs = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        test.addCleanup(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.closed:
                client.close()
                continue
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(self.target)
            self.pairs.append((client, daemon))
            for a, b in ((client, daemon), (daemon, client)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, a, b):
        try:
            while data := a.recv(1 << 16):
                b.sendall(data)
        except OSError:
            pass
        for one in (a, b):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self, only=None):
        pairs, self.pairs = self.pairs, []
        for number, pair in enumerate(pairs):
            if only is not None and number != only:
                continue
            for one in pair:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class Retry(BedTest):
    def start(self, daemon, command, *flags, output=None):
        spec = self.spec(build={"commands": ["test -f name.txt", command, "cp name.txt out.txt"]}, runtime={"copy": [{"from": "out.txt", "to": "/out.txt"}]})
        return Running(self, "build", "--spec", spec, "--tag", "it:retry", "--context", self.context({"name.txt": "x"}), "--output",
                       output or f"type=oci,dest={self.dir}/image.tar", "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE,
                       "--progress", "plain", "--buildkit", daemon, *flags)

    def gated(self, relay, *flags, output=None):
        """A build that waits in a step; the second time that the step runs it goes on at once."""
        gate = Gate(self)
        build = self.start(relay.address, f"{gate.command}; : {time.time_ns()}", *flags, output=output)
        gate.wait_for_step()
        return gate, build

    def test_a_cut_connection_is_recovered(self):
        relay = CutRelay(self, bed("BUILDKITD"))
        gate, build = self.gated(relay, "--retry", "3", "--ref-file", f"{self.dir}/ref")
        relay.cut()
        gate.wait_for_step()
        gate.open()
        self.assertEqual(build.wait(120), 0, build.text())
        self.assertIn("was lost during the build", build.text())
        self.assertIn("(1 of 3)", build.text())
        OciArchive(f"{self.dir}/image.tar").config()
        ref = (self.dir / "ref").read_text()
        self.assertEqual(peelbox("history", "inspect", ref, "--buildkit", bed("BUILDKITD")).code, 0)

    def test_a_cut_session_is_recovered(self):
        relay = CutRelay(self, bed("BUILDKITD"))
        gate, build = self.gated(relay, "--retry", "1")
        relay.cut(only=1)
        gate.wait_for_step()
        gate.open()
        self.assertEqual(build.wait(120), 0, build.text())
        self.assertIn("dropped the session", build.text())

    def test_a_daemon_that_does_not_come_back(self):
        relay = CutRelay(self, bed("BUILDKITD"))
        _, build = self.gated(relay, "--retry", "2")
        relay.closed = True
        relay.cut()
        self.assertEqual(build.wait(120), 75, build.text())
        last = [line for line in build.text().splitlines() if line.startswith("error: ")][0]
        self.assertIn("was lost during the build", last)
        self.assertIn("tried again 2 times, the last time: ", last)
        self.assert_nothing_left()

    def test_without_the_flag_there_is_one_try(self):
        relay = CutRelay(self, bed("BUILDKITD"))
        _, build = self.gated(relay)
        relay.cut()
        self.assertEqual(build.wait(60), 75, build.text())
        self.assertNotIn("trying again", build.text())

    def test_a_build_that_fails_is_not_tried_again(self):
        build = self.start(bed("BUILDKITD"), f"false; : {time.time_ns()}; exit 1", "--retry", "3")
        self.assertEqual(build.wait(120), 1, build.text())
        self.assertNotIn("trying again", build.text())

    def test_a_daemon_that_is_killed_and_started_again(self):
        daemon = PrivateDaemon(self, "retry")
        gate = Gate(self)
        build = self.start(daemon.address, f"{gate.command}; : {time.time_ns()}", "--retry", "8")
        gate.wait_for_step()
        daemon.signal(signal.SIGKILL)
        build.wait_for_text("trying again")
        daemon.command("kill")
        self.assertEqual(daemon.command("start").returncode, 0)
        gate.wait_for_step()
        gate.open()
        self.assertEqual(build.wait(180), 0, build.text())
        OciArchive(f"{self.dir}/image.tar").config()

    def test_an_interrupt_ends_the_wait(self):
        relay = CutRelay(self, bed("BUILDKITD"))
        _, build = self.gated(relay, "--retry", "50")
        relay.closed = True
        relay.cut()
        build.wait_for_text("(4 of 50)")
        build.process.send_signal(signal.SIGINT)
        self.assertEqual(build.wait(20), 130, build.text())


if __name__ == "__main__":
    unittest.main()
