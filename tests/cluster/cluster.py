"""What the tests on the bed's cluster share: kubectl, the example manifests fitted to the bed, and accounts with one Role."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests/integration"))

from bed import BUILD_IMAGE, PEELBOX, TESTBED, BedTest, Running, bed, clean_environment, peelbox, run, wait_for  # noqa: E402

EXAMPLES = REPO / "examples/kubernetes"
NAMESPACE = "buildkit"
ANNOTATION = "panfactum.com/last-build"
# What Kubernetes 1.20 calls the kinds that the examples name as newer servers do.
OLD_NAMES = (("policy/v1 ", "policy/v1beta1 "), ("batch/v1 ", "batch/v1beta1 "), ("autoscaling/v2 ", "autoscaling/v2beta2 "))


def kubectl(*arguments, text=None, check=True):
    done = subprocess.run([bed("KUBECTL"), "--kubeconfig", bed("KUBECONFIG"), "--request-timeout", "30s", *map(str, arguments)],
                          input=text, capture_output=True, text=True, timeout=150)
    if check and done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr}")
    return done


def get(*what):
    return json.loads(kubectl("get", *what, "-o", "json").stdout)


def testbed(*arguments, check=True):
    done = subprocess.run([TESTBED, *arguments], capture_output=True, text=True, timeout=400,
                          env={**os.environ, "PEELBOX_TESTBED_DIR": bed("DIR")})
    if check and done.returncode != 0:
        raise AssertionError(f"testbed.sh {' '.join(arguments)}: {done.stderr}")
    return done


def example(name):
    """The text of a manifest, with the names of the bed's server."""
    text = (EXAMPLES / name).read_text()
    for new, old in OLD_NAMES:
        text = text.replace("apiVersion: " + new, "apiVersion: " + old)
    return text


def registry_of(repository):
    """What the registry says about a repository: its name and tags."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{bed('REGISTRY')}/v2/{repository}/tags/list", timeout=30) as reply:
        return reply.read().decode()


def objects(text):
    """Manifests as Python objects; kubectl reads the YAML."""
    made = kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", text=text).stdout
    found, rest, decoder = [], made.strip(), json.JSONDecoder()
    while rest:
        one, end = decoder.raw_decode(rest)
        found += one["items"] if one["kind"] == "List" else [one]
        rest = rest[end:].strip()
    return found


def fitted(thing):
    """An object of the examples, small enough for the bed and with the images that it has."""
    if thing["kind"] == "ConfigMap":
        mirror = bed("CLUSTER_REGISTRY")
        thing["data"]["buildkitd.toml"] = (f'[registry."docker.io"]\n  mirrors = ["{mirror}"]\n[registry."{mirror}"]\n  http = true\n')
    if thing["kind"] == "StatefulSet":
        spec = thing["spec"]["template"]["spec"]
        container = spec["containers"][0]
        container["image"] = "moby/buildkit:buildx-stable-1"
        container["resources"] = {"requests": {"cpu": "100m", "memory": "128Mi"}}
        container["env"] = [{"name": "DRAIN_SECONDS", "value": "60"}]
        spec["terminationGracePeriodSeconds"] = 90
    return thing


def apply(*things):
    return kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(things)}))


def start_pool():
    """The privileged pool of the examples, without pods, and its Roles."""
    for name in ("namespace.yaml", "config.yaml", "privileged/pool.yaml", "roles.yaml"):
        apply(*map(fitted, objects(example(name))))


def stop_pool():
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    kubectl("-n", NAMESPACE, "delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false", check=False)
    wait_for(lambda: kubectl("get", "namespace", NAMESPACE, check=False).returncode != 0, "the end of the namespace", 120)
    free_volumes()


def free_volumes():
    """The bed's volumes have no owner who makes them free again after a claim is gone."""
    for volume in get("pv")["items"]:
        if volume["status"].get("phase") == "Released":
            kubectl("patch", "pv", volume["metadata"]["name"], "--type=merge", "-p", '{"spec":{"claimRef":null}}')


def account(name, rules=None, roles=()):
    """A kubeconfig of a service account that has these rules, or Roles of the examples, and nothing else."""
    things = [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}]
    roles = list(roles)
    if rules is not None:
        things.append({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name, "namespace": NAMESPACE},
                       "rules": rules})
        roles.append(name)
    for role in roles:
        things.append({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                       "metadata": {"name": f"{name}-{role}", "namespace": NAMESPACE},
                       "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
                       "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}]})
    apply(*things)
    return testbed("cluster", "kubeconfig", NAMESPACE, name).stdout


def rules_of(role):
    return get("-n", NAMESPACE, "role", role)["rules"]


def without(rules, resource, verb):
    """The rules with one verb less on one resource."""
    left = json.loads(json.dumps(rules))
    for rule in left:
        if resource in rule["resources"] and verb in rule["verbs"]:
            others = [r for r in rule["resources"] if r != resource]
            if others:
                left.append({**rule, "resources": others})
            rule["resources"] = [resource]
            rule["verbs"] = [v for v in rule["verbs"] if v != verb]
    return [rule for rule in left if rule["verbs"]]


class ClusterTest(BedTest):
    """A pool without pods, and `self.pool(role, …)`: peelbox pool as an account that has this Role alone."""

    accounts = {}

    def setUp(self):
        super().setUp()
        for arch in ("amd64", "arm64"):
            self.scale(arch, 0)
            # It is not waited for: a pod that ends is part of what the commands have to see through.
            kubectl("-n", NAMESPACE, "annotate", "statefulset", f"buildkit-{arch}", f"{ANNOTATION}-")

    def kubeconfig(self, role):
        if role not in self.accounts:
            self.accounts[role] = account("t-" + role, roles=["pool-" + role])
        return self.write(f"{role}.kubeconfig", self.accounts[role], mode=0o600)

    def pool(self, role, *words, code=0):
        return self.pool_with(self.kubeconfig(role), *words, code=code)

    def pool_with(self, kubeconfig, *words, code=0):
        outcome = peelbox("pool", *words, env={"KUBECONFIG": str(kubeconfig), "PATH": "/usr/bin:/bin"})
        if code is not None:
            self.assertEqual(outcome.code, code, str(outcome))
        return outcome

    def set_of(self, arch="amd64"):
        return get("-n", NAMESPACE, "statefulset", f"buildkit-{arch}")

    def scale(self, arch, number):
        kubectl("-n", NAMESPACE, "scale", "statefulset", f"buildkit-{arch}", f"--replicas={number}")

    def pods(self):
        return [pod["metadata"]["name"] for pod in get("-n", NAMESPACE, "pods")["items"]]

    def wait_for_no_pods(self):
        wait_for(lambda: not self.pods(), "the end of the pods", 120)

    def daemon(self, arch="amd64"):
        """A pod that is ready; its kube-pod:// address."""
        self.pool("scale-up", "scale", "up", "--only", arch, "--wait", "--timeout", "180")
        return self.pool("get-address", "get-address", "--arch", arch, "--pod").out.strip()
