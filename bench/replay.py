"""A build's Status stream, recorded from a real daemon and played to any client, so that two clients, or two modes of one,
are given the same messages at the same times. What a daemon says differs from run to run, and by more than showing it costs.

    record(address, definition, file)
    with Replay(file, folder, speed=8) as daemon: … daemon.address

Played are the calls that buildctl and peelbox make for a definition without sources of the client; nothing is built."""

import json
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import time
from concurrent import futures

import grpc

from bedside import BIN, bed

CONTROL = "/moby.buildkit.v1.Control/"
BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/"
LIMIT = [("grpc.max_receive_message_length", 1 << 30), ("grpc.max_send_message_length", 1 << 30)]


def record(address, definition, file):
    """Has buildctl build `definition`, and keeps in `file` what the daemon at `address` says and when."""
    with grpc.insecure_channel(address, options=LIMIT) as channel, definition.open("rb") as given:
        answers = {CONTROL + name: channel.unary_unary(CONTROL + name)(b"") for name in ("Info", "ListWorkers")}
        command = [bed("BUILDCTL"), "--addr", address, "build", "--no-cache", "--progress=quiet"]
        child = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            ref = running_build(address, child)
            began = time.monotonic()
            messages = channel.unary_stream(CONTROL + "Status")(b"\x0a" + bytes([len(ref)]) + ref.encode())
            answers[BRIDGE + "Ping"] = channel.unary_unary(BRIDGE + "Ping")(
                b"", metadata=[("buildkit-controlapi-buildid", ref)])
            said = [(time.monotonic() - began, message) for message in messages]
        finally:
            ended = child.wait(300)
    if ended != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {ended}")
    file.write_bytes(pickle.dumps((answers, said)))


def running_build(address, child):
    while child.poll() is None:
        listed = subprocess.run([BIN / "peelbox", "history", "ls", "--json", "--buildkit", address], capture_output=True,
                                check=True)
        for one in json.loads(listed.stdout):
            if one["state"] == "running":
                return one["ref"]
    raise RuntimeError("the build ended before it was seen")


class Replay:
    """A daemon, in a process of its own, that answers every Solve with one recorded build; for one client at a time.
    `speed`: how many times faster than it was."""

    def __init__(self, file, folder, speed=1):
        self.file, self.speed = file, speed
        self.socket = pathlib.Path(folder) / "replay.sock"

    def __enter__(self):
        self.address = f"unix://{self.socket}"
        # It ends with its standard input, so with this process however that ends.
        self.process = subprocess.Popen([sys.executable, "-B", __file__, self.file, self.address, str(self.speed)],
                                        stdin=subprocess.PIPE)
        self.pid = self.process.pid
        while not self.socket.exists():
            if self.process.poll() is not None:
                raise RuntimeError("the replaying daemon ended")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


def once(event):
    event.wait()
    event.clear()


class Player(grpc.GenericRpcHandler):
    def __init__(self, file, speed):
        self.answers, self.said = pickle.loads(pathlib.Path(file).read_bytes())
        self.speed = speed
        self.shown, self.returned = threading.Event(), threading.Event()

    def service(self, call):
        answer = self.answers.get(call.method)
        if answer is not None:
            return grpc.unary_unary_rpc_method_handler(lambda request, context: answer)
        return {CONTROL + "Solve": grpc.unary_unary_rpc_method_handler(self.solve),
                CONTROL + "Status": grpc.unary_stream_rpc_method_handler(self.status),
                CONTROL + "Session": grpc.stream_stream_rpc_method_handler(self.session),
                BRIDGE + "Solve": grpc.unary_unary_rpc_method_handler(self.solve_through_gateway),
                BRIDGE + "Return": grpc.unary_unary_rpc_method_handler(self.take_result)}.get(call.method)

    def solve(self, request, context):
        # Ref is field 1 and Definition field 2 (control.proto, SolveRequest); buildctl gives it to the gateway instead.
        after_ref = 2 + request[1]
        has_definition = request[after_ref:after_ref + 1] == b"\x12"
        once(self.shown if has_definition else self.returned)
        return b""

    def solve_through_gateway(self, request, context):
        once(self.shown)
        return b"\x1a\x02\x1a\x00"  # Result{Ref{}} (gateway.proto, SolveResponse)

    def take_result(self, request, context):
        self.returned.set()
        return b""

    def status(self, request, context):
        began = time.monotonic()
        for when, message in self.said:
            left = began + when / self.speed - time.monotonic()
            if left > 0:
                time.sleep(left)
            yield message
        self.shown.set()

    def session(self, requests, context):
        context.send_initial_metadata(())
        # A client's beginning of HTTP/2 (RFC 9113, 3.4), without which a session counts as dead after some time.
        beginning = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
        yield b"\x0a" + bytes([len(beginning)]) + beginning  # BytesMessage{data}
        for _ in requests:  # until the client goes
            pass


def serve(file, address, speed):
    server = grpc.server(futures.ThreadPoolExecutor(16), options=LIMIT)
    server.add_generic_rpc_handlers([Player(file, float(speed))])
    server.add_insecure_port(address)
    server.start()
    sys.stdin.read()
    os._exit(0)  # does not wait for calls that nobody answers any more


if __name__ == "__main__":
    serve(*sys.argv[1:])
