"""Secrets: given when a step asks, and nowhere else."""

import pathlib
import resource
import signal
import subprocess

from bed import BUILD_IMAGE, LLB_TOOL, PEELBOX, BedTest, bed, clean_environment, peelbox

SECRET = "hunter2-tell-nobody"


class Secrets(BedTest):
    def definition(self, command, *mounts):
        made = subprocess.run([LLB_TOOL, "run", BUILD_IMAGE, command, *mounts], capture_output=True, check=True)
        return self.write("definition.llb", made.stdout)

    def solve(self, llb, *arguments, **how):
        return peelbox("build", "--llb", llb, "--buildkit", bed("BUILDKITD"), "--progress", "plain", "-vv", "--tag", "it:secret",
                       "--output", f"type=oci,dest={self.dir}/image.tar", *arguments, **how)

    def test_a_step_sees_it_and_nobody_else(self):
        token = self.write("token", SECRET)
        llb = self.definition('test "$(cat /run/secrets/file)" = ' + f"{SECRET[:3]}'{SECRET[3:]}'" + ' && test "$(wc -c </run/secrets/variable)" = 4',
                              "secret", "file", "/run/secrets/file", "secret", "VARIABLE", "/run/secrets/variable")
        files = [self.dir / name for name in ("metadata.json", "trace.json", "timeline.html", "log")]
        built = self.solve(llb, "--no-cache", "--secret", f"id=file,src={token}", "--secret", "id=VARIABLE", "--metadata-file", files[0],
                           "--trace", files[1], "--timeline", files[2], "--log-file", files[3], "--ref-file", self.dir / "ref",
                           env={"VARIABLE": "abcd"})
        self.assert_ok(built)
        reference = (self.dir / "ref").read_text().strip()
        history = peelbox("history", "inspect", reference, "--buildkit", bed("BUILDKITD"))
        self.assert_ok(history)
        logs = peelbox("history", "logs", reference, "--buildkit", bed("BUILDKITD"))
        for text in (built.out, built.err, history.out, history.err, logs.out, logs.err, *(f.read_text(errors="replace") for f in files)):
            self.assertNotIn(SECRET, text)
        self.assertNotIn(SECRET.encode(), (self.dir / "image.tar").read_bytes())

    def test_what_is_not_given_is_named(self):
        llb = self.definition("cat /run/secrets/a", "secret", "a", "/run/secrets/a")
        self.assert_fails(self.solve(llb), 1, "secret a: not found")
        self.assert_fails(self.solve(llb, "--secret", "id=b,env=PATH"), 1, "secret a: not found")
        self.assert_fails(self.solve(llb, "--secret", "id=a,src=/no/such/file"), 4, "--secret id=a: /no/such/file: No such file")
        self.assert_fails(self.solve(llb, "--secret", "id=a,env=NOT_SET"), 2, "the variable NOT_SET is not set")

    def test_a_process_that_is_killed_leaves_no_core(self):
        token = self.write("token", SECRET)
        llb = self.definition("sleep 60", "secret", "file", "/run/secrets/file")
        (self.dir / "cores").mkdir()

        def cores(*arguments):
            process = subprocess.Popen(
                [PEELBOX, "build", "--llb", llb, "--buildkit", bed("BUILDKITD"), "--output", "type=cacheonly", "--no-cache", "--progress",
                 "plain", *arguments], cwd=self.dir / "cores", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True, env=clean_environment(),
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
            for line in process.stderr:
                if "RUN sleep" in line:
                    break
            command = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
            self.assertNotIn(SECRET.encode(), command)
            process.send_signal(signal.SIGABRT)
            process.stderr.close()
            process.wait(timeout=60)
            return len(list((self.dir / "cores").iterdir()))

        if cores() == 0:
            self.skipTest("no cores are written here")
        for core in (self.dir / "cores").iterdir():
            core.unlink()
        self.assertEqual(cores("--secret", f"id=file,src={token}"), 0)
