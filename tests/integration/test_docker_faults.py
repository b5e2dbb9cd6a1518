"""Engines that refuse, hang, drip or lack something; machines without any daemon."""

import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

from bed import BUILD_IMAGE, PEELBOX, REPO, RUNTIME_IMAGE, OciArchive, PrivateDockerd, bed, peelbox, run, sent, summary
from docker_case import DockerTest


class ScannerMissing(DockerTest):
    def mirror(self):
        """The bed's registry without the scanner's image."""
        host, port = bed("REGISTRY").split(":")

        class Mirror(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if "buildkit-syft-scanner" in self.path:
                    self.send_error(404)
                    return
                upstream = http.client.HTTPConnection(host, int(port), timeout=60)
                upstream.request(self.command, self.path, headers=dict(self.headers))
                reply = upstream.getresponse()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                while part := reply.read(1 << 16):
                    self.wfile.write(part)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    def test_second_try_without_sbom_on_the_same_session(self):
        engine = PrivateDockerd(self, "scanner", containerd_store=True, overrides={
            "registry-mirrors": [self.mirror()],
            # Nothing answers there: the way to the real registry ends at once.
            "proxies": {"https-proxy": "http://127.0.0.1:9", "http-proxy": "http://127.0.0.1:9", "no-proxy": "127.0.0.1"}})
        made = self.file_spec()
        self.write("ctx/more.txt", "more\n")
        archive = self.dir / "image.tar"
        outcome = self.into_docker("-vv", "--output", f"type=oci,dest={archive}", env={"DOCKER_HOST": engine.address}, **made)
        self.assert_ok(outcome)
        self.assertIn("no SBOM was made, because the daemon cannot pull the scanner image", outcome.err)
        self.assertEqual(summary(outcome).get("attested"), "provenance")
        self.assertEqual(OciArchive(archive).predicates(), ["https://slsa.dev/provenance/v0.2"])
        # One session served both solves.
        self.assertEqual(outcome.err.count("session: connected to"), 1, str(outcome))
        print(outcome.err)
