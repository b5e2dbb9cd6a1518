"""Node projects with the real packages of the registry that this machine's npm is configured for.

Not a part of the gate, because it takes minutes of downloads: scripts/node-builds.sh runs it on a bed that is up."""

import os
import pathlib
import subprocess
import uuid

from detected import Detected


def npm_setting(name):
    told = subprocess.run(["npm", "config", "get", name], check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    return "" if told in ("null", "undefined") else told


class NodePackages(Detected):
    """Registry and certificates are secrets of the build, so they are in no image, no cache key and no file of ours."""

    overlay = {"build": {"secrets": [{"id": "npmrc", "to": "/root/.npmrc"}, {"id": "authorities"}]}}
    patience = 30

    def setUp(self):
        super().setUp()
        authorities = npm_setting("cafile") or os.environ.get("NODE_EXTRA_CA_CERTS", "")
        lines = [f"{name}={npm_setting(name)}" for name in ("registry", "proxy", "https-proxy", "noproxy") if npm_setting(name)]
        if authorities:
            lines.append("cafile=/run/secrets/authorities")
        npmrc = self.write("npmrc", "\n".join(lines) + "\n", mode=0o600)
        known = self.write("authorities", pathlib.Path(authorities).read_text() if authorities else "none\n")
        self.build_flags = ("--secret", f"id=npmrc,src={npmrc}", "--secret", f"id=authorities,src={known}",
                            "--cache-key", "node-packages-of-the-tests")

    def repository(self, fixture):
        repo = super().repository(fixture)
        # The daemon is to run the commands again, with its caches as they are.
        (repo / "run.txt").write_text(str(uuid.uuid4()))
        return repo

    def test_next_standalone(self):
        container, port = self.started("node-next-hello")
        self.assertIn("hello from next", self.answer(container, port))
        self.assertIn("a file beside the pages", self.answer(container, port, "/hello.txt"))

    def test_vite_behind_a_server(self):
        container, port = self.started("node-vite-server-hello")
        self.assertIn("hello from vite", self.answer(container, port))
        self.assertIn("hello from express", self.answer(container, port, "/api/text"))

    def test_nest_in_a_turbo_workspace(self):
        self.assertIn("hello from nest", self.answer_of("mono-turbo-nest-hello"))

    def test_sveltekit_with_the_node_adapter(self):
        self.assertIn("hello from svelte", self.answer_of("node-sveltekit-hello"))
