"""The same build over every transport, and what a person sees when the connection is wrong."""

import signal
import socket
import subprocess
import threading

from bed import LLB_TOOL, BedTest, PrivateDaemon, Running, BUILD_IMAGE, bed, summary


class Transports(BedTest):
    def tls(self, ca="ca.pem", cert="client-cert.pem", key="client-key.pem"):
        certs = bed("CERTS")
        flags = []
        if ca:
            flags += ["--tlscacert", f"{certs}/{ca}"]
        if cert:
            flags += ["--tlscert", f"{certs}/{cert}", "--tlskey", f"{certs}/{key}"]
        return flags

    # labels: sanitized
    def test_same_image_over_unix_tcp_and_mtls(self):
        self.context({"f": "same"})
        copy = {"copy": [{"from": "f", "to": "/f"}]}
        digests = set()
        for daemon, flags in [(bed("BUILDKITD"), []), (bed("BUILDKITD_TCP"), []), (bed("BUILDKITD_TLS"), self.tls())]:
            outcome = self.build("--no-sbom", "--no-provenance", *flags, spec=self.spec(runtime=copy), daemon=daemon,
                                 output=f"type=oci,dest={self.dir}/image.tar")
            self.assert_ok(outcome)
            digests.add(summary(outcome)["digest"])
        self.assertGreaterEqual(len(digests), 1)

    def test_localhost_by_name(self):
        port = bed("BUILDKITD_TCP").rsplit(":", 1)[1]
        self.assert_ok(self.build(daemon=f"tcp://localhost:{port}"))

    # labels: sanitized
    def test_wrong_ca(self):
        self.assert_fails(self.build(*self.tls(ca="otherca.pem"), daemon=bed("BUILDKITD_TLS")), 3, "otherca.pem", "signed")
        self.assert_nothing_left()

    def test_wrong_server_name(self):
        outcome = self.build(*self.tls(), "--tlsservername", "elsewhere.example", daemon=bed("BUILDKITD_TLS"))
        self.assert_fails(outcome, 3, "elsewhere.example", "localhost")

    # labels: sanitized
    def test_missing_client_certificate(self):
        outcome = self.build(*self.tls(cert=None), daemon=bed("BUILDKITD_TLS"))
        self.assert_fails(outcome, 3, "client certificate", "--tlscert")

    def test_client_certificate_of_another_ca(self):
        outcome = self.build(*self.tls(cert="bad-cert.pem", key="bad-key.pem"), daemon=bed("BUILDKITD_TLS"))
        self.assert_fails(outcome, 3, "certificate")

    def test_tls_to_a_plain_daemon(self):
        self.assert_fails(self.build(*self.tls(), daemon=bed("BUILDKITD_TCP")), 3, "TLS")

    def test_plain_to_a_tls_daemon(self):
        self.assert_fails(self.build(daemon=bed("BUILDKITD_TLS")), 3, "TLS")

    def test_certificate_without_key(self):
        outcome = self.build("--tlscert", f"{bed('CERTS')}/client-cert.pem", daemon=bed("BUILDKITD_TLS"))
        self.assert_fails(outcome, 2, "--tlskey")

    def test_connection_refused(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.assert_fails(self.build(daemon=f"tcp://127.0.0.1:{port}"), 3, f"127.0.0.1:{port}", "refused")

    def listener(self, answer):
        """A TCP server that answers every connection with some bytes; None keeps silent."""
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen()
        self.addCleanup(server.close)
        kept = []

        def serve():
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                kept.append(peer)
                if answer is not None:
                    peer.recv(1)
                    peer.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"

    # labels: sanitized
    def test_peer_that_speaks_http1(self):
        address = self.listener(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        self.assert_fails(self.build(daemon=address), 3, "HTTP/1")

    def test_peer_that_talks_nonsense(self):
        self.assert_fails(self.build(daemon=self.listener(b"220 mail.example ESMTP\r\n" * 10)), 3, "HTTP/2")

    def test_peer_that_says_nothing(self):
        outcome = self.build(daemon=self.listener(None), timeout=60)
        self.assert_fails(outcome, 3, "HTTP/2")
        self.assertLess(outcome.seconds, 45)


class BrokenDaemons(BedTest):
    def sleeping_build(self, daemon, *flags):
        definition = self.dir / "sleep.llb"
        made = subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, "300"], capture_output=True, timeout=30)
        definition.write_bytes(made.stdout)
        return Running(self, "build", "--llb", definition, "--tag", "it:sleep", "--output",
                       f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--buildkit", daemon.address, *flags)

    # labels: sanitized
    def test_daemon_killed_in_the_middle(self):
        daemon = PrivateDaemon(self, "killed")
        build = self.sleeping_build(daemon)
        build.wait_for_text("sleeping")
        daemon.signal(signal.SIGKILL)
        self.assertEqual(build.wait(60), 75, build.text())
        self.assertIn("connection", build.text())
        self.assertIn("running:", build.text())
        self.assertIn(daemon.address, build.text())
        self.assert_nothing_left()

    def test_daemon_that_stops_reading(self):
        daemon = PrivateDaemon(self, "frozen")
        build = self.sleeping_build(daemon, "--silence-limit", "15")
        build.wait_for_text("sleeping")
        daemon.signal(signal.SIGSTOP)
        self.assertEqual(build.wait(90), 75, build.text())
        self.assertIn("silent", build.text())
        daemon.signal(signal.SIGCONT)
        self.assert_nothing_left()

    def test_daemon_frozen_during_the_upload(self):
        daemon = PrivateDaemon(self, "frozen-upload")
        tree = self.dir / "tree"
        tree.mkdir()
        with open(tree / "big", "wb") as f:
            f.truncate(4 << 30)  # sparse: reading is fast, and the daemon takes seconds to write it
        made = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30)
        self.write("def.llb", made.stdout)
        build = Running(self, "build", "--llb", self.dir / "def.llb", "--local", f"context={tree}", "--tag", "x",
                        "--output", f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--buildkit",
                        daemon.address, "--silence-limit", "12")
        build.wait_for_text("transferring context")
        daemon.signal(signal.SIGSTOP)
        self.assertEqual(build.wait(60), 75, build.text())
        self.assertIn("silent", build.text())
        daemon.signal(signal.SIGCONT)
        self.assert_nothing_left()

    def test_daemon_frozen_before_the_build(self):
        daemon = PrivateDaemon(self, "frozen-early")
        daemon.signal(signal.SIGSTOP)
        build = self.sleeping_build(daemon, "--silence-limit", "15")
        self.assertEqual(build.wait(90), 3, build.text())
        daemon.signal(signal.SIGCONT)

    def test_daemon_terminated_politely(self):
        daemon = PrivateDaemon(self, "terminated")
        build = self.sleeping_build(daemon)
        build.wait_for_text("sleeping")
        daemon.signal(signal.SIGTERM)
        self.assertIn(build.wait(60), (1, 75), build.text())
        self.assert_nothing_left()


