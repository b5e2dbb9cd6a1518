"""A pool whose API server is the test's own, and whose daemons are those of the bed."""

import json
import subprocess

from bed import PEELBOX, bed, clean_environment, peelbox
from docker_case import DockerTest
from kube_server import KubeServer

PODS = "/api/v1/namespaces/buildkit/pods"
SETS = "/apis/apps/v1/namespaces/buildkit/statefulsets"
EVENTS = "/api/v1/namespaces/buildkit/events"
CLAIMS = "/api/v1/namespaces/buildkit/persistentvolumeclaims"
METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/buildkit/pods"
ANNOTATION = "panfactum.com/last-build"


class PoolTest(DockerTest):
    def setUp(self):
        super().setUp()
        self.api = KubeServer(self, (bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "dial-stdio"))
        self.write("config", json.dumps({"current-context": "x", "clusters": [{"name": "c", "cluster": {"server": self.api.url()}}],
                                         "contexts": [{"name": "x", "context": {"cluster": "c"}}]}))
        self.env = {"KUBECONFIG": str(self.dir / "config")}
        self.api.lists[PODS] = []
        self.api.lists[EVENTS] = []
        for arch in ("amd64", "arm64"):
            self.put_set(arch)

    def put_set(self, arch, replicas=0, last=None):
        return self.api.put(SETS, {"metadata": {"name": f"buildkit-{arch}", **({"annotations": {ANNOTATION: str(last)}} if last else {})},
                                   "spec": {"replicas": replicas, "selector": {"matchLabels": {"arch": arch}}}, "status": {}})

    def put_pod(self, name, arch="amd64", ready=True, **more):
        self.api.put(PODS, {"metadata": {"name": name, "ownerReferences": [{"controller": True, "uid": f"uid-buildkit-{arch}"}], **more}, "status": {
            "phase": "Running", "podIP": "10.1.2.3", "conditions": [{"type": "Ready", "status": str(ready)}]}})

    def pool(self, *words):
        return peelbox("pool", *words, env=self.env)

    def assert_pool(self, code, *words):
        outcome = self.pool(*words)
        self.assertEqual(outcome.code, code, str(outcome))
        return outcome

    def dial(self, address):
        return [bed("BUILDCTL"), "--addr", address, "dial-stdio"]

    def set_of(self, arch="amd64"):
        return self.api.find(f"{SETS}/buildkit-{arch}")

    def begin(self, *words):
        """A command that lasts, with its standard output as it comes."""
        with open(self.dir / "said", "w") as said:
            process = subprocess.Popen([PEELBOX, "pool", *words], stdout=subprocess.PIPE, stderr=said, text=True,
                                       env=clean_environment(self.env))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def said(self):
        return (self.dir / "said").read_text()

    def begin_build(self, *words, name="app"):
        return self.begin("build", "--repo", f"{bed('REGISTRY')}/pool/{name}", "--tag", "1", *words, self.dir / "ctx")
