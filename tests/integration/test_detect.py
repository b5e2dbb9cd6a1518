"""`peelbox detect` as a program, and the whole way from a repository to a container that runs."""

import gzip
import http.server
import io
import json
import os
import socket
import ssl
import subprocess
import tarfile
import threading
import time

from bed import BedTest, peelbox
from detected import FIXTURES, Detected


class Command(BedTest):
    def test_output_is_written_all_or_nothing(self):
        self.context({"main.py": "print(1)\n"})
        target = self.dir / "spec.json"
        self.assert_ok(peelbox("detect", self.dir / "ctx", "-o", target))
        self.assertEqual([s["metadata"]["language"] for s in json.loads(target.read_text())], ["Python"])
        self.assert_fails(peelbox("detect", self.dir / "ctx", "-o", self.dir / "none/spec.json"), 4, "none/spec.json")
        self.assert_nothing_left()

    def test_a_repository_without_services_is_an_empty_array(self):
        self.context({"README.md": "nothing"})
        outcome = peelbox("detect", self.dir / "ctx")
        self.assert_fails(outcome, 4, "no service was found in 1 file")
        self.assertEqual(outcome.out, "[]\n")

    def test_nothing_found_tells_what_was_seen_and_another_way(self):
        self.context({"rebar.config": "{deps, []}.\n", "Dockerfile": "FROM scratch\n"})
        outcome = peelbox("detect", self.dir / "ctx")
        self.assert_fails(outcome, 4, "no service was found")
        self.assertIn("rebar.config: Erlang is not supported", outcome.err)
        self.assertIn("peelbox build -f Dockerfile", outcome.err)

    def test_wrong_arguments_say_what_is_right(self):
        self.context({"file": ""})
        self.assert_fails(peelbox("detect", self.dir / "none"), 4, "none")
        self.assert_fails(peelbox("detect", self.dir / "ctx/file"), 4, "not a directory")
        self.assert_fails(peelbox("detect", "--distro", "plan9", self.dir), 2, "none of wolfi, debian")
        self.assert_fails(peelbox("detect", "-f", "xml", self.dir), 2, "none of json, yaml")
        self.assert_fails(peelbox("detect", "--package-index", self.dir / "none", self.dir), 2, "none")

    def test_package_index_decides_versions(self):
        self.context({"package.json": '{"name": "x", "scripts": {"start": "node a.js"}}'})
        index = self.write("APKINDEX", "P:nodejs-20\nV:20.1\n\nP:nodejs-32\nV:31.0\n")
        outcome = peelbox("detect", self.dir / "ctx", "--package-index", index)
        self.assert_ok(outcome)
        self.assertEqual(json.loads(outcome.out)[0]["runtime"]["packages"], ["nodejs-32"])

    def test_yaml_explanation_and_schema(self):
        repo = FIXTURES / "c-make/repo"
        outcome = peelbox("detect", "-f", "yaml", repo)
        self.assertTrue(outcome.out.startswith('- version: "1.0"\n'), str(outcome))
        explained = peelbox("detect", "--explain", repo)
        self.assertIn("Makefile", explained.out)
        schema = json.loads(peelbox("schema").out)
        self.assertIn("service", schema["$defs"])

    def test_a_long_chain_of_tasks(self):
        count = 50_000
        chain = "build: a0\n" + "".join(f"a{i}: a{i + 1}\n" for i in range(count)) + f"a{count}:\n  go build -o x .\n"
        root = self.context({"justfile": chain, "README.md": "```\njust build\n```\n", "go.mod": "module x\ngo 1.21\n",
                             "main.go": "package main\nfunc main() {}\n"})
        self.assert_ok(peelbox("detect", "--offline", root))

    def test_the_same_bytes_twice(self):
        repo = FIXTURES / "mono-polyglot/repo"
        first = peelbox("detect", repo)
        self.assert_ok(first)
        self.assertEqual(len(json.loads(first.out)), 4)
        self.assertEqual(first.out, peelbox("detect", repo).out)