class Interrupts(BedTest):
    def start(self, daemon):
        definition = self.dir / "sleep.llb"
        made = subprocess.run([LLB_TOOL, "sleep", BUILD_IMAGE, "300"], capture_output=True, timeout=30)
        definition.write_bytes(made.stdout)
        build = Running(self, "build", "--llb", definition, "--tag", "it:sleep", "--output",
                        f"type=oci,dest={self.dir}/image.tar", "--progress", "plain", "--buildkit", daemon)
        build.wait_for_text("sleeping")
        return build

    # labels: sanitized
    def test_interrupt_cancels_the_build_on_the_daemon(self):
        build = self.start(bed("BUILDKITD"))
        build.process.send_signal(signal.SIGINT)
        self.assertEqual(build.wait(30), 130, build.text())
        self.assertRegex(build.text(), "CANCELED|the daemon did not confirm that for 5 s")  # the latter on a very slow machine
        self.assert_nothing_left()

    def test_interrupt_with_a_frozen_daemon(self):
        daemon = PrivateDaemon(self, "unmoved")
        build = self.start(daemon.address)
        daemon.signal(signal.SIGSTOP)
        build.process.send_signal(signal.SIGINT)
        self.assertEqual(build.wait(60), 130, build.text())
        self.assertIn("cancelling the build; interrupt again to end at once\n", build.text())
        self.assertIn("the daemon did not confirm that for 5 s; it stops the build when it finds us gone\n", build.text())
        self.assertTrue(build.text().endswith("error: the build was interrupted\n"), build.text())
        self.assertNotIn("CANCELED", build.text())
        daemon.signal(signal.SIGCONT)
        self.assert_nothing_left()

    def test_terminate(self):
        build = self.start(bed("BUILDKITD"))
        build.process.send_signal(signal.SIGTERM)
        self.assertEqual(build.wait(30), 143, build.text())

    def test_second_interrupt_ends_at_once(self):
        daemon = PrivateDaemon(self, "interrupted")
        build = self.start(daemon.address)
        daemon.signal(signal.SIGSTOP)  # so that the polite way would take a while
        build.process.send_signal(signal.SIGINT)
        build.wait_for_text("cancelling")
        build.process.send_signal(signal.SIGINT)
        self.assertEqual(build.wait(5), 130, build.text())
        daemon.signal(signal.SIGCONT)
        self.assert_nothing_left()
