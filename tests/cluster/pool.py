"""`peelbox pool` and kube-pod:// on a real cluster, each command with the Role of examples/kubernetes and nothing more."""

import json
import re
import shutil
import subprocess
import time
import unittest
import urllib.request

from cluster import (ANNOTATION, BUILD_IMAGE, NAMESPACE, PEELBOX, REPO, ClusterTest, Running, account, apply, bed, clean_environment, example, free_volumes, get, kubectl,
                     objects, peelbox, registry_of, rules_of, run, start_pool, stop_pool, testbed, wait_for, without)


def setUpModule():
    stop_pool()
    start_pool()
    unittest.addModuleCleanup(stop_pool)


class Life(ClusterTest):
    def test_from_nothing_to_an_image_and_back(self):
        self.wait_for_no_pods()
        shown = self.pool("status", "status")
        self.assertIn("buildkit-amd64  replicas 0  last build never", shown.out)
        self.assertIn("scale up --only amd64 --wait", self.pool("get-address", "get-address", "--arch", "amd64", code=4).err)

        self.pool("scale-up", "scale", "up", "--only", "amd64", "--wait", "--timeout", "180")
        self.assertIn(ANNOTATION, self.set_of()["metadata"]["annotations"])
        direct = self.pool("get-address", "get-address", "--arch", "amd64", "--ip").out.strip()
        self.assertRegex(direct, r"^tcp://10\.88\.\d+\.\d+:1234$")
        self.assertEqual(peelbox("info", "--buildkit", direct).code, 0)
        address = self.pool("get-address", "get-address", "--arch", "amd64", "--pod").out.strip()
        self.assertEqual(address, f"kube-pod://buildkit-amd64-0?namespace={NAMESPACE}&container=buildkitd")

        self.write("Dockerfile", "FROM busybox\nCOPY hello /hello\nRUN cat /hello > /copy\n")
        self.write("hello", "hello from a pod\n")
        name = f"{bed('CLUSTER_REGISTRY')}/pool/life:1"
        built = peelbox("build", "-f", self.dir / "Dockerfile", "--context", self.dir, "--output", f"type=image,name={name},push=true",
                        "--buildkit", address, "--progress", "plain", env={"KUBECONFIG": str(self.kubeconfig("build"))})
        self.assert_ok(built)
        self.assertIn("life", registry_of("pool/life"))

        before = self.set_of()["metadata"]["annotations"][ANNOTATION]
        time.sleep(1.1)
        self.pool("record-build", "record-build", "--arch", "amd64")
        self.assertGreater(int(self.set_of()["metadata"]["annotations"][ANNOTATION]), int(before))
        self.assertIn("stays, its last build began", self.pool("scale-down", "scale", "down", "--timeout", "1800", "--only", "amd64").err)
        self.pool("scale-down", "scale", "down", "--timeout", "0", "--only", "amd64", "--dry-run")
        time.sleep(1.1)
        self.assertIn("scaled to 0", self.pool("scale-down", "scale", "down", "--timeout", "0", "--only", "amd64").err)
        self.assertEqual(self.set_of()["spec"]["replicas"], 0)
        self.wait_for_no_pods()

    def test_both_architectures(self):
        """The second node says that it is arm64; its set is scheduled there and nowhere else."""
        self.pool("scale-up", "scale", "up", "--wait", "--timeout", "180")
        nodes = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in
                 json.loads(kubectl("-n", NAMESPACE, "get", "pods", "-o", "json").stdout)["items"]}
        self.assertEqual((nodes["buildkit-amd64-0"], nodes["buildkit-arm64-0"]), ("node-amd64", "node-arm64"))
        shown = json.loads(self.pool("status", "status", "--json").out)
        self.assertEqual([(s["name"], s["replicas"]) for s in shown], [("buildkit-amd64", 1), ("buildkit-arm64", 1)])

    def test_the_cache_outlives_the_pod(self):
        """Scaled down and up again, a pod finds its claim and with it what it has built."""
        # Volumes keep what earlier runs on this cluster built.
        self.write("Dockerfile", f"FROM busybox\nRUN echo {time.time()} > /once\n")
        for again in (False, True):
            address = self.daemon()
            built = peelbox("build", "-f", self.dir / "Dockerfile", "--context", self.dir, "--output", "type=cacheonly", "--buildkit", address,
                            "--progress", "plain", env={"KUBECONFIG": str(self.kubeconfig("build"))})
            self.assert_ok(built)
            self.assertEqual("CACHED" in built.err, again, str(built))
            self.pool("scale-down", "suspend", "--only", "amd64")
            self.wait_for_no_pods()


