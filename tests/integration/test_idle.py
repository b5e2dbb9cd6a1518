"""Connections on which nothing passes: proxies that close them, networks that drop packets, a client that was suspended."""

import select
import signal
import socket
import subprocess
import threading
import time
from urllib.parse import urlparse

from bed import BUILD_IMAGE, LLB_TOOL, BedTest, Running, bed


class Proxy:
    """TCP on the loopback interface before a daemon, with what middleboxes do to idle connections."""

    def __init__(self, test, daemon, close_idle_after=None):
        self.daemon = daemon
        self.close_idle_after = close_idle_after
        self.closed = 0  # for being idle
        self.dropping = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        test.addCleanup(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(near, self.dial()), daemon=True).start()

    def dial(self):
        where = urlparse(self.daemon)
        if where.scheme == "unix":
            far = socket.socket(socket.AF_UNIX)
            far.connect(where.path)
            return far
        return socket.create_connection((where.hostname, where.port))

    def carry(self, near, far):
        with near, far:
            last = time.monotonic()
            while True:
                readable, _, _ = select.select([near, far], [], [], 0.2)
                for side in readable:
                    try:
                        data = side.recv(1 << 16)
                        if not data:
                            return
                        if not self.dropping:
                            (far if side is near else near).sendall(data)
                    except OSError:
                        return
                    last = time.monotonic()
                if self.close_idle_after and time.monotonic() - last > self.close_idle_after:
                    self.closed += 1
                    return


class Idle(BedTest):
    def quiet_build(self, address, seconds, *flags):
        """A build whose step prints one line and is then silent."""
        definition = self.dir / "sleep.llb"
        made = subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, str(seconds)], capture_output=True, timeout=30)
        definition.write_bytes(made.stdout)
        build = Running(self, "build", "--llb", definition, "--tag", "it:quiet", "--output",
                        f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--no-cache", "--buildkit", address,
                        *flags)
        build.wait_for_text("sleeping")
        return build

    def test_a_proxy_that_closes_idle_connections(self):
        proxy = Proxy(self, bed("BUILDKITD"), close_idle_after=8)
        build = self.quiet_build(proxy.address, 30)
        self.assertEqual(build.wait(90), 0, build.text())
        self.assertEqual(proxy.closed, 0, "every connection has to say something")

    def test_a_network_that_drops_packets(self):
        proxy = Proxy(self, bed("BUILDKITD"))
        build = self.quiet_build(proxy.address, 120, "--silence-limit", "12")
        proxy.dropping = True
        start = time.monotonic()
        self.assertEqual(build.wait(90), 75, build.text())
        self.assertLess(time.monotonic() - start, 45)
        self.assertIn("has been silent for 12 s", build.text())
        self.assertIn("running:", build.text())
        self.assert_nothing_left()

    def test_a_client_that_was_suspended(self):
        build = self.quiet_build(bed("BUILDKITD"), 300, "--silence-limit", "12")
        build.process.send_signal(signal.SIGSTOP)
        time.sleep(45)  # the daemon gives a session up that misses two checks of 15 s
        build.process.send_signal(signal.SIGCONT)
        self.assertIn(build.wait(60), (1, 75), build.text())
        self.assertNotIn("rule of HTTP/2", build.text())
        self.assertNotIn("silent", build.text())

    def test_a_client_that_was_suspended_for_a_moment(self):
        build = self.quiet_build(bed("BUILDKITD"), 25, "--silence-limit", "12")
        build.process.send_signal(signal.SIGSTOP)
        time.sleep(14)  # beyond our limit, within the daemon's
        build.process.send_signal(signal.SIGCONT)
        self.assertEqual(build.wait(90), 0, build.text())
