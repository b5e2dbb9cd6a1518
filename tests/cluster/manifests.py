"""The API server accepts every manifest of examples/kubernetes."""

import json
import unittest

from cluster import EXAMPLES, example, kubectl, objects

NAMESPACE = "manifests-of-peelbox"


def elsewhere(text):
    return text.replace("namespace: buildkit", "namespace: " + NAMESPACE)


def patched(thing, operations):
    """What kustomize makes of privileged/ with the patch of mtls/: every operation appends to a list."""
    for operation in operations:
        place = thing
        *path, last = operation["path"].strip("/").split("/")
        assert operation["op"] == "add" and last == "-", operation
        for step in path:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place.append(operation["value"])
    return thing


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kubectl("create", "namespace", NAMESPACE)
        cls.addClassCleanup(kubectl, "delete", "namespace", NAMESPACE, "--wait=false")

    def accepted(self, text):
        outcome = kubectl("apply", "--dry-run=server", "-f", "-", text=text, check=False)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        return outcome.stdout

    def test_each_is_accepted(self):
        names = [file.relative_to(EXAMPLES) for file in sorted(EXAMPLES.glob("**/*.yaml"))
                 if file.name != "kustomization.yaml" and file.parent.name != "mtls"]
        self.assertGreater(len(names), 8)
        for name in names:
            with self.subTest(str(name)):
                self.assertIn("server dry run", self.accepted(elsewhere(example(name))))

    def test_mtls(self):
        operations = json.loads((EXAMPLES / "mtls/patch.json").read_text())
        sets = [patched(thing, operations) for thing in objects(elsewhere(example("privileged/pool.yaml"))) if thing["kind"] == "StatefulSet"]
        self.assertEqual(len(sets), 2)
        for one in sets:
            self.assertIn("--tlscert=/etc/buildkit-certs/tls.crt", one["spec"]["template"]["spec"]["containers"][0]["args"])
            self.accepted(json.dumps(one))


if __name__ == "__main__":
    unittest.main()
