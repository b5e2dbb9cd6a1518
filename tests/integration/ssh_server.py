"""A real sshd on loopback, with keys and a configuration of its own."""

import os
import pathlib
import shutil
import subprocess

from bed import bed, free_port, run, wait_for


class SshServer:
    """Ends with the test. Its keys are `host` and `user` in the test's directory; the user is root."""

    def __init__(self, test, path="/usr/bin:/bin"):
        tools = pathlib.Path(bed("DIR")) / "reach"
        self.port = free_port()
        for key in ("host", "user"):
            made = run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", test.dir / key],
                       env={"PATH": f"{tools}/usr/bin:{os.environ['PATH']}"})
            test.assertEqual(made.code, 0, str(made))
        shutil.copy(test.dir / "user.pub", test.dir / "authorized")
        test.write("sshd_config", f"""ListenAddress 127.0.0.1:{self.port}
HostKey {test.dir}/host
AuthorizedKeysFile {test.dir}/authorized
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 2:100:2
LogLevel VERBOSE
SetEnv PATH={path} BUILDKIT_HOST={bed("BUILDKITD")}
""")
        # Root has a home and a shell that do nothing of this machine's own when it logs in.
        test.write("passwd", f"root:x:0:0::{test.dir}:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
                             "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n")
        # sshd wants a user and a directory of its own: it gets them in a mount namespace, and the machine keeps none.
        self.log = open(test.dir / "sshd.log", "wb")
        test.addCleanup(self.log.close)
        self.sshd = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "slave", "sh", "-ec",
             f'mount --bind {test.dir}/passwd /etc/passwd; mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/sshd; '
             f'exec {tools}/usr/sbin/sshd -D -e -f {test.dir}/sshd_config'],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, "LD_LIBRARY_PATH": f"{tools}/lib/x86_64-linux-gnu:{tools}/usr/lib/x86_64-linux-gnu"})
        test.addCleanup(self.sshd.wait)
        test.addCleanup(self.sshd.kill)
        wait_for(lambda: b"Server listening" in (test.dir / "sshd.log").read_bytes() or self.sshd.poll() is not None,
                 "sshd", 30)
        test.assertIsNone(self.sshd.poll(), (test.dir / "sshd.log").read_text())
