"""kube-pod:// addresses: a build through the exec of an API server, without kubectl."""

import json
import os
import pathlib
import time
import unittest

from bed import PEELBOX, RUNTIME_IMAGE, bed, peelbox, wait_for
from docker_case import DockerTest
from kube_server import Fault, KubeServer, status


class KubePod(DockerTest):
    def api(self, argv=None, **how):
        certs = pathlib.Path(bed("CERTS"))
        how.setdefault("tls", (certs / "server-cert.pem", certs / "server-key.pem"))
        how.setdefault("token", "t0ken")
        return KubeServer(self, argv or (bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "dial-stdio"), **how)

    def config(self, server, user=None, name="config"):
        """A kubeconfig; no directory in PATH has a kubectl."""
        text = {"current-context": "here", "clusters": [{"name": "c", "cluster": {
            "server": server.url(), **({"certificate-authority": str(pathlib.Path(bed("CERTS")) / "ca.pem")} if server.scheme == "https" else {})}}],
            "users": [{"name": "ci", "user": user or {"token": "t0ken"}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "ci", "namespace": "builds"}}]}
        self.write(name, json.dumps(text))
        return {"KUBECONFIG": str(self.dir / name), "PATH": "/usr/bin:/bin"}

    def test_build(self):
        for protocols in (("v5.channel.k8s.io",), ("v4.channel.k8s.io",)):
            server = self.api(protocols=protocols)
            outcome = self.build(daemon="kube-pod://buildkit-0?container=buildkitd", env=self.config(server))
            self.assert_ok(outcome)
            line = server.requests[0][0]
            self.assertIn("GET /api/v1/namespaces/builds/pods/buildkit-0/exec?container=buildkitd&command=buildctl&command=dial-stdio"
                          "&stdin=true&stdout=true&stderr=true", line)
            self.assertNotIn("t0ken", outcome.err + outcome.out)

    def test_a_large_context(self):
        self.write("large.bin", os.urandom(48 << 20))
        self.write("Dockerfile", "FROM scratch\nCOPY large.bin /\n")
        server = self.api()
        outcome = peelbox("build", "-f", self.dir / "Dockerfile", "--context", self.dir, "--output", "type=cacheonly", "--buildkit",
                          "kube-pod://buildkit-0", env=self.config(server))
        self.assert_ok(outcome)

    def test_info(self):
        server = self.api()
        outcome = peelbox("info", "--buildkit", "kube-pod://p?namespace=other&context=here", env=self.config(server))
        self.assertEqual(outcome.code, 0, str(outcome))
        self.assertIn("/namespaces/other/pods/p/exec", server.requests[0][0])

    def info_fails(self, server, *words, env=None, address="kube-pod://p", code=3):
        outcome = peelbox("info", "--buildkit", address, env=env or self.config(server))
        self.assertEqual(outcome.code, code, str(outcome))
        for word in words:
            self.assertIn(word, outcome.err)
        self.assertNotIn("t0ken", outcome.err)
        return outcome

    def test_refusals(self):
        server = self.api()
        server.faults.append(Fault("/exec", 403, status(403, "Forbidden", 'pods "p" is forbidden: User "ci" cannot get resource "pods/exec"')))
        self.info_fails(server, "cannot get resource", 'resources ["pods/exec"], verbs ["get", "create"]', "user ci")
        server.faults.append(Fault("/exec", 404, status(404, "NotFound", 'pods "p" not found')))
        self.info_fails(server, 'pods "p" not found')
        server.faults.append(Fault("/exec", 502, "<html>Bad Gateway</html>"))
        self.info_fails(server, "502", "Bad Gateway")
        self.info_fails(server, "HTTP status 401", "may have expired", env=self.config(server, {"token": "t0ken2"}))
        old = self.api(protocols=("v3.channel.k8s.io",))
        self.info_fails(old, "not about rights")
        self.info_fails(server, 'context "nowhere" does not exist', address="kube-pod://p?context=nowhere", code=2)

    def test_the_program_in_the_pod_fails(self):
        server = self.api(["sh", "-c", "echo could not connect to /run/buildkit/buildkitd.sock >&2; exit 3"])
        self.info_fails(server, "exit code 3", "could not connect to /run/buildkit/buildkitd.sock")
        server = self.api(["true"])
        self.info_fails(server, "kube-pod://p")

    def test_the_server_is_somebody_else(self):
        server = self.api()
        config = json.loads(pathlib.Path(self.config(server)["KUBECONFIG"]).read_text())
        del config["clusters"][0]["cluster"]["certificate-authority"]
        self.write("config", json.dumps(config))
        env = {"KUBECONFIG": str(self.dir / "config")}
        self.info_fails(server, "certificate", env=env)
        self.assertEqual(server.requests, [])
        config["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
        self.write("config", json.dumps(config))
        self.assertEqual(peelbox("info", "--buildkit", "kube-pod://p", env=env).code, 0)

    def plugin(self, body):
        self.write("login", "#!/bin/sh\necho run >> %s/runs\n%s" % (self.dir, body), mode=0o755)
        return {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "./login", "args": ["get"],
                         "env": [{"name": "PROFILE", "value": "ci"}], "installHint": "Install it from there."}}

    def test_exec_plugin(self):
        answer = json.dumps({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "status": {"token": "t0ken"}})
        server = self.api()
        user = self.plugin(f"echo a warning >&2\ntest \"$1$PROFILE\" = getci || exit 9\ncase $KUBERNETES_EXEC_INFO in *v1beta1*) ;; *) exit 8;; esac\necho '{answer}'\n")
        outcome = self.build(daemon="kube-pod://p", env=self.config(server, user))
        self.assert_ok(outcome)
        # Once, for all connections of the build.
        self.assertEqual((self.dir / "runs").read_text(), "run\n")
        user = self.plugin("echo no session, log in first >&2\nexit 5\n")
        self.info_fails(server, "no session, log in first", "exit code 5", env=self.config(server, user))
        (self.dir / "login").unlink()
        self.info_fails(server, "there is no such program", "Install it from there.", env=self.config(server, user))

    def test_a_token_file_is_read_again_after_a_401(self):
        self.write("token", "old\n")
        server = self.api()
        # The first request finds the old token; the file changes while the server refuses it.
        real = server.answer
        def answer(on, code, body, headers=None):
            if code == 401:
                (self.dir / "token").write_text("t0ken\n")
            return real(on, code, body, headers)
        server.answer = answer
        outcome = peelbox("info", "--buildkit", "kube-pod://p", env=self.config(server, {"tokenFile": "token"}))
        self.assertEqual(outcome.code, 0, str(outcome))

    def test_a_pod_that_goes_is_named(self):
        """However the program's end looks: with exit code 0 when the daemon died before it."""
        self.write("Dockerfile", f"FROM {RUNTIME_IMAGE}\nRUN echo {time.time()}; sleep 100\n")
        ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2999-01-01T00:00:00Z"}}
        for code, status_of_pod, words in (
                (0, {"phase": "Running", "containerStatuses": [{"name": "buildkitd", "state": {"running": {}}, "lastState": ended}]},
                 "the container buildkitd of the pod has ended (OOMKilled, exit code 137)"),
                (137, {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "the pod has failed: Evicted: low on memory"),
                (137, None, "the pod has gone"),
                (0, {"phase": "Running"}, "was lost during the build")):
            server = self.api(["sh", "-c", f"timeout -s KILL 4 {bed('BUILDCTL')} --addr {bed('BUILDKITD')} dial-stdio; exit {code}"])
            if status_of_pod:
                server.put("/api/v1/namespaces/builds/pods", {"metadata": {"name": "p"}, "status": status_of_pod})
            outcome = peelbox("build", "-f", self.dir / "Dockerfile", "--context", self.dir, "--output", "type=cacheonly", "--buildkit", "kube-pod://p",
                              env=self.config(server))
            self.assertNotEqual(outcome.code, 0)
            self.assertIn(words, outcome.err)

    def test_the_server_goes_away(self):
        """A build whose API server ends the connection says so and can be tried again."""
        server = self.api(["sh", "-c", "sleep 1"])
        self.info_fails(server, "kube-pod://p")


if __name__ == "__main__":
    unittest.main()
