"""Secrets: given when a step asks, and nowhere else."""

import os
import pathlib
import shutil
import socket
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

    def test_the_memory_is_in_no_core_file(self):
        token = self.write("token", SECRET)
        llb = self.definition("true", "secret", "file", "/run/secrets/file")
        program = shutil.copy(PEELBOX, self.dir / "peelbox")
        for path in (self.dir, program, llb, token):
            os.chmod(path, 0o755)
        user = os.geteuid() or 65534

        def owner_of_memory(*arguments):
            """Who owns /proc/PID/maps while a daemon that never answers is waited for: root when the process cannot be dumped (proc(5))."""
            with socket.create_server(("127.0.0.1", 0)) as server:
                server.settimeout(60)
                process = subprocess.Popen(
                    [program, "build", "--llb", llb, "--buildkit", f"tcp://127.0.0.1:{server.getsockname()[1]}", "--output", "type=cacheonly",
                     "--progress", "plain", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=clean_environment(), preexec_fn=lambda: os.geteuid() == 0 and os.setresuid(user, user, user))
                try:
                    with server.accept()[0]:
                        self.assertNotIn(SECRET.encode(), pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes())
                        return os.stat(f"/proc/{process.pid}/maps").st_uid
                finally:
                    process.kill()
                    process.wait(timeout=60)

        self.assertEqual(owner_of_memory(), user)
        self.assertEqual(owner_of_memory("--secret", f"id=file,src={token}"), 0)
