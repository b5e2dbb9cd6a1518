"""What a build may take and do: source policies, entitlements."""

import json
import subprocess

from bed import BUILD_IMAGE, LLB_TOOL, BedTest, bed, peelbox


class Rights(BedTest):
    def solve(self, command, *arguments):
        made = subprocess.run([LLB_TOOL, "run", BUILD_IMAGE, command], capture_output=True, check=True)
        return peelbox("build", "--llb", self.write("a.llb", made.stdout), "--buildkit", bed("BUILDKITD"), "--progress", "plain", "--output",
                       "type=cacheonly", *arguments)

    def policy(self, *rules):
        return self.write("policy.json", json.dumps({"version": 1, "rules": list(rules)}))

    def test_a_policy_refuses_a_source(self):
        deny = self.policy({"action": "DENY", "selector": {"identifier": "docker-image://*", "match_type": "WILDCARD"}})
        self.assert_fails(self.solve("true", "--source-policy-file", deny), 1, "denied by policy")
        other = self.policy({"action": "DENY", "selector": {"identifier": "docker-image://docker.io/library/other:*"}})
        self.assert_ok(self.solve("true", "--source-policy-file", other))

    def test_a_policy_holds_for_specs_too(self):
        deny = self.policy({"action": "DENY", "selector": {"identifier": "docker-image://*"}})
        self.assert_fails(self.build("--source-policy-file", deny), 1, "denied by policy")

    def test_what_is_not_understood_is_refused(self):
        self.assert_fails(self.solve("true", "--source-policy-file", self.policy({"action": "FORBID"})), 2, "rules[0].action: expected ALLOW")
        self.assert_fails(self.solve("true", "--allow", "network"), 2, "--allow network: expected network.host")

    def test_an_entitlement_is_asked_for(self):
        self.assert_ok(self.solve("true", "--allow", "network.host"))
