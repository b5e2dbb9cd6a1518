"""An API server of Kubernetes as far as peelbox needs one: objects in memory, merge patches with resourceVersion, watches, exec over
WebSocket (v5 and v4) that runs a real program. Requests are kept, and faults are answered instead of the next ones."""

import base64
import hashlib
import http.server
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def status(code, reason, message, **more):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message, **more}


def merge(into, change):
    """RFC 7386."""
    for key, value in change.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


class Fault:
    """What is answered once instead of the truth to the first request whose line holds `match`."""

    def __init__(self, match, code=500, body="", headers=None, close=False):
        self.match, self.code, self.body, self.headers, self.close = match, code, body, headers or {}, close


class KubeServer:
    """`exec_argv` is what every exec runs, whatever it asks for, but for pods that `exec_in` names. `protocols` are the WebSocket protocols that it knows."""

    def __init__(self, test, exec_argv=("cat",), tls=None, token=None, protocols=("v5.channel.k8s.io", "v4.channel.k8s.io")):
        self.exec_argv, self.token, self.protocols = [str(a) for a in exec_argv], token, protocols
        self.exec_in = {}  # pod -> argv
        self.lists = {}  # "/api/v1/namespaces/n/pods" -> [objects]
        self.faults, self.requests, self.version = [], [], 100
        self.page = 500
        self.listed = {}  # what a watch goes on from: (path, version) -> {name: text of the object}
        self.bookmarks = False
        self.watch_ends = 0.0  # not 0: watches end after so many seconds, whatever they ask for
        self.open_watches = 0
        self.on_patch = None  # called with the object's path and itself before a patch is looked at
        self.on_patched = None  # called with an object when it was patched
        self.lock = threading.RLock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.serve(self)

            do_PATCH = do_POST = do_DELETE = do_GET

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[0], tls[1])
            context.set_alpn_protocols(["http/1.1"])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def put(self, path, obj):
        """Adds an object to the list at `path`, or replaces it."""
        with self.lock:
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            obj["metadata"].setdefault("uid", "uid-" + obj["metadata"]["name"])
            items = self.lists.setdefault(path, [])
            items[:] = [o for o in items if o["metadata"]["name"] != obj["metadata"]["name"]] + [obj]
        return obj

    def find(self, path):
        folder, name = path.rsplit("/", 1)
        return next((o for o in self.lists.get(folder, []) if o["metadata"]["name"] == name), None)

    def serve(self, on):
        length = int(on.headers.get("Content-Length") or 0)
        body = on.rfile.read(length) if length else b""
        line = f"{on.command} {on.path}"
        with self.lock:
            self.requests.append((line, dict(on.headers), body))
            fault = next((f for f in self.faults if f.match in line), None)
            if fault:
                self.faults.remove(fault)
        if fault and fault.close:
            on.close_connection = True
            on.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault:
            return self.answer(on, fault.code, fault.body, fault.headers)
        if self.token and on.headers.get("Authorization") != f"Bearer {self.token}":
            return self.answer(on, 401, status(401, "Unauthorized", "Unauthorized"))
        url = urllib.parse.urlsplit(on.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path.endswith("/exec"):
            return self.exec(on, query)
        with self.lock:
            found = self.find(url.path)
            if on.command == "PATCH":
                if self.on_patch:
                    self.on_patch(url.path, self)
                if not found:
                    return self.answer(on, 404, status(404, "NotFound", "not found"))
                change = json.loads(body)
                wanted = change.get("metadata", {}).pop("resourceVersion", None)
                if wanted and wanted != found["metadata"]["resourceVersion"]:
                    return self.answer(on, 409, status(409, "Conflict", "the object has been modified"))
                if query.get("dryRun") == ["All"]:
                    found = json.loads(json.dumps(found))
                merge(found, change)
                self.version += 1
                found["metadata"]["resourceVersion"] = str(self.version)
                if self.on_patched and query.get("dryRun") != ["All"]:
                    self.on_patched(found)
                return self.answer(on, 200, found)
            if found and on.command == "DELETE":
                options = json.loads(body)
                if any(found["metadata"][key] != value for key, value in options["preconditions"].items()):
                    return self.answer(on, 409, status(409, "Conflict", "the precondition does not hold"))
                if options.get("dryRun") != ["All"]:
                    self.lists[url.path.rsplit("/", 1)[0]].remove(found)
                return self.answer(on, 200, {"kind": "Status", "status": "Success"})
            if found:
                return self.answer(on, 200, found)
            if url.path in self.lists and query.get("watch") != ["true"]:
                start = int(query.get("continue", ["0"])[0])
                selected = self.select(url.path, query)
                items = selected[start:start + self.page]
                more = start + self.page < len(selected)
                # Objects are also changed in place by tests, so each list is a version.
                self.version += 1
                self.listed[url.path, str(self.version)] = {o["metadata"]["name"]: json.dumps(o) for o in selected}
                return self.answer(on, 200, {"kind": "List", "items": items, "metadata": {
                    "resourceVersion": str(self.version), **({"continue": str(start + self.page)} if more else {})}})
        if url.path in self.lists:
            return self.watch(on, url.path, query)
        if "metrics.k8s.io" in url.path:
            return self.answer(on, 404, "404 page not found")
        self.answer(on, 404, status(404, "NotFound", f"{url.path.rsplit('/', 1)[-1]} not found"))

    def select(self, path, query):
        key, _, value = query.get("fieldSelector", ["="])[0].partition("=")
        def matches(obj):
            here = obj
            for part in key.split("."):
                here = here.get(part, {})
            return here == value
        return [o for o in self.lists[path] if not key or matches(o)]

    def watch(self, on, path, query):
        known = self.listed.get((path, query["resourceVersion"][0]))
        if known is None:
            return self.answer(on, 410, status(410, "Expired", "too old resource version"))
        known = dict(known)
        on.send_response(200)
        on.send_header("Transfer-Encoding", "chunked")
        on.end_headers()
        def tell(kind, obj):
            line = json.dumps({"type": kind, "object": obj}).encode() + b"\n"
            for piece in (line[:7], line[7:]):
                on.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                on.wfile.flush()
        end = time.monotonic() + (self.watch_ends or int(query["timeoutSeconds"][0]))
        self.open_watches += 1
        try:
            while time.monotonic() < end:
                with self.lock:
                    fault = next((f for f in self.faults if f.match == "EVENT"), None)
                    if fault:
                        self.faults.remove(fault)
                    self.version += 1
                    version = str(self.version)
                    now = {o["metadata"]["name"]: json.dumps(o) for o in self.select(path, query)}
                    self.listed[path, version] = now
                if fault and fault.close:
                    on.close_connection = True
                    on.connection.shutdown(socket.SHUT_RDWR)
                    return
                if fault:
                    return tell("ERROR", fault.body)
                for name in known.keys() - now.keys():
                    tell("DELETED", json.loads(known[name]))
                for name, text in now.items():
                    if known.get(name) != text:
                        obj = json.loads(text)
                        obj["metadata"]["resourceVersion"] = version
                        tell("MODIFIED" if name in known else "ADDED", obj)
                if self.bookmarks and known == now:
                    tell("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": version}})
                known = now
                time.sleep(0.05)
            on.wfile.write(b"0\r\n\r\n")
        except OSError:
            on.close_connection = True
        finally:
            self.open_watches -= 1

    @staticmethod
    def answer(on, code, body, headers=None):
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        on.send_response(code)
        for name, value in (headers or {}).items():
            on.send_header(name, value)
        on.send_header("Content-Length", str(len(text)))
        on.end_headers()
        on.wfile.write(text)

    def exec(self, on, query):
        offered = [p.strip() for p in (on.headers.get("Sec-WebSocket-Protocol") or "").split(",")]
        chosen = next((p for p in offered if p in self.protocols), None)
        if not chosen:
            return self.answer(on, 403, "")
        accept = base64.b64encode(hashlib.sha1(on.headers["Sec-WebSocket-Key"].encode() + GUID).digest()).decode()
        on.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept),
                            ("Sec-WebSocket-Protocol", chosen)):
            on.send_header(name, value)
        on.end_headers()
        on.wfile.flush()
        on.close_connection = True
        pod = urllib.parse.urlsplit(on.path).path.split("/")[-2]
        Exec(on, self.exec_in.get(pod, self.exec_argv), chosen.startswith("v5")).run()