class Requests(http.server.BaseHTTPRequestHandler):
    """Answers with server.answer and remembers what was asked."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("If-Modified-Since")))
        status, headers, body = self.server.answer(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def apk_archive(names):
    """An index as apk has it: a signature and the index, two gzip members that make one tar."""
    members = []
    for name, text in (".SIGN.RSA.x", b"s"), ("APKINDEX", "".join(f"P:{n}\nV:1\n\n" for n in names).encode()):
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        members.append(gzip.compress(raw.getvalue()[:1024] if name != "APKINDEX" else raw.getvalue()))
    return b"".join(members)


class PackageIndex(BedTest):
    """--package-index with a server of this test's own."""

    def setUp(self):
        super().setUp()
        self.context({"package.json": '{"name": "x", "scripts": {"start": "node a.js"}}'})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self.server.asked = []
        self.server.answer = lambda request: (200, {}, apk_archive(["nodejs-20", "nodejs-32"]))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}/os/APKINDEX.tar.gz"

    def detect(self, *more, url=None, env=None):
        return peelbox("detect", self.dir / "ctx", "--package-index", url or self.url, *more,
                       env={"XDG_CACHE_HOME": str(self.dir / "cache"), "HOME": "/nonexistent", **(env or {})})

    def node(self, outcome):
        self.assert_ok(outcome)
        return json.loads(outcome.out)[0]["runtime"]["packages"]

    def copies(self):
        return list((self.dir / "cache/peelbox/package-index").glob("*"))

    def age(self, hours):
        (kept,) = self.copies()
        old = time.time() - hours * 3600
        os.utime(kept, (old, old))

    def test_asked_once_in_24_hours(self):
        for _ in range(3):
            self.assertEqual(self.node(self.detect()), ["nodejs-32"])
        self.assertEqual(self.server.asked, [("/os/APKINDEX.tar.gz", None)])
        self.age(23)
        self.node(self.detect())
        self.assertEqual(len(self.server.asked), 1)

    def test_an_old_copy_is_asked_for_news_only(self):
        self.node(self.detect())
        self.age(25)
        self.server.answer = lambda request: (304, {}, b"")
        self.assertEqual(self.node(self.detect()), ["nodejs-32"])
        self.assertEqual(len(self.server.asked), 2)
        self.assertRegex(self.server.asked[1][1], r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT$")
        # It counts as fresh again.
        self.node(self.detect())
        self.assertEqual(len(self.server.asked), 2)
        self.age(25)
        self.server.answer = lambda request: (200, {}, apk_archive(["nodejs-40"]))
        self.assertEqual(self.node(self.detect()), ["nodejs-40"])

    def test_offline_asks_nobody(self):
        built_in = self.detect("--offline")
        self.assertEqual(self.node(built_in), ["nodejs-24"])
        self.assertIn("--offline", built_in.err)
        self.assertIn("built-in table of 20", built_in.err)
        self.assertEqual(self.server.asked, [])
        self.node(self.detect())
        self.age(1000)
        kept = self.detect("--offline")
        self.assertEqual(self.node(kept), ["nodejs-32"])
        self.assertIn("the copy of 41 days ago", kept.err)
        self.assertEqual(len(self.server.asked), 1)

    def test_what_cannot_be_used_is_a_note(self):
        for answer in ((500, {}, b"no"), (200, {}, b"\x1f\x8bbroken"), (200, {}, b""), (302, {"Location": "ftp://x/"}, b"")):
            self.server.answer = lambda request, answer=answer: answer
            outcome = self.detect()
            self.assertEqual(self.node(outcome), ["nodejs-24"], str(outcome))
            self.assertIn("the built-in table of 20", outcome.err)
        self.assertEqual(self.copies(), [])
        self.server.answer = lambda request: (200, {}, apk_archive(["nodejs-32"]))
        self.node(self.detect())
        self.age(30)
        self.server.answer = lambda request: (503, {}, b"")
        outcome = self.detect()
        self.assertEqual(self.node(outcome), ["nodejs-32"])
        self.assertIn("the copy of 30 hours ago is used", outcome.err)

    def test_nobody_listens(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            outcome = self.detect(url=f"http://127.0.0.1:{closed.getsockname()[1]}/x")
        self.assertEqual(self.node(outcome), ["nodejs-24"])
        self.assertIn("the built-in table of 20", outcome.err)

    def test_redirections_and_loops(self):
        self.server.answer = lambda request: (
            (301, {"Location": "/moved"}, b"") if request.path != "/moved" else (200, {}, b"nodejs-77\n"))
        self.assertEqual(self.node(self.detect()), ["nodejs-77"])
        self.assertEqual([path for path, _ in self.server.asked], ["/os/APKINDEX.tar.gz", "/moved"])
        self.server.answer = lambda request: (302, {"Location": "/again"}, b"")
        outcome = self.detect(url=self.url + "?loop")
        self.assertIn("too many redirections", outcome.err)
        self.assertEqual(self.node(outcome), ["nodejs-24"])

    def test_https(self):
        key, certificate = self.dir / "key.pem", self.dir / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        url = f"https://localhost:{self.server.server_port}/index"
        refused = self.detect(url=url)
        self.assertEqual(self.node(refused), ["nodejs-24"])
        self.assertIn("certificate", refused.err)
        self.assertEqual(self.server.asked, [])
        self.assertEqual(self.node(self.detect(url=url, env={"SSL_CERT_FILE": str(certificate)})), ["nodejs-32"])

    def test_files(self):
        packed = self.dir / "APKINDEX.tar.gz"
        packed.write_bytes(apk_archive(["nodejs-33"]))
        self.assertEqual(self.node(self.detect(url=packed)), ["nodejs-33"])
        packed.write_bytes(packed.read_bytes()[:50])
        self.assert_fails(self.detect(url=packed), 2, "no package index")
        self.assert_fails(self.detect(url="http://"), 2, "https://example.org")
        self.assert_fails(self.detect(url="https://u:p@host/x"), 2, "user names")
        self.assert_fails(self.detect(url=self.dir), 2, "irectory")


class Workflow(Detected):
    """With nothing but Debian's packages."""

    def test_c_with_make(self):
        self.assertEqual(self.printed_by("c-make"), "hello from make\n")

    def test_c_file(self):
        self.assertEqual(self.printed_by("c-file"), "hello from a c file\n")

    def test_cpp_with_cmake(self):
        self.assertEqual(self.printed_by("cpp-cmake-hello"), "hello from cmake\n")

    def test_c_with_meson(self):
        self.assertEqual(self.printed_by("c-meson-hello"), "hello from meson\n")

    def test_python_server(self):
        self.assertIn("hello from python", self.answer_of("python-plain"))
        self.assertIn("ok", self.answer_of("python-plain", "/healthz"))

    def test_go_module(self):
        self.assertIn("hello from go", self.answer_of("go-mod-hello"))

    def test_rust_with_cargo(self):
        self.assertEqual(self.printed_by("rust-cargo-hello"), "hello from cargo\n")

    def test_node_with_npm(self):
        self.assertIn("hello from node", self.answer_of("node-npm-hello"))

    def test_ruby_with_bundler(self):
        self.assertEqual(self.printed_by("ruby-bundler-hello"), "hello from ruby\n")

    def test_php_file(self):
        self.assertIn("hello from a php file", self.answer_of("php-file"))

    def test_php_with_composer(self):
        self.assertIn("hello from php", self.answer_of("php-public"))

    def test_java_file(self):
        self.assertEqual(self.printed_by("java-file"), "hello from java\n")

    def test_perl_script(self):
        self.assertEqual(self.printed_by("perl-script"), "hello from perl\n")

    def test_shell_script(self):
        self.assertEqual(self.printed_by("shell-start"), "hello from sh\n")

    def test_static_site(self):
        self.assertIn("hello from html", self.answer_of("static-site"))

    def test_python_with_wheels(self):
        self.assertEqual(self.printed_by("python-pip-hello"), "hello from a wheel\n")

    def test_perl_psgi(self):
        self.assertIn("hi", self.answer_of("perl-psgi-port"))

    def test_java_with_maven(self):
        # Offline, with the plugins and the library of Debian's packages.
        self.assertEqual(self.printed_by("java-maven-offline"), "hello from maven\n")

    def test_elixir_with_mix(self):
        self.assertEqual(self.printed_by("elixir-hello"), "hello from elixir\n")
