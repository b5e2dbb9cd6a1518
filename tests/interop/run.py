"""Runs one interoperability case: starts a server, runs a client against it, stops both on every path.

    run.py --bin DIR --generated DIR DIRECTION CASE

DIRECTION: ours-to-python, python-to-ours, ours-to-ours, or http2 (nghttp and h2load against our server).
"""

import argparse
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
START_LIMIT = 20
CLIENT_LIMIT = 40


class Failed(Exception):
    pass


class Server:
    """A child that prints "listening on PORT" and ends when its standard input ends."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        try:
            readable, _, _ = select.select([self.process.stdout], [], [], START_LIMIT)
            line = self.process.stdout.readline().decode() if readable else ""
            match = re.match(r"listening on (\d+)", line)
            if not match:
                raise Failed("the server did not start: %r" % line)
            self.port = match.group(1)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def must_be_alive(self):
        if self.process.poll() is not None:
            raise Failed("the server ended with %d" % self.process.returncode)


def run_client(command, environment):
    try:
        done = subprocess.run(command, env=environment, timeout=CLIENT_LIMIT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:
        raise Failed("the client did not end: %s" % " ".join(command))
    if done.returncode != 0:
        raise Failed("%s\nexit code %d:\n%s" % (" ".join(command), done.returncode, done.stdout))
    return done.stdout


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Failed("%s is missing: install the package nghttp2-client" % name)
    return path


def must_have(text, *patterns):
    for pattern in patterns:
        if not re.search(pattern, text, re.MULTILINE):
            raise Failed("%r is not in\n%s" % (pattern, text[-4000:]))


GRPC_HEADERS = ["-Hcontent-type: application/grpc", "-Hte: trailers"]


def message(body):
    return b"\0" + len(body).to_bytes(4, "big") + body


def http2_case(name, url, scratch, environment):
    def data(body):
        path = os.path.join(scratch, "data")
        with open(path, "wb") as out:
            out.write(body)
        return path

    service = url + "/grpc.testing.TestService/"
    # SimpleRequest{response_size: 300000}
    large = message(b"\x10\xe0\xa7\x12")

    def nghttp(path, body, *options):
        return run_client([tool("nghttp"), "-v", "--timeout=20", "-d", data(body), *GRPC_HEADERS, *options,
                           path], environment)

    if name == "nghttp_unary":
        must_have(nghttp(service + "EmptyCall", message(b"")), r":status: 200", r"content-type: application/grpc",
                  r"grpc-status: 0")
    elif name == "nghttp_small_windows":
        must_have(nghttp(service + "UnaryCall", large, "--window-bits=10", "--connection-window-bits=12"),
                  r"grpc-status: 0")
    elif name == "nghttp_padding_and_continuation":
        must_have(nghttp(service + "EmptyCall", message(b""), "--padding=200", "--continuation"), r"grpc-status: 0")
    elif name == "nghttp_header_table":
        must_have(nghttp(service + "EmptyCall", message(b""), "--header-table-size=0"), r"grpc-status: 0")
    elif name == "nghttp_not_grpc":
        out = run_client([tool("nghttp"), "-v", "--timeout=20", url + "/index.html"], environment)
        must_have(out, r":status: (405|415)")
    elif name == "nghttp_broken_message":
        # A message that is compressed without an announcement: a status, not a hang or a broken connection.
        must_have(nghttp(service + "EmptyCall", b"\1\0\0\0\0"), r"grpc-status: (12|13)")
    elif name == "h2load_unary":
        out = run_client([tool("h2load"), "-n4000", "-c4", "-m50", "-d", data(message(b"")), *GRPC_HEADERS,
                          service + "EmptyCall"], environment)
        must_have(out, r"4000 succeeded, 0 failed, 0 errored, 0 timeout", r"status codes: 4000 2xx")
    elif name == "h2load_large":
        out = run_client([tool("h2load"), "-n400", "-c2", "-m20", "-w16", "-W18", "-d", data(large), *GRPC_HEADERS,
                          service + "UnaryCall"], environment)
        must_have(out, r"400 succeeded, 0 failed, 0 errored, 0 timeout", r"status codes: 400 2xx")
    else:
        raise Failed("unknown case " + name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--generated", required=True)
    parser.add_argument("direction")
    parser.add_argument("case")
    options = parser.parse_args()
    environment = dict(os.environ, PYTHONPATH=options.generated, PYTHONDONTWRITEBYTECODE="1")
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        environment.pop(name, None)
    ours = [os.path.join(options.bin, "interop_server"), "--port", "0"]
    python = [sys.executable, "-B", os.path.join(HERE, "peer_server.py")]

    try:
        with Server(python if options.direction == "ours-to-python" else ours, environment) as server:
            if options.direction == "http2":
                with tempfile.TemporaryDirectory() as scratch:
                    http2_case(options.case, "http://127.0.0.1:" + server.port, scratch, environment)
            elif options.direction == "python-to-ours":
                run_client([sys.executable, "-B", os.path.join(HERE, "peer_client.py"), "127.0.0.1:" + server.port,
                            options.case], environment)
            else:
                run_client([os.path.join(options.bin, "interop_client"), "--server_host", "127.0.0.1",
                            "--server_port", server.port, "--test_case", options.case], environment)
            server.must_be_alive()
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
