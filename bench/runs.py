"""One run of a client, timed; or counted, which is never timed."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from bedside import BIN, Unavailable, cpu_of


class ClientFailed(Exception):
    pass


class Client:
    """How one client is told to build. `command(address)` -> words; `{}` in them is the number of the copy."""

    def __init__(self, name, command, definition=None, environment=None):
        self.name = name
        self.command = command
        self.definition = definition  # a file for its standard input, or None
        self.environment = environment or (lambda address: {})


def _launch(words, client, address, folder, copies, netns, log=None):
    log = log or pathlib.Path(folder) / ("client-{}.log" if copies > 1 else "client.log")
    launcher = [BIN / "bench_client_run", "--copies", copies, "--log", log]
    if client.definition:
        launcher += ["--stdin", client.definition]
    if netns:
        launcher += ["--netns", netns]
    done = subprocess.run([str(w) for w in [*launcher, "--", *words]], capture_output=True, text=True,
                          env={**os.environ, **client.environment(address)})
    used = json.loads(done.stdout) if done.stdout else {"exit": done.stderr or done.returncode}
    if used["exit"] != 0:
        logs = [pathlib.Path(str(log).replace("{}", str(i))) for i in range(copies)]
        said = max((l.read_text(errors="replace") for l in logs if l.is_file()), key=len, default="")
        raise ClientFailed(f"{client.name} ended with {used['exit']}: {' '.join(str(w) for w in words)}\n{said[-3000:]}")
    return used


def timed(client, address, folder, daemon_pid, copies=1, netns=None, log=None):
    """Wall and CPU seconds, MB of the largest process, and the daemon's CPU seconds meanwhile. `log`: where the output goes
    instead of to a file of the folder."""
    before = cpu_of(daemon_pid)
    used = _launch(client.command(address), client, address, folder, copies, netns, log)
    run = {"wall": used["wall"], "cpu": used["user"] + used["system"], "user": used["user"], "system": used["system"],
           "rss_mb": used["rss_kib"] * 1024 / 1e6}
    run["daemon_cpu"] = cpu_of(daemon_pid) - before
    return run


_method = None


def counting_method():
    """perf counts in the kernel; strace stops the client at every call. Both count every thread and child."""
    global _method
    if _method is None:
        tried = shutil.which("perf") and subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"],
                                                        capture_output=True)
        if tried and tried.returncode == 0:
            _method = "perf stat -e raw_syscalls:sys_enter"
        elif shutil.which("strace"):
            _method = "strace -f"
        else:
            raise Unavailable("counting system calls needs perf (Debian: linux-perf) or strace: apt-get install strace")
    return _method


def counted_syscalls(client, address, folder, copies=1, netns=None):
    file = pathlib.Path(folder) / ("syscalls-{}" if copies > 1 else "syscalls")
    perf = counting_method().startswith("perf")
    wrapper = (["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-o", file, "--"] if perf
               # Not -c, which leaves out system calls that are newer than strace.
               else ["strace", "-f", "-qqq", "--signal=none", "-o", rf"|grep -c '^[0-9]* *[a-z_0-9]*(' >'{file}'", "--"])
    _launch([*wrapper, *client.command(address)], client, address, folder, copies, netns)
    total = 0
    for i in range(copies):
        text = pathlib.Path(str(file).replace("{}", str(i))).read_text()
        found = re.search(r"^(\d+),,raw_syscalls" if perf else r"^(\d+)$", text, re.M)
        if not found:
            raise Unavailable(f"{counting_method()} wrote no total: {text[-300:]}")
        total += int(found.group(1))
    return total
