"""`peelbox pool` against an API server of the test's own."""

import json
import os
import socket
import subprocess
import time
import unittest

from bed import PEELBOX, REPO, RUNTIME_IMAGE, PrivateDaemon, bed, clean_environment, free_port, peelbox, registry_call, run, wait_for
from kube_server import Fault, status
from pool_case import ANNOTATION, CLAIMS, EVENTS, METRICS, PODS, SETS, PoolTest


class Pool(PoolTest):
    def busy_daemon(self):
        """A daemon that runs a build until the test ends."""
        daemon = PrivateDaemon(self, "pool")
        self.write("busy/Dockerfile", f"FROM {RUNTIME_IMAGE}\nRUN sleep 300\n")
        build = subprocess.Popen([PEELBOX, "build", "-f", self.dir / "busy/Dockerfile", "--context", self.dir / "busy", "--output", "type=cacheonly",
                                  "--buildkit", daemon.address, "--progress", "quiet"], env=clean_environment(), stderr=subprocess.DEVNULL)
        self.addCleanup(build.wait)
        self.addCleanup(build.kill)
        wait_for(lambda: "running" in peelbox("history", "ls", "--buildkit", daemon.address).out, "a running build")
        return daemon.address, build

    def test_address(self):
        self.assertIn("no pod that is ready", self.assert_pool(4, "get-address", "--arch", "amd64").err)
        self.put_pod("buildkit-amd64-0", deletionTimestamp="2026-01-01T00:00:00Z")
        self.put_pod("buildkit-amd64-1")
        self.put_pod("my-amd64-thing", arch="other")
        outcome = self.assert_pool(0, "get-address", "-a=amd64")
        self.assertEqual(outcome.out, "tcp://10-1-2-3.buildkit.pod.cluster.local:1234\n")
        self.assertIn("load of the pods is not known", outcome.err)
        self.put_pod("buildkit-amd64-2")
        # Nobody can be asked: others build on the bed's daemon meanwhile.
        self.api.exec_argv = ["sh", "-c", "exit 1"]
        self.api.lists[METRICS] = [{"metadata": {"name": f"buildkit-amd64-{i}"}, "containers": [{"name": "buildkitd", "usage": {"cpu": cpu}}]}
                                   for i, cpu in ((1, "900m"), (2, "5000000n"))]
        self.assertEqual(self.assert_pool(0, "get-address", "--arch", "amd64", "--omit-protocol", "--ip").out, "10.1.2.3:1234\n")
        answer = json.loads(self.assert_pool(0, "get-address", "--arch", "amd64", "--json").out)
        self.assertEqual((answer["pod"], len(answer["pods"])), ("buildkit-amd64-2", 3))
        sticky = {self.assert_pool(0, "get-address", "--arch", "amd64", "--policy", "sticky", "--key", "repo", "--pod").out for _ in range(3)}
        self.assertEqual(len(sticky), 1)
        self.assertIn("--key names what is built", self.assert_pool(2, "get-address", "--arch", "amd64", "--policy", "sticky").err)
        self.assertEqual(self.assert_pool(2, "get-address", "--arch", "amd64xyz").out, "")

    def test_a_large_pool(self):
        """How many requests there are does not follow from how many pods there are, but for pages."""
        names = [f"buildkit-amd64-{i}" for i in range(500)]
        for name in names:
            self.put_pod(name)
        self.api.lists[METRICS] = [{"metadata": {"name": name}, "containers": [{"name": "buildkitd", "usage": {"cpu": f"{i}m"}}]}
                                   for i, name in enumerate(names[::-1], 1)]
        def requests(*words):
            self.api.requests.clear()
            answer = json.loads(self.assert_pool(0, "get-address", "--arch", "amd64", "--json", *words).out)
            self.assertEqual((len(answer["pods"]), sum(p["usable"] for p in answer["pods"])), (500, 500))
            lines = [line.split()[1].split("?")[0] for line, _, _ in self.api.requests]
            return answer["pod"], [len([l for l in lines if l == path]) for path in (f"{SETS}/buildkit-amd64", PODS, METRICS)], len(lines)
        self.assertEqual(requests("--policy", "least-cpu"), ("buildkit-amd64-499", [1, 1, 1], 3))
        # Two daemons are asked as well.
        pod, _, number = requests()
        self.assertIn(pod, names[-2:])
        self.assertEqual(number, 5)
        self.api.page = 100
        self.assertEqual(requests("--policy", "least-cpu"), ("buildkit-amd64-499", [1, 5, 5], 11))

    def test_running_builds(self):
        """A build that nobody has noted is seen: its daemon is not chosen and not scaled away."""
        busy, build = self.busy_daemon()
        idle = PrivateDaemon(self, "pool-idle").address
        self.put_set("amd64", 2, 1_700_000_000)
        self.api.exec_in = {"buildkit-amd64-0": self.dial(busy), "buildkit-amd64-1": self.dial(idle)}
        for i in range(3):
            self.put_pod(f"buildkit-amd64-{i}")
        # It uses less CPU than the idle one, and the third is not asked.
        self.api.lists[METRICS] = [{"metadata": {"name": f"buildkit-amd64-{i}"}, "containers": [{"name": "buildkitd", "usage": {"cpu": cpu}}]}
                                   for i, cpu in ((0, "1m"), (1, "300m"), (2, "900m"))]
        answer = json.loads(self.assert_pool(0, "get-address", "--arch", "amd64", "--json").out)
        self.assertEqual(answer["pod"], "buildkit-amd64-1", answer)
        self.assertEqual([p.get("builds") for p in answer["pods"]], [1, 0, None])
        self.assertEqual(json.loads(self.assert_pool(0, "get-address", "--arch", "amd64", "--policy", "least-cpu", "--json").out)["pod"],
                         "buildkit-amd64-0")
        # A daemon that does not answer is not preferred.
        self.api.exec_in["buildkit-amd64-0"] = ["sh", "-c", "echo broken >&2; exit 1"]
        outcome = self.assert_pool(0, "get-address", "--arch", "amd64", "--pod")
        self.assertIn("kube-pod://buildkit-amd64-1?", outcome.out)
        self.assertIn("the builds of buildkit-amd64-0 are not known", outcome.err)
        self.api.exec_in["buildkit-amd64-0"] = self.dial(busy)
        self.api.exec_in["buildkit-amd64-2"] = self.dial(idle)
        self.assertIn("buildkit-amd64-0  ready  builds 1  cpu 0.00", self.assert_pool(0, "status").out)
        self.assertIn("buildkit-amd64: stays, a build is running in buildkit-amd64-0", self.assert_pool(0, "scale", "down", "--only", "amd64").err)
        self.assertEqual(self.set_of()["spec"]["replicas"], 2)
        sticky = lambda: {self.assert_pool(0, "get-address", "--arch", "amd64", "--policy", "sticky", "--key", f"repo{i}", "--pod").out.split("?")[0][-1]
                          for i in range(8)}
        self.api.lists.pop(METRICS)
        self.assertEqual(sticky(), {"1", "2"}, "no key is sent to a daemon that builds while another one is idle")
        build.terminate()
        build.wait()
        wait_for(lambda: "running" not in peelbox("history", "ls", "--buildkit", busy).out, "the end of the build")
        self.assertEqual(sticky(), {"0", "1", "2"})
        self.assert_pool(0, "scale", "down", "--only", "amd64")
        self.assertEqual(self.set_of()["spec"]["replicas"], 0)

    def test_record(self):
        self.assert_pool(0, "record-build", "--arch", "amd64", "--dry-run")
        self.assertNotIn("annotations", self.set_of()["metadata"])
        outcome = self.assert_pool(0, "record-build", "--arch", "amd64")
        self.assertEqual(outcome.out, "")
        self.assertLess(abs(time.time() - int(self.set_of()["metadata"]["annotations"][ANNOTATION])), 60)
        self.api.faults.append(Fault("PATCH", 403, status(403, "Forbidden", "statefulsets.apps is forbidden")))
        self.assertIn('verbs ["patch"]', self.assert_pool(1, "record-build", "--arch", "amd64").err)

    def test_up(self):
        self.assert_pool(0, "scale", "up")
        for arch in ("amd64", "arm64"):
            self.assertEqual(self.set_of(arch)["spec"]["replicas"], 1)
            self.assertIn(ANNOTATION, self.set_of(arch)["metadata"]["annotations"])
        # Annotation and number came in one patch.
        self.assertEqual(len([r for r in self.api.requests if r[0].startswith("PATCH")]), 2)
        self.assertIn("has no ready pod after 1 s: it has no pods",
                      self.assert_pool(5, "scale", "up", "--only", "amd64", "--wait", "--timeout", "1").err)
        self.put_pod("buildkit-amd64-0")
        self.assert_pool(0, "scale", "up", "--only", "amd64", "--wait", "--timeout", "10")

    def watches(self):
        return [line for line, _, _ in self.api.requests if "/pods?" in line and "watch=true" in line]

    def wait_for_amd64(self, *words):
        waiting = self.begin("scale", "up", "--only", "amd64", "--wait", "--timeout", "60", *words)
        wait_for(lambda: self.watches() or waiting.poll() is not None, "a watch")
        return waiting

    def test_a_wait_watches(self):
        """It ends when the pod gets ready, and not at the next look; interruptions of the watch are made good."""
        self.api.bookmarks = True
        waiting = self.wait_for_amd64()
        for part in ("allowWatchBookmarks=true", "timeoutSeconds=240", "resourceVersion="):
            self.assertIn(part, self.watches()[0])
        self.put_pod("buildkit-amd64-0", ready=False)
        wait_for(lambda: "waiting for buildkit-amd64: buildkit-amd64-0: it is not ready" in self.said(), "what is waited for")
        lists = lambda: [line for line, _, _ in self.api.requests if "/pods?" in line and "watch=true" not in line]
        self.assertEqual(len(lists()), 1)
        for fault in (Fault("EVENT", close=True), Fault("EVENT", body=status(410, "Expired", "too old resource version"))):
            before = len(lists())
            self.api.faults.append(fault)
            wait_for(lambda: len(lists()) > before, "the list that makes it good")
        before = len(self.watches())
        for fault in (Fault("EVENT", close=True), Fault("watch=true", 410, status(410, "Gone", "gone")), Fault("watch=true", 503, "<html>"),
                      Fault("watch=true", close=True)):
            self.api.faults.append(fault)
        wait_for(lambda: len(self.watches()) >= before + 4, "watches after faults", 30)
        began = time.monotonic()
        self.put_pod("buildkit-amd64-0")
        self.assertEqual(waiting.wait(30), 0, self.said())
        self.assertLess(time.monotonic() - began, 4, "the next look was waited for")
        wait_for(lambda: self.api.open_watches == 0, "the end of the watches")

    def test_watches_that_the_server_ends(self):
        self.api.watch_ends = 0.3
        waiting = self.wait_for_amd64()
        wait_for(lambda: len(self.watches()) > 3, "watches")
        self.put_pod("buildkit-amd64-0")
        self.assertEqual(waiting.wait(30), 0, self.said())
        # They went on where the last one ended.
        self.assertEqual(len([line for line, _, _ in self.api.requests if "/pods?" in line and "watch=true" not in line]), 1)

    def test_who_may_not_watch(self):
        self.api.faults.append(Fault("watch=true", 403, status(403, "Forbidden", "pods is forbidden")))
        waiting = self.wait_for_amd64("-v")
        wait_for(lambda: "it is asked every 2 s instead" in self.said(), "words about that")
        self.assertIn('verbs ["watch"]', self.said())
        self.put_pod("buildkit-amd64-0")
        self.assertEqual(waiting.wait(30), 0, self.said())
        self.assertEqual(len(self.watches()), 1)
        # Who may not list either is told which right is missing.
        self.api.lists[PODS] = []
        self.api.faults.append(Fault("/pods?", 403, status(403, "Forbidden", "pods is forbidden")))
        self.assertIn('verbs ["list"]', self.assert_pool(1, "scale", "up", "--only", "amd64", "--wait", "--timeout", "60").err)

    def test_what_holds_a_pod(self):
        """The reason ends the wait, and not its limit."""
        up = ("scale", "up", "--only", "amd64", "--wait", "--timeout", "100")
        self.api.put(EVENTS, {"metadata": {"name": "e"}, "involvedObject": {"uid": "uid-buildkit-amd64"}, "reason": "FailedCreate",
                              "message": "create Pod failed error: exceeded quota: builds", "lastTimestamp": "2026-01-01T00:00:00Z"})
        self.assertIn("error: buildkit-amd64 does not get ready: FailedCreate: create Pod failed error: exceeded quota: builds", self.assert_pool(1, *up).err)
        self.put_pod("buildkit-amd64-0", ready=False)
        self.api.find(f"{PODS}/buildkit-amd64-0")["status"]["containerStatuses"] = [
            {"name": "buildkitd", "ready": False, "state": {"waiting": {"reason": "InvalidImageName", "message": "no such name"}}}]
        self.assertIn("buildkit-amd64-0: InvalidImageName: no such name", self.assert_pool(1, *up).err)
        # Events are a help, and no condition.
        self.api.lists[PODS] = []
        self.api.faults.append(Fault("/events?", 403, status(403, "Forbidden", "events is forbidden")))
        outcome = self.assert_pool(5, *up[:-1], "12", "-v")
        self.assertIn("it has no pods", outcome.err)
        self.assertIn('resources ["events"], verbs ["list"]', outcome.err)

    def test_down(self):
        self.put_set("amd64", 1, int(time.time()) - 100)
        self.put_set("arm64", 2, int(time.time()) - 5000)
        outcome = self.assert_pool(0, "scale", "down", "--timeout", "1800")
        self.assertIn("buildkit-amd64: stays, its last build began 10", outcome.err)
        self.assertEqual((self.set_of("amd64")["spec"]["replicas"], self.set_of("arm64")["spec"]["replicas"]), (1, 0))
        self.assert_pool(0, "suspend", "--only", "amd64", "--dry-run")
        self.assertEqual(self.set_of()["spec"]["replicas"], 1)
        self.put_set("amd64", 1, "soon")
        self.assertIn("is no number of seconds", self.assert_pool(2, "suspend", "--timeout", "5").err)

    def test_a_build_that_begins_meanwhile_wins(self):
        self.put_set("amd64", 1, 1_700_000_000)
        def begins(path, api):
            api.on_patch = None
            self.set_of()["metadata"]["annotations"][ANNOTATION] = str(int(time.time()))
            self.api.put(SETS, self.set_of())
        self.api.on_patch = begins
        outcome = self.assert_pool(0, "scale", "down", "--timeout", "1800", "--only", "amd64")
        self.assertIn("stays, its last build began", outcome.err)
        self.assertEqual(self.set_of()["spec"]["replicas"], 1)

    def test_a_set_that_is_scaled_down_while_a_build_is_noted(self):
        self.put_set("amd64", 1)
        self.put_pod("buildkit-amd64-0")
        def ends(path, api):
            api.on_patch = None
            self.set_of()["spec"]["replicas"] = 0
            self.api.put(SETS, self.set_of())
        self.api.on_patch = ends
        self.assertIn("buildkit-amd64: scaled to 1", self.assert_pool(0, "scale", "up", "--only", "amd64").err)
        self.assertEqual(self.set_of()["spec"]["replicas"], 1)

    def test_a_daemon_that_cannot_be_asked_stays(self):
        self.put_set("amd64", 1, 1_700_000_000)
        self.put_pod("buildkit-amd64-0")
        self.api.exec_argv = ["sh", "-c", "echo broken >&2; exit 1"]
        outcome = self.assert_pool(1, "scale", "down", "--only", "amd64")
        self.assertIn("whether buildkit-amd64-0 is building is not known, so it stays", outcome.err)
        self.assertEqual(self.set_of()["spec"]["replicas"], 1)

    def beats(self):
        return len([line for line, _, _ in self.api.requests if line.startswith("PATCH")])

    def test_tunnel(self):
        self.put_pod("buildkit-amd64-0")
        self.put_pod("buildkit-arm64-0", arch="arm64")
        tunnel = self.begin("tunnel", "--arch", "amd64", "--port", "0", "--heartbeat", "1")
        address = tunnel.stdout.readline().strip()
        self.assertRegex(address, r"^tcp://127\.0\.0\.1:\d+$", self.said())
        self.assertEqual(self.set_of()["spec"]["replicas"], 1)
        workers = [bed("BUILDCTL"), "--addr", address, "debug", "workers"]
        for _ in range(2):
            self.assertEqual(run(workers).code, 0, self.said())
        self.assert_ok(self.build(daemon=address))
        before = self.beats()
        wait_for(lambda: self.beats() > before + 1, "a heartbeat")
        # The pod goes: the next connection finds another one.
        self.api.exec_in["buildkit-amd64-0"] = ["sh", "-c", "echo gone >&2; exit 1"]
        run(workers)
        self.put_pod("buildkit-amd64-0", deletionTimestamp="2026-01-01T00:00:00Z")
        self.put_pod("buildkit-amd64-1")
        self.assertEqual(run(workers).code, 0, self.said())
        self.assertIn("the tunnel leads to buildkit-amd64-1 now", self.said())
        # Nobody there: the client is not left waiting. That the pod has gone is said before anybody asks.
        self.api.lists[PODS] = []
        wait_for(lambda: "buildkit-amd64-1: it has gone" in self.said(), "words about the pod")
        self.assertNotEqual(run(workers, timeout=60).code, 0)
        self.assertIn("buildkit-amd64 has no pod that is ready", self.said())
        self.api.requests.clear()
        tunnel.terminate()
        self.assertEqual(tunnel.wait(30), 143)
        self.assertGreaterEqual(self.beats(), 1)

    def test_tunnel_that_leads_nowhere(self):
        self.put_pod("buildkit-amd64-0")
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            self.assertIn(f"port {port}", self.assert_pool(2, "tunnel", "--arch", "amd64", "--port", str(port)).err)
        self.assertEqual(self.set_of()["spec"]["replicas"], 0)
        self.api.exec_argv = ["sh", "-c", "echo could not connect >&2; exit 1"]
        outcome = self.assert_pool(3, "tunnel", "--arch", "amd64", "--port", "0")
        self.assertEqual(outcome.out, "")
        self.assertIn("could not connect", outcome.err)
        self.api.lists[PODS] = []
        self.assert_pool(5, "tunnel", "--arch", "amd64", "--port", "0", "--timeout", "1")

    def test_run(self):
        self.put_pod("buildkit-amd64-0")
        script = f"echo $BUILDKIT_HOST; {bed('BUILDCTL')} debug workers >/dev/null && exit 7"
        outcome = self.assert_pool(7, "run", "--arch", "amd64", "--", "sh", "-c", script)
        address = outcome.out.strip()
        self.assertRegex(address, "^unix:///")
        self.assertFalse(os.path.exists(os.path.dirname(address.removeprefix("unix://"))))
        self.assertIn("cannot start no-such-program", self.assert_pool(2, "run", "--arch", "amd64", "--", "no-such-program").err)
        # The signal is the command's, which ends in its own time.
        program = self.begin("run", "--arch", "amd64", "--", "sh", "-c", "trap 'sleep 1; echo done; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
        self.assertEqual(program.stdout.readline(), "ready\n", self.said())
        program.terminate()
        self.assertEqual((program.wait(30), program.stdout.read()), (0, "done\n"))

    def test_build(self):
        """Two architectures, one index; nothing has a name of its own, and a second time the images are the same."""
        for arch in ("amd64", "arm64"):
            self.put_pod(f"buildkit-{arch}-0", arch=arch)
        self.context({"Dockerfile": "FROM scratch\nCOPY hello.txt /\n", "hello.txt": str(time.time())})
        images = []
        for _ in range(2):
            build = self.begin_build("--cache", f"{bed('REGISTRY')}/pool/cache")
            self.assertEqual(build.wait(240), 0, self.said())
            headers, text = registry_call("GET", "pool/app/manifests/1")
            self.assertEqual(headers["Docker-Content-Digest"], build.stdout.read().strip())
            images.append({m["platform"]["architecture"]: m["digest"] for m in json.loads(text)["manifests"]
                           if m["platform"]["architecture"] != "unknown"})
        # Provenance tells when it was built, so the index is another one.
        self.assertEqual(images[0], images[1])
        self.assertEqual(sorted(images[0]), ["amd64", "arm64"])
        self.assertEqual(len(json.loads(text)["manifests"]), 4)  # with attestations
        self.assertEqual(json.loads(registry_call("GET", "pool/app/tags/list")[1])["tags"], ["1"])
        self.assertEqual(sorted(json.loads(registry_call("GET", "pool/" + n + "/tags/list")[1])["tags"] for n in ("cache-amd64", "cache-arm64")), [["latest"]] * 2)
        for arch in ("amd64", "arm64"):
            self.assertRegex(self.said(), f"(?m)^{arch}: #")
            self.assertEqual(self.set_of(arch)["spec"]["replicas"], 1)
            self.assertIn(ANNOTATION, self.set_of(arch)["metadata"]["annotations"])

    def test_a_build_whose_pod_is_killed(self):
        self.put_pod("buildkit-amd64-0")
        self.context({"Dockerfile": f"FROM {RUNTIME_IMAGE}\nRUN echo {time.time()} && sleep 4\n"})
        build = self.begin_build("--only", "amd64", name="killed")
        wait_for(lambda: "sleep 4" in self.said() or build.poll() is not None, "the step")
        self.put_pod("buildkit-amd64-1")
        self.put_pod("buildkit-amd64-0", ready=False)
        self.api.find(f"{PODS}/buildkit-amd64-0")["status"]["containerStatuses"] = [
            {"name": "buildkitd", "ready": False, "restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]
        self.assertEqual(build.wait(120), 0, self.said())
        self.assertIn("amd64: buildkit-amd64-0: its daemon has ended (OOMKilled, exit code 137); trying again", self.said())
        self.assertIn("amd64: building on buildkit-amd64-1", self.said())

    def test_a_build_whose_only_pod_is_replaced(self):
        """The next one is waited for."""
        self.put_pod("buildkit-amd64-0")
        self.context({"Dockerfile": f"FROM {RUNTIME_IMAGE}\nRUN echo {time.time()} && sleep 4\n"})
        build = self.begin_build("--only", "amd64", name="replaced")
        wait_for(lambda: "sleep 4" in self.said() or build.poll() is not None, "the step")
        self.put_pod("buildkit-amd64-0", deletionTimestamp="2026-01-01T00:00:00Z")
        wait_for(lambda: "buildkit-amd64-0 is being deleted; it goes on with this build" in self.said(), "words about that")
        self.api.lists[PODS] = []
        wait_for(lambda: "waiting for buildkit-amd64: it has no pods" in self.said(), "the wait for the next pod")
        self.assertIn("amd64: buildkit-amd64-0: it has gone; trying again", self.said())
        self.put_pod("buildkit-amd64-0", uid="another")
        self.assertEqual(build.wait(120), 0, self.said())
        self.assertEqual(self.said().count("amd64: building on buildkit-amd64-0"), 2)

    def test_the_first_failure_ends_both(self):
        self.put_pod("buildkit-amd64-0")
        self.put_pod("buildkit-arm64-0", arch="arm64")
        self.api.exec_in["buildkit-arm64-0"] = ["sh", "-c", "sleep 3; echo broken >&2; exit 1"]
        self.context({"Dockerfile": f"FROM {RUNTIME_IMAGE}\nRUN echo {time.time()} && sleep 200\n"})
        build = self.begin_build("--retry", "0", name="failed")
        self.assertEqual(build.wait(100), 1, self.said())
        self.assertIn("error: arm64: buildkit-arm64-0: the connection broke", self.said())
        # A build that fails by itself is not tried again.
        self.context({"Dockerfile": f"FROM {RUNTIME_IMAGE}\nRUN exit 3\n"})
        build = self.begin_build("--only", "amd64", name="failed")
        self.assertEqual(build.wait(100), 1, self.said())
        self.assertIn("error: amd64: the build failed", self.said())
        self.assertEqual(self.said().count("building on"), 1)
        self.assertIn("that is --tag", self.assert_pool(2, "build", "--repo", "example.com/app:1", "--tag", "1").err)

    def test_a_heartbeat_that_is_refused(self):
        """It is said once, and the command goes on."""
        self.put_pod("buildkit-amd64-0")
        self.put_set("amd64", 1)
        refusals = [Fault("PATCH", 403, status(403, "Forbidden", "statefulsets.apps is forbidden")) for _ in range(20)]
        def later(path, api):
            api.on_patch = None
            api.faults.extend(refusals)
        self.api.on_patch = later
        outcome = self.assert_pool(0, "run", "--arch", "amd64", "--heartbeat", "1", "--", "sleep", "2.5")
        self.assertEqual(outcome.err.count("may be scaled down during the build"), 1)

    def put_claim(self, name):
        return self.api.put(CLAIMS, {"metadata": {"name": name}, "spec": {}, "status": {"capacity": {"storage": "100Gi"}}})

    def claims(self):
        return sorted(c["metadata"]["name"] for c in self.api.lists[CLAIMS])

    def test_cache_clear(self):
        """Idle daemons are emptied; one that builds, and one that cannot be asked, are not, and do not keep the others from it."""
        busy, build = self.busy_daemon()
        idle = PrivateDaemon(self, "pool-idle").address
        self.write("small/Dockerfile", f"FROM {RUNTIME_IMAGE}\nRUN echo one >/made\n")
        self.assert_ok(peelbox("build", self.dir / "small", "--output", "type=cacheonly", "--buildkit", idle))
        self.put_set("amd64", 3)
        self.api.exec_in = {"buildkit-amd64-0": self.dial(busy), "buildkit-amd64-1": ["sh", "-c", "echo broken >&2; exit 1"],
                            "buildkit-amd64-2": self.dial(idle)}
        for i in range(3):
            self.put_pod(f"buildkit-amd64-{i}")
        records = lambda address: len(json.loads(peelbox("du", "--json", "--buildkit", address).out))
        self.assertGreater(records(idle), 0)
        self.assertIn("buildkit-amd64-2: would be cleared", self.assert_pool(1, "cache", "clear", "--only", "amd64", "--dry-run").err)
        self.assertGreater(records(idle), 0)
        outcome = self.assert_pool(1, "clear-cache", "--only", "amd64")
        self.assertIn("buildkit-amd64-0: a build is running, so its cache stays", outcome.err)
        self.assertIn("error: buildkit-amd64-1: whether it is building is not known", outcome.err)
        self.assertRegex(outcome.err, r"buildkit-amd64-2: cleared, \d")
        self.assertEqual(records(idle), 0)
        self.assertGreater(records(busy), 0)
        del self.api.exec_in["buildkit-amd64-1"]
        self.api.exec_in["buildkit-amd64-1"] = self.dial(idle)
        self.assertRegex(self.assert_pool(0, "cache", "clear", "--only", "amd64", "--force").err, r"buildkit-amd64-0: cleared, \d")
        self.assertIsNone(build.poll(), "a build goes on while its daemon is cleared")

    def test_volumes_are_deleted(self):
        sets = self.put_set("amd64", 1)
        sets["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "cache"}}]
        for name in ("cache-buildkit-amd64-0", "cache-buildkit-amd64-1", "cache-buildkit-amd64-2", "cache-buildkit-arm64-0", "cache-buildkit-amd64-old-1", "mine"):
            self.put_claim(name)
        self.put_pod("somebody", arch="other")
        self.api.find(f"{PODS}/somebody")["spec"] = {"volumes": [{"persistentVolumeClaim": {"claimName": "cache-buildkit-amd64-2"}}]}
        all_of_them = self.claims()
        clear = ("cache", "clear", "--only", "amd64", "--delete-volumes")
        self.assertIn("--delete-volumes", self.assert_pool(0, *clear[:4]).err)
        outcome = self.assert_pool(0, *clear, "--dry-run")
        self.assertIn("volume cache-buildkit-amd64-1 (100Gi): would be deleted", outcome.err)
        self.assertIn("volume cache-buildkit-amd64-0 (100Gi): stays, buildkit-amd64 has 1 replicas", outcome.err)
        self.assertIn("volume cache-buildkit-amd64-2 (100Gi): stays, a pod uses it", outcome.err)
        self.assertEqual(self.claims(), all_of_them)
        # It is another one by now.
        self.api.faults.append(Fault("DELETE", 409, status(409, "Conflict", "the UID in the precondition does not match")))
        self.assert_pool(1, *clear)
        self.assertEqual(self.claims(), all_of_them)
        self.api.faults.append(Fault("DELETE", 403, status(403, "Forbidden", "persistentvolumeclaims is forbidden")))
        self.assertIn('verbs ["delete"]', self.assert_pool(1, *clear).err)
        self.assert_pool(0, *clear)
        self.assertEqual(set(all_of_them) - set(self.claims()), {"cache-buildkit-amd64-1"})

    def test_validate(self):
        """The parser and the published schema know the same keys."""
        schema = json.loads((REPO / "examples/kubernetes/buildkit.schema.json").read_text())
        fine = {"registry": "registry.example.com", "cluster": "prod", "cache_bucket": "my-cache", "cache_bucket_region": "eu-central-1", "bastion": "b",
                "bastion_sign_command": ["true"], "credHelpers": {}}
        self.assertLessEqual(set(schema["properties"]), set(fine))
        path = self.write("buildkit.json", json.dumps(fine, indent=1))
        self.assertIn("buildkit.json: fine", self.assert_pool(0, "validate", path).err)
        needed = {name for names in schema["dependentRequired"].values() for name in names}
        for key in schema["properties"]:
            path = self.write("buildkit.json", json.dumps(fine | {key: 7}, indent=1))
            line = path.read_text()[:path.read_text().index(f'"{key}"')].count("\n") + 1
            wanted = "a string is wanted" if schema["properties"][key]["type"] == "string" else "a list of strings is wanted"
            self.assertIn(f"{path}:{line}: {key}: {wanted}", self.assert_pool(2, "validate", path).err)
            path = self.write("buildkit.json", json.dumps({k: v for k, v in fine.items() if k != key}))
            self.assertEqual(self.pool("validate", path).code, 2 if key in schema["required"] or key in needed else 0, key)
        self.assertIn("none.json", self.assert_pool(2, "validate", self.dir / "none.json").err)

    def test_status(self):
        self.put_set("amd64", 1, int(time.time()) - 50)
        self.put_pod("buildkit-amd64-0", ready=False)
        self.assertIn("buildkit-amd64-0  it is not ready (Running)", self.assert_pool(0, "status").out)
        self.assertEqual([s["name"] for s in json.loads(self.assert_pool(0, "status", "--json").out)], ["buildkit-amd64", "buildkit-arm64"])

    def test_faults(self):
        """The server's bad moments are waited for; what cannot be repaired has the right code."""
        self.put_pod("buildkit-amd64-0")
        self.api.page = 1
        self.put_pod("buildkit-amd64-1")
        for fault in (Fault("statefulsets", 503, "x", {"Retry-After": "0"}), Fault("statefulsets", 500, "<html>"), Fault("/pods", close=True),
                      Fault("/pods", 429, "", {"Retry-After": "0"}), Fault("continue=1", 410, status(410, "Expired", "too old"))):
            self.api.faults.append(fault)
        answer = json.loads(self.assert_pool(0, "get-address", "--arch", "amd64", "--json").out)
        self.assertEqual(len(answer["pods"]), 2)
        self.assertEqual(self.api.faults, [])
        self.api.faults.append(Fault("PATCH", close=True))
        self.assertIn("Whether it was done is not known", self.assert_pool(3, "record-build", "--arch", "amd64").err)
        self.write("config", "current-context: x\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
                             "contexts: [{name: x, context: {cluster: c}}]\n")
        self.assert_pool(3, "status")
        self.write("config", "a: [")
        self.assert_pool(2, "status")


if __name__ == "__main__":
    unittest.main()
