"""Clients that scale down race with clients that build. PEELBOX_POOL_RACE_SECONDS: for how long, 20 by default; ten minutes go through
about a hundred rounds."""

import os
import random
import subprocess
import threading
import time

from bed import PEELBOX, PrivateDaemon, clean_environment, wait_for
from pool_case import PODS, PoolTest

IDLE = 3  # seconds; a set is scaled down when its last build is older


class PoolRace(PoolTest):
    def setUp(self):
        super().setUp()
        # The bed's daemon builds for others, and would keep the set.
        self.api.exec_argv = self.dial(PrivateDaemon(self, "race").address)
        self.random = random.Random(20)
        self.ends, self.words, self.over = [], [], False
        self.api.on_patched = self.control

    def control(self, obj):
        """What the controller of StatefulSets does, at once."""
        pods = self.api.lists[PODS]
        if obj["metadata"]["name"] == "buildkit-amd64" and obj["spec"]["replicas"] and not pods:
            self.put_pod("buildkit-amd64-0", uid=str(time.monotonic()))
        elif obj["metadata"]["name"] == "buildkit-amd64" and not obj["spec"]["replicas"] and pods:
            self.ends.append(time.time())
            pods.clear()

    def replicas(self):
        return self.set_of()["spec"]["replicas"]

    def keep_scaling_down(self):
        while not self.over:
            outcome = self.pool("scale", "down", "--only", "amd64", "--timeout", str(IDLE))
            if outcome.code:
                self.words.append(f"scale down: {outcome}")

    def begin_run(self, name):
        length = self.random.uniform(0.1, 2)
        script = f"date +%s.%N >{name}; sleep {length}; date +%s.%N >>{name}"
        return subprocess.Popen([PEELBOX, "pool", "run", "--arch", "amd64", "--heartbeat", "1", "--", "sh", "-c", script], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, env=clean_environment(self.env))

    def round(self, number):
        """Some builds that begin at about one time; when they began and ended."""
        running, spans = {}, []
        for i in range(self.random.randint(1, 20)):
            time.sleep(self.random.uniform(0, 0.1))
            name = self.dir / f"run-{number}-{i}"
            running[name] = self.begin_run(name)
        for name, process in running.items():
            said = process.communicate(timeout=100)[1]
            self.assertEqual(process.returncode, 0, said)
            spans.append([float(line) for line in name.read_text().split()])
        return spans

    def test_no_build_is_ended_and_no_set_stays_up(self):
        until = time.monotonic() + float(os.environ.get("PEELBOX_POOL_RACE_SECONDS", "20"))
        scalers = [threading.Thread(target=self.keep_scaling_down, daemon=True) for _ in range(2)]
        for one in scalers:
            one.start()
        spans = []
        try:
            while time.monotonic() < until:
                spans += self.round(len(spans))
                # The next round begins before, while and after the set is scaled down.
                time.sleep(self.random.uniform(0.8, 1.6) * IDLE)
                if self.random.random() < 0.3 or time.monotonic() >= until:
                    wait_for(lambda: self.replicas() == 0, "the end of a set that nobody uses", IDLE + 20)
        finally:
            self.over = True
            for one in scalers:
                one.join(60)
        self.assertEqual(self.words, [])
        ended = [(end, span) for end in self.ends for span in spans if span[0] <= end <= span[1]]
        self.assertEqual(ended, [], "a running build was ended")
        self.assertTrue(self.ends)
        print(f"{len(spans)} builds, {len(self.ends)} times scaled down")
