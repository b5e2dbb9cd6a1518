"""Warnings of real daemons: from BuildKit's Dockerfile frontend, and through the gateway into a build of ours."""

import base64
import json
import re
import subprocess

import grpc

from bed import (BUILD_IMAGE, PEELBOX, RUNTIME_IMAGE, BedTest, Gate, PrivateDaemon, Running, bed, clean_environment, peelbox,
                 run, wait_for)
from terminal import Terminal


def field(number, value):
    """One field of a protobuf message: a number, text or bytes."""
    if isinstance(value, int):
        assert value < 128
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    length = len(data)
    size = b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + data


def warn(daemon, ref, vertex):
    """LLBBridge.Warn (frontend/gateway/pb/gateway.proto), which every client of a build that goes on may call."""
    position = lambda line: field(1, line)
    spans = [field(1, position(4)) + field(2, position(5)), field(1, position(9)) + field(2, position(9))]
    request = (field(1, vertex) + field(2, 1) + field(3, "old \x1b[31msyntax") + field(4, "the new one") + field(4, "is shorter") +
               field(5, "https://example.com/new") + field(6, field(1, "spec.json") + field(2, "{}") + field(4, "json")) +
               b"".join(field(7, span) for span in spans))
    with grpc.insecure_channel(daemon) as channel:
        call = channel.unary_unary("/moby.buildkit.v1.frontend.LLBBridge/Warn")
        call(request, metadata=[("buildkit-controlapi-buildid", ref)], timeout=60)


class Warnings(BedTest):
    def raw(self, text):
        """All warnings of a rawjson output."""
        return [w for line in text.splitlines() if line.startswith("{") for w in json.loads(line).get("warnings", [])]

    def test_of_the_dockerfile_frontend(self):
        """An empty line in the middle of a command; what buildctl shows of the same build is the measure."""
        self.context({"Dockerfile": f"# {self.dir.name}\nFROM scratch\nCOPY a \\\n\n  /a\n", "a": "a"})
        ref = self.dir / "ref"
        theirs = run([bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "build", "--frontend", "dockerfile.v0", "--progress", "rawjson",
                      "--local", f"context={self.dir}/ctx", "--local", f"dockerfile={self.dir}/ctx", "--ref-file", ref])
        self.assertEqual(theirs.code, 0, str(theirs))
        ref = ref.read_text()
        decoder = json.JSONDecoder()
        rest, wanted = theirs.err, []
        while rest := rest.lstrip():
            one, end = decoder.raw_decode(rest)
            wanted += one.get("warnings", [])
            rest = rest[end:]
        self.assertEqual(len(wanted), 1, theirs.err)
        del wanted[0]["sourceInfo"]["definition"]
        self.assertIn("range", wanted[0])

        attach = ["attach", ref, "--buildkit", bed("BUILDKITD"), "--progress"]
        raw = peelbox(*attach, "rawjson")
        self.assertEqual(self.raw(raw.out), wanted)
        brief, detail = (base64.b64decode(x).decode() for x in (wanted[0]["short"], wanted[0]["detail"][0]))
        where = f"Dockerfile:{wanted[0]['range'][0]['start']['line']}"
        said = f"WARN: {brief} ({where}, {wanted[0]['url']})"
        self.assertRegex(peelbox(*attach, "plain").err,
                         rf"(?m)^#(\d+) {re.escape(said)}\n#\1 WARN:   {re.escape(detail)}$")
        screen = Terminal(self, f"{PEELBOX} {' '.join(attach)} tty; exec sleep 1000", columns=140).wait_for_text(f"build {ref} built")
        self.assertIn(" => => " + said, screen)

    def test_of_our_own_build(self):
        daemon = PrivateDaemon(self, "warnings").address
        gate = Gate(self)
        spec = self.spec(build={"commands": [gate.command]}, runtime={"copy": [{"from": "hello", "to": "/hello"}]})
        out, meta, ref = (self.dir / name for name in ("out", "meta.json", "ref"))
        command = [PEELBOX, "build", "--spec", spec, "--tag", "it:warn", "--context", self.context({"hello": "hello"}),
                   "--output", f"type=oci,dest={self.dir}/image.tar", "--build-image", BUILD_IMAGE, "--runtime-image",
                   RUNTIME_IMAGE, "--progress", "rawjson", "--buildkit", daemon, "--sbom=false", "--metadata-file", meta,
                   "--ref-file", ref]
        with open(out, "wb") as file:
            building = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL,
                                        env=clean_environment({"BUILDX_METADATA_WARNINGS": "1"}))
        self.addCleanup(building.wait)
        self.addCleanup(building.kill)
        gate.wait_for_step()
        wait_for(lambda: "step '+'begins" in out.read_text(), "the step in rawjson")

        def vertex(name):
            return re.search(rf'"digest":"([^"]+)"[^}}]*"name":"{re.escape(name)}', out.read_text())[1]

        # The one runs, the other has ended; frontends warn of what they have read.
        vertices = [vertex("[build 1/1] "), vertex("[build] prepare")]
        running = [r["ref"] for r in json.loads(peelbox("history", "ls", "--json", "--buildkit", daemon).out)]
        self.assertEqual(len(running), 1)
        attached = Running(self, "attach", running[0], "--progress", "plain", "--buildkit", daemon)
        attached.wait_for_text("step begins")
        shown = "WARN: old syntax (spec.json:4, https://example.com/new)\n"
        for count, digest in enumerate(vertices, 1):
            warn(daemon, running[0], digest)
            wait_for(lambda: attached.text().count(shown) == count, f"warning {count}:\n{attached.text()}")
        gate.open()
        self.assertEqual(building.wait(120), 0, out.read_text())
        self.assertEqual(attached.wait(), 0, attached.text())
        found = re.findall(rf"(?m)^#(\d+) {re.escape(shown)}#\1 WARN:   the new one\n#\1 WARN:   is shorter$", attached.text())
        self.assertEqual(len(set(found)), 2, attached.text())

        text = lambda plain: base64.b64encode(plain.encode()).decode()
        wanted = [{"vertex": digest, "level": 1, "short": text("old \x1b[31msyntax"), "url": "https://example.com/new",
                   "detail": [text("the new one"), text("is shorter")],
                   "sourceInfo": {"filename": "spec.json", "data": text("{}"), "language": "json"},
                   "range": [{"start": {"line": 4}, "end": {"line": 5}}, {"start": {"line": 9}, "end": {"line": 9}}]}
                  for digest in vertices]
        self.assertEqual(self.raw(out.read_text()), wanted)
        self.assertEqual(json.loads(meta.read_text())["buildx.build.warnings"], wanted)
        self.assertEqual(ref.read_text(), running[0])