class Exec:
    """One command: frames in, frames out. As with real servers, a fragmented message is a fault."""

    def __init__(self, on, argv, half_close):
        self.on, self.half_close = on, half_close
        self.writing = threading.Lock()
        self.program = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def send(self, code, payload):
        size = len(payload)
        head = bytes([0x80 | code]) + (bytes([size]) if size < 126 else struct.pack(">BH", 126, size) if size < 65536
                                       else struct.pack(">BQ", 127, size))
        with self.writing:
            self.on.wfile.write(head + payload)
            self.on.wfile.flush()

    def frame(self):
        read = self.on.rfile.read
        first, second = read(2)
        size = second & 127
        if size == 126:
            size, = struct.unpack(">H", read(2))
        elif size == 127:
            size, = struct.unpack(">Q", read(8))
        mask = read(4)
        data = read(size)
        repeated = (mask * (size // 4 + 1))[:size]
        data = (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big") if size else b""
        return first, data

    def copy(self, source, channel):
        while True:
            data = os.read(source.fileno(), 32768)
            if not data:
                return
            self.send(2, bytes([channel]) + data)

    def input(self):
        try:
            while True:
                first, data = self.frame()
                if first & 0x80 == 0 or first & 15 == 0:
                    raise ValueError("a fragmented message")
                if first & 15 == 8:
                    return
                if first & 15 == 9:
                    self.send(10, data)
                elif first & 15 == 2 and data[:1] == b"\0":
                    view = memoryview(data)[1:]
                    while view:
                        view = view[os.write(self.program.stdin.fileno(), view):]
                elif first & 15 == 2 and data == b"\xff\0" and self.half_close:
                    self.program.stdin.close()
        except (OSError, ValueError):
            pass
        finally:
            # The client has gone: the runtime closes the program's input.
            try:
                self.program.stdin.close()
            except OSError:
                pass
            try:
                self.program.wait(5)
            except subprocess.TimeoutExpired:
                self.program.kill()

    def run(self):
        try:
            self.send(2, b"\1")
            copies = [threading.Thread(target=self.copy_quietly, args=pair, daemon=True)
                      for pair in ((self.program.stdout, 1), (self.program.stderr, 2))]
            reader = threading.Thread(target=self.input, daemon=True)
            for thread in (*copies, reader):
                thread.start()
            for thread in copies:
                thread.join()
            code = self.program.wait()
            told = {"status": "Success"} if code == 0 else {
                "status": "Failure", "reason": "NonZeroExitCode", "message": f"command terminated with exit code {code}",
                "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
            self.send(2, b"\3" + json.dumps(told).encode())
            self.send(8, struct.pack(">H", 1000))
        except OSError:
            self.program.kill()
            self.program.wait()

    def copy_quietly(self, source, channel):
        try:
            self.copy(source, channel)
        except OSError:
            self.program.kill()