class Load(ClusterTest):
    def test_the_load_of_pods_is_seen(self):
        """Measured by the kubelets, through the API server's aggregation, with the rights of the Role."""
        self.daemon()
        def measured():
            outcome = self.pool("get-address", "get-address", "--arch", "amd64", "--json")
            return outcome if json.loads(outcome.out)["pods"][0]["cpu"] is not None else None
        self.assertNotIn("not known", wait_for(measured, "a measurement", 60).err)
        self.assertRegex(self.pool("status", "status").out, r"cpu \d+\.\d")


class Jobs(ClusterTest):
    def image(self):
        """peelbox in an image, with the libraries that this build of it loads."""
        self.write("image/Dockerfile", "FROM peelbox/debian:12\nCOPY . /usr/bin/\nCOPY lib /usr/lib/peelbox/\nENV LD_LIBRARY_PATH=/usr/lib/peelbox\n")
        shutil.copy(PEELBOX, self.dir / "image/peelbox")
        (self.dir / "image/lib").mkdir()
        for library in re.findall(r"=> (/\S+)", subprocess.run(["ldd", PEELBOX], capture_output=True, text=True, check=True).stdout):
            if not re.search(r"/(libc|libm)\.so", library):
                shutil.copy(library, self.dir / "image/lib")
        name = "pool/peelbox:1"
        self.assert_ok(peelbox("build", "-f", self.dir / "image/Dockerfile", "--context", self.dir / "image", "--output",
                               f"type=image,name={bed('REGISTRY')}/{name},push=true", "--buildkit", bed("BUILDKITD")))
        return name

    def run_job(self, name):
        """A run of the CronJob now; its log."""
        kubectl("-n", NAMESPACE, "delete", "job", "now", "--ignore-not-found")
        kubectl("-n", NAMESPACE, "create", "job", "now", f"--from=cronjob/{name}")
        def ended():
            status = get("-n", NAMESPACE, "job", "now").get("status", {})
            return status if status.get("succeeded") or status.get("failed") else None
        status = wait_for(ended, "the end of the job", 120)
        log = kubectl("-n", NAMESPACE, "logs", "job/now").stdout
        self.assertTrue(status.get("succeeded"), log)
        return log

    def test_idle_sets_are_stopped_from_within(self):
        """The job has no kubeconfig: the account of its pod counts, and the API server is found by its variables."""
        jobs = [job for job in objects(example("jobs.yaml")) if job["metadata"]["name"] == "pool-scale-down"]
        pod = jobs[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        pod["containers"][0]["image"] = self.image()
        pod["containers"][0]["imagePullPolicy"] = "Always"
        apply(*jobs)
        self.daemon()
        self.assertIn("buildkit-amd64: stays, its last build began", self.run_job("pool-scale-down"))
        kubectl("-n", NAMESPACE, "annotate", "statefulset", "buildkit-amd64", "--overwrite", f"{ANNOTATION}={int(time.time()) - 4000}")
        self.assertIn("buildkit-amd64: scaled to 0", self.run_job("pool-scale-down"))
        self.assertEqual(self.set_of()["spec"]["replicas"], 0)


class Builds(ClusterTest):
    """What happens to builds when pods, the API server and scale-downs come in between."""

    def begin(self, seconds):
        address = self.daemon()
        self.write("Dockerfile", f"FROM busybox\nARG WHEN\nRUN echo step''-begins; sleep {seconds}; echo step''-ends\n")
        running = Running(self, "build", "-f", self.dir / "Dockerfile", "--context", self.dir, "--build-arg", f"WHEN={time.time()}",
                          "--output", "type=cacheonly", "--buildkit", address, "--progress", "plain",
                          env={"KUBECONFIG": str(self.kubeconfig("build"))})
        running.wait_for_text("step-begins")
        return running

    def test_a_running_build_is_not_scaled_away(self):
        running = self.begin(8)
        self.assertIn("stays, a build is running in buildkit-amd64-0", self.pool("scale-down", "suspend", "--only", "amd64").err)
        self.assertEqual(running.wait(), 0, running.text())
        self.assertIn("scaled to 0", self.pool("scale-down", "suspend", "--only", "amd64").err)

    def test_a_pod_that_is_deleted_drains_first(self):
        running = self.begin(8)
        kubectl("-n", NAMESPACE, "delete", "pod", "buildkit-amd64-0", "--wait=false")
        self.assertNotIn("buildkit-amd64-0?", self.pool("get-address", "get-address", "--arch", "amd64", "--pod", code=None).out)
        self.assertEqual(running.wait(), 0, running.text())

    def assert_ends(self, running, why):
        """Within bounded time, with what was lost, where, and what to do."""
        began = time.monotonic()
        self.assertNotEqual(running.wait(100), 0)
        print(f"  {why}: the build ended after {time.monotonic() - began:.1f} s")
        for part in ("was lost during the build", "kube-pod://buildkit-amd64-0", "running:", "try:"):
            self.assertIn(part, running.text())

    def test_a_pod_that_is_killed_ends_the_build(self):
        running = self.begin(600)
        kubectl("-n", NAMESPACE, "delete", "pod", "buildkit-amd64-0", "--grace-period=1", "--wait=false")
        self.assert_ends(running, "the pod was killed")

    def test_the_api_server_is_killed(self):
        running = self.begin(600)
        self.kubeconfig("status")
        testbed("cluster", "kill", "apiserver")
        try:
            self.assert_ends(running, "the API server was killed")
            outcome = self.pool("status", "status", code=3)
            self.assertIn("10.96.", outcome.err)
        finally:
            testbed("cluster", "up")
        self.pool("status", "status")

    def test_a_node_is_lost(self):
        running = self.begin(600)
        testbed("cluster", "kill", "node-amd64")
        try:
            self.assert_ends(running, "the node was killed")
            wait_for(lambda: "not ready" in self.pool("status", "status").out, "the end of the pod's readiness", 120)
            self.assertIn("no pod that is ready", self.pool("get-address", "get-address", "--arch", "amd64", code=4).err)
        finally:
            testbed("cluster", "up")
        self.daemon()

    def test_rights_are_taken_away_while_a_pod_is_waited_for(self):
        self.wait_for_no_pods()
        config = self.write("some.kubeconfig", account("leaver", roles=["pool-scale-up"]), mode=0o600)
        waiting = Running(self, "pool", "scale", "up", "--only", "amd64", "--wait", "--timeout", "180", env={"KUBECONFIG": str(config)})
        waiting.wait_for_text("scaled to 1")
        kubectl("-n", NAMESPACE, "delete", "rolebinding", "leaver-pool-scale-up")
        code = waiting.wait(60)
        # It may have been ready before.
        if code != 0:
            self.assertEqual(code, 1, waiting.text())
            self.assertIn("verbs", waiting.text())

    def test_credentials_that_are_taken_away(self):
        config = self.write("some.kubeconfig", account("gone", roles=["pool-status"]), mode=0o600)
        self.pool_with(config, "status")
        kubectl("-n", NAMESPACE, "delete", "serviceaccount", "gone")
        def refused():
            outcome = self.pool_with(config, "status", code=None)
            return outcome if outcome.code != 0 else None
        outcome = wait_for(refused, "the end of the token", 60)  # the server keeps what it knows of a token for some seconds
        self.assertIn("401", outcome.err)
        self.assertIn("may have expired", outcome.err)

    def test_the_api_server_is_restarted_while_a_pod_is_waited_for(self):
        self.wait_for_no_pods()
        waiting = Running(self, "pool", "scale", "up", "--only", "amd64", "--wait", "--timeout", "180",
                          env={"KUBECONFIG": str(self.kubeconfig("scale-up"))})
        waiting.wait_for_text("waiting for")
        testbed("cluster", "kill", "apiserver")
        testbed("cluster", "up")
        self.assertEqual(waiting.wait(200), 0, waiting.text())


class PoolBuilds(ClusterTest):
    """`pool build`, from no pods to one image, and what may happen to its pods."""

    def build(self, name, *flags, arch=None, spec=None):
        what = ("--spec", spec) if spec else ("-f", self.dir / "ctx/Dockerfile")
        return Running(self, "pool", "build", "--repo", f"{bed('CLUSTER_REGISTRY')}/pool/{name}", "--tag", "1", "--insecure", bed("CLUSTER_REGISTRY"),
                       "--timeout", "180", *(("--only", arch) if arch else ()), *flags, *what, spec.parent if spec else self.dir / "ctx",
                       env={"KUBECONFIG": str(self.kubeconfig("build"))})

    def assert_built(self, running):
        self.assertEqual(running.wait(300), 0, running.text())

    def images(self, name):
        """Platform -> digest, of the index that the registry has."""
        request = urllib.request.Request(f"http://{bed('REGISTRY')}/v2/pool/{name}/manifests/1", headers={"Accept": "application/vnd.oci.image.index.v1+json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
            index = json.load(reply)
        return {m["platform"]["architecture"]: m["digest"] for m in index["manifests"] if m["platform"]["architecture"] != "unknown"}

    def assert_pulled(self, name):
        docker = (bed("DOCKER_CLI"), "-H", bed("DOCKER"))
        image = f"{bed('REGISTRY')}/pool/{name}:1"
        run([*docker, "image", "rm", image])
        self.assert_ok(run([*docker, "pull", image]))
        run([*docker, "image", "rm", image])

    def test_a_dockerfile_for_two_architectures(self):
        self.wait_for_no_pods()
        self.write("ctx/Dockerfile", f"FROM busybox\nRUN echo {time.time()} > /made\nCOPY Dockerfile /\n")
        self.assert_built(self.build("two"))
        first = self.images("two")
        self.assertEqual(sorted(first), ["amd64", "arm64"])
        again = self.build("two")
        self.assert_built(again)
        for arch in first:
            self.assertRegex(again.text(), rf"(?m)^{arch}: #\d+ CACHED")
        self.assertEqual(self.images("two"), first)
        self.assertEqual(json.loads(registry_of("pool/two"))["tags"], ["1"])
        self.assert_pulled("two")
        for arch in first:
            self.assertIn(ANNOTATION, self.set_of(arch)["metadata"]["annotations"])

    def test_a_spec_for_two_architectures(self):
        spec = REPO / "examples/c-hello/universalbuild.json"
        # The bed's images are for one architecture; made anew, they are for both.
        self.write("ctx/Dockerfile", f"FROM {BUILD_IMAGE}\n")
        self.assert_built(self.build("base"))
        base = f"{bed('CLUSTER_REGISTRY')}/pool/base:1"
        images = ("--build-image", base, "--runtime-image", base)
        self.assert_built(self.build("spec", *images, spec=spec))
        first = self.images("spec")
        self.assertEqual(sorted(first), ["amd64", "arm64"])
        again = self.build("spec", *images, spec=spec)
        self.assert_built(again)
        self.assertEqual(self.images("spec"), first)
        self.assert_pulled("spec")

    def begin(self, name, *flags, then="exit 0"):
        """A build whose step waits when it runs for the first time in a pod's life, and does `then` when it runs again."""
        self.daemon()
        self.write("ctx/Dockerfile", f"FROM busybox\nRUN echo {time.time()} step''-begins; sleep 40; {then}\n")
        running = self.build(name, *flags, arch="amd64")
        running.wait_for_text("step-begins")
        return running

    def assert_named(self, running, words):
        began = time.monotonic()
        running.wait_for_text(words, 20)
        took = time.monotonic() - began
        print(f"  {words}: named after {took:.1f} s")
        self.assertLess(took, 8, running.text())

    def test_a_daemon_that_ends(self):
        """The bed's nodes do not enforce limits of memory, so that it is an OOM kill is shown by test_pool only."""
        running = self.begin("ended")
        kubectl("-n", NAMESPACE, "exec", "buildkit-amd64-0", "--", "sh", "-c", "kill -TERM 1", check=False)
        began = time.monotonic()
        running.wait_for_text("trying again", 20)
        print(f"  the daemon ended: named after {time.monotonic() - began:.1f} s")
        self.assertRegex(running.text(), r"buildkit-amd64-0: its daemon has ended \(\w+, exit code \d+\); trying again")
        self.assert_built(running)

    def test_a_pod_that_the_node_evicts(self):
        running = self.begin("evicted")
        pod = get("-n", NAMESPACE, "pod", "buildkit-amd64-0")
        pod["status"] = {**pod["status"], "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
        kubectl("replace", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/buildkit-amd64-0/status", "-f", "-", text=json.dumps(pod))
        self.assert_named(running, "buildkit-amd64-0: Evicted: The node was low on resource: memory.; trying again")
        self.assert_built(running)

    def test_a_pod_that_is_evicted_by_the_api_drains(self):
        running = self.begin("drained")
        kubectl("create", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/buildkit-amd64-0/eviction", "-f", "-", text=json.dumps(
            {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "buildkit-amd64-0", "namespace": NAMESPACE}}))
        self.assert_named(running, "buildkit-amd64-0 is being deleted; it goes on with this build")
        self.assert_built(running)
        self.assertNotIn("trying again", running.text())

    def test_a_pod_that_is_deleted_at_once(self):
        running = self.begin("deleted")
        kubectl("-n", NAMESPACE, "delete", "pod", "buildkit-amd64-0", "--force", "--grace-period=0", "--wait=false")
        began = time.monotonic()
        running.wait_for_text("trying again", 20)
        print(f"  deleted: named after {time.monotonic() - began:.1f} s")
        self.assertRegex(running.text(), "buildkit-amd64-0: (it has gone|it was replaced by a new pod of its name); trying again")
        self.assert_built(running)


class Caches(ClusterTest):
    def test_cache_clear(self):
        address = self.daemon()
        self.write("Dockerfile", "FROM busybox\nRUN echo kept > /kept\n")
        as_build = {"KUBECONFIG": str(self.kubeconfig("build"))}
        self.assert_ok(peelbox("build", "-f", self.dir / "Dockerfile", "--context", self.dir, "--output", "type=cacheonly", "--buildkit", address, env=as_build))
        records = lambda: json.loads(peelbox("du", "--json", "--buildkit", address, env=as_build).out)
        self.assertTrue(records())
        self.assertIn("would be cleared", self.pool("cache-clear", "cache", "clear", "--only", "amd64", "--dry-run").err)
        self.assertTrue(records())
        self.assertRegex(self.pool("cache-clear", "cache", "clear", "--only", "amd64").err, r"buildkit-amd64-0: cleared, \d")
        self.assertFalse(records())
        # Its volume stays while the pod is wanted, and goes when it is not.
        claims = lambda: [c["metadata"]["name"] for c in get("-n", NAMESPACE, "pvc")["items"]]
        clear = ("cache", "clear", "--only", "amd64", "--delete-volumes")
        self.pool("cache-clear", *clear)
        self.assertIn("cache-buildkit-amd64-0", claims())
        self.pool("scale-down", "suspend", "--only", "amd64")
        self.wait_for_no_pods()
        self.assertIn("would be deleted", self.pool("cache-clear", *clear, "--dry-run").err)
        self.assertIn("cache-buildkit-amd64-0", claims())
        self.pool("cache-clear", *clear)
        wait_for(lambda: "cache-buildkit-amd64-0" not in claims(), "the end of the claim", 60)
        free_volumes()


class Holds(ClusterTest):
    """What keeps a pod from coming ends the wait, and not its limit."""

    def assert_held(self, most, *words):
        began = time.monotonic()
        outcome = self.pool("scale-up", "scale", "up", "--only", "amd64", "--wait", "--timeout", "170", code=1)
        print(f"  {words[0]}: {time.monotonic() - began:.1f} s")
        self.assertLess(time.monotonic() - began, most)
        for part in ("does not get ready", *words):
            self.assertIn(part, outcome.err)

    def test_a_quota(self):
        self.wait_for_no_pods()
        apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": NAMESPACE}, "spec": {"hard": {"pods": "0"}}})
        self.addCleanup(kubectl, "-n", NAMESPACE, "delete", "resourcequota", "none")
        wait_for(lambda: get("-n", NAMESPACE, "resourcequota", "none").get("status", {}).get("hard"), "the quota")
        self.assert_held(60, "FailedCreate", "exceeded quota: none")

    def test_an_image_that_is_not_there(self):
        self.wait_for_no_pods()
        usual = self.set_of()["spec"]["template"]["spec"]["containers"][0]["image"]
        change = lambda image: kubectl("-n", NAMESPACE, "set", "image", "statefulset/buildkit-amd64", f"buildkitd={image}")
        self.addCleanup(lambda: (change(usual), kubectl("-n", NAMESPACE, "delete", "pod", "buildkit-amd64-0", "--force", "--grace-period=0", check=False)))
        change("moby/buildkit:none-such")
        self.assert_held(150, "buildkit-amd64-0", "Pull")


class Streams(ClusterTest):
    """tunnel and run: stock clients on a daemon of the pool."""

    def open_tunnel(self, *flags):
        log = open(self.dir / "tunnel.err", "wb")
        self.addCleanup(log.close)
        tunnel = subprocess.Popen([PEELBOX, "pool", "tunnel", "--arch", "amd64", "--port", "0", *flags], stdout=subprocess.PIPE, stderr=log,
                                  text=True, env=clean_environment({"KUBECONFIG": str(self.kubeconfig("build"))}))
        self.addCleanup(self.close, tunnel)
        address = tunnel.stdout.readline().strip()  # when a daemon has answered
        self.assertRegex(address, r"^tcp://127\.0\.0\.1:\d+$", self.log())
        return tunnel, address

    def log(self):
        return (self.dir / "tunnel.err").read_text()

    def close(self, process):
        process.kill()
        process.wait()
        process.stdout.close()

    def buildctl(self, address, *arguments):
        return run([bed("BUILDCTL"), "--addr", address, *arguments])

    def build_through(self, address):
        self.write("ctx/Dockerfile", f"FROM busybox\nARG WHEN={time.time()}\nRUN echo $WHEN\n")
        return self.buildctl(address, "build", "--frontend", "dockerfile.v0", "--local", f"context={self.dir}/ctx", "--local",
                             f"dockerfile={self.dir}/ctx", "--progress", "plain")

    def test_tunnel_from_no_pods_and_to_the_next_one(self):
        self.wait_for_no_pods()
        tunnel, address = self.open_tunnel("--heartbeat", "1")
        self.assert_ok(self.build_through(address))
        noted = self.set_of()["metadata"]["annotations"][ANNOTATION]
        wait_for(lambda: self.set_of()["metadata"]["annotations"][ANNOTATION] != noted, "a note that the tunnel is used", 20)
        kubectl("-n", NAMESPACE, "delete", "pod", "buildkit-amd64-0", "--grace-period=1", "--wait=true")
        self.pool("scale-up", "scale", "up", "--only", "amd64", "--wait", "--timeout", "180")
        wait_for(lambda: self.build_through(address).code == 0, "a build on the pod that came after", 60)
        tunnel.terminate()
        self.assertEqual(tunnel.wait(20), 143, self.log())

    def test_run(self):
        self.wait_for_no_pods()
        config = self.kubeconfig("build")
        outcome = self.pool_with(config, "run", "--arch", "amd64", "--", bed("BUILDCTL"), "debug", "workers")
        self.assertIn("linux/amd64", outcome.out)
        self.assertEqual(self.pool_with(config, "run", "--arch", "amd64", "--", "sh", "-c", "exit 7", code=None).code, 7)


class Rights(ClusterTest):
    """One right less, and the error says which."""

    def assert_names(self, role, resource, verb, *words, code=1):
        name = f"no-{verb}-{resource.replace('/', '-').split('.')[0]}-{role}"
        config = self.write("some.kubeconfig", account(name, rules=without(rules_of("pool-" + role), resource, verb)), mode=0o600)
        outcome = self.pool_with(config, *words, code=code)
        for part in (resource, verb, NAMESPACE, f"system:serviceaccount:{NAMESPACE}:{name}", "verbs"):
            self.assertIn(part, outcome.err, str(outcome))
        self.assertRegex(outcome.err, rf'resources \["{resource}"\], verbs \["{verb}"')

    def test_each_missing_right_is_named(self):
        self.daemon()
        for role, resource, verb, words in (
                ("get-address", "statefulsets", "get", ("get-address", "--arch", "amd64")),
                ("get-address", "pods", "list", ("get-address", "--arch", "amd64")),
                ("record-build", "statefulsets", "patch", ("record-build", "--arch", "amd64")),
                ("scale-up", "statefulsets", "get", ("scale", "up", "--only", "amd64")),
                ("scale-up", "statefulsets", "patch", ("scale", "up", "--only", "amd64")),
                ("scale-up", "pods", "list", ("scale", "up", "--only", "amd64", "--wait")),
                ("scale-down", "statefulsets", "get", ("scale", "down", "--only", "amd64")),
                ("scale-down", "statefulsets", "patch", ("scale", "down", "--only", "amd64")),
                ("scale-down", "pods", "list", ("scale", "down", "--only", "amd64")),
                ("scale-down", "pods/exec", "get", ("scale", "down", "--only", "amd64")),
                ("status", "statefulsets", "get", ("status",)),
                ("status", "pods", "list", ("status",))):
            with self.subTest(role=role, resource=resource, verb=verb):
                self.assert_names(role, resource, verb, *words)

    def test_metrics_are_optional(self):
        self.daemon()
        rules = [rule for rule in rules_of("pool-get-address") if "metrics.k8s.io" not in rule["apiGroups"]]
        config = self.write("some.kubeconfig", account("no-metrics", rules=rules), mode=0o600)
        self.assertIn("load of the pods is not known", self.pool_with(config, "get-address", "--arch", "amd64").err)

    def test_a_build_without_exec(self):
        address = self.daemon()
        config = self.write("some.kubeconfig", account("no-exec", rules=without(rules_of("pool-build"), "pods/exec", "get")), mode=0o600)
        outcome = peelbox("info", "--buildkit", address, env={"KUBECONFIG": str(config)})
        self.assert_fails(outcome, 3, "pods/exec", 'verbs ["get", "create"]', NAMESPACE)

    def test_a_token_of_nobody(self):
        text = self.kubeconfig("status").read_text()
        config = self.write("nobody", text.replace("token: ", "token: x"), mode=0o600)
        outcome = self.pool_with(config, "status", code=None)
        self.assertNotEqual(outcome.code, 0)
        self.assertIn("401", outcome.err)


if __name__ == "__main__":
    unittest.main()
