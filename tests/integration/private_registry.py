"""Registries of a test's own: open, with a password, or with a token server; plain or over TLS with the bed's authority."""

import base64
import crypt
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from bed import bed

USER, PASSWORD = "somebody", "not-to-be-seen"
SERVICE = "a registry of the tests"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def use_tls(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{bed('CERTS')}/server-cert.pem", f"{bed('CERTS')}/server-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class TokenServer:
    """Gives tokens as the token specification says, for the one login, and to nobody for pulling."""

    def __init__(self, test, forms=True, tls=True, anonymous=True):
        self.asked = []
        self.agents = set()
        self.folder = test.dir / f"tokens-{free_port()}"
        self.folder.mkdir()
        self.key, self.certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tokens", "-days", "2",
                        "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                fields = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                header = self.headers.get("Authorization", "")
                login = base64.b64decode(header.split(" ")[1]).decode() if header else None
                self.give("GET", fields.get("scope", []), login)

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if not forms:
                    owner.asked.append(("POST", None, None))
                    return self.send_answer(404, {})
                fields = urllib.parse.parse_qs(form)
                self.give("POST", fields.get("scope", [""])[0].split(), ":".join(fields[n][0] for n in ("username", "password")))

            def give(self, method, scopes, login):
                owner.asked.append((method, tuple(scopes), login))
                owner.agents.add(self.headers.get("User-Agent", ""))
                if login != f"{USER}:{PASSWORD}" and (login is not None or not anonymous):
                    return self.send_answer(401, {"details": "wrong password"})
                token = owner.token(scopes, login is not None)
                self.send_answer(200, {"token": token, "access_token": token, "expires_in": 300})

            def send_answer(self, status, body):
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            use_tls(self.server)
        self.realm = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.server.server_close)
        test.addCleanup(self.server.shutdown)

    def token(self, scopes, known):
        chain = [base64.b64encode(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).decode()]
        access = []
        for scope in scopes:
            kind, name = scope.split(":")[0], ":".join(scope.split(":")[1:-1])
            actions = [a for a in scope.split(":")[-1].split(",") if known or a == "pull"]
            access.append({"type": kind, "name": name, "actions": actions})
        now = int(time.time())
        parts = [{"alg": "RS256", "typ": "JWT", "x5c": chain},
                 {"iss": "tests", "sub": USER if known else "", "aud": SERVICE, "exp": now + 300, "nbf": now - 10, "iat": now - 10, "jti": "1", "access": access}]
        text = b".".join(unpadded(json.dumps(p).encode()) for p in parts)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text, check=True, capture_output=True).stdout
        return (text + b"." + unpadded(signature)).decode()


class PrivateRegistry:
    """auth: None, "htpasswd" or a TokenServer. `address` is HOST:PORT."""

    def __init__(self, test, auth=None, tls=False):
        self.address = f"127.0.0.1:{free_port()}"
        self.tls = tls
        folder = test.dir / f"registry-{self.address.split(':')[1]}"
        folder.mkdir()
        settings = {
            "version": 0.1, "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
            "http": {"addr": self.address},
        }
        if tls:
            settings["http"]["tls"] = {"certificate": f"{bed('CERTS')}/server-cert.pem", "key": f"{bed('CERTS')}/server-key.pem"}
        if auth == "htpasswd":
            (folder / "htpasswd").write_text(f"{USER}:{crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**5))}\n")
            settings["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
        elif auth is not None:
            settings["auth"] = {"token": {"realm": auth.realm, "service": SERVICE, "issuer": "tests", "rootcertbundle": str(auth.certificate)}}
        (folder / "config.yml").write_text(json.dumps(settings))  # YAML, too
        self.log = open(folder / "log", "w")
        process = subprocess.Popen([f"{bed('DIR')}/host/usr/bin/docker-registry", "serve", folder / "config.yml"], stdout=self.log, stderr=self.log)
        test.addCleanup(self.log.close)
        test.addCleanup(process.wait)
        test.addCleanup(process.kill)
        end = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(self.address.split(":")[1]))) == 0:
                    return
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the registry did not start: {(folder / 'log').read_text()}")
            time.sleep(0.05)


def docker_config(test, *registries, password=PASSWORD, name="docker-config"):
    """A folder for DOCKER_CONFIG with the login for these."""
    folder = test.dir / name
    folder.mkdir(exist_ok=True)
    login = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {r.address: {"auth": login} for r in registries}}))
    return str(folder)


def certificates(test, *registries):
    """A folder for XDG_CONFIG_HOME whose docker/certs.d has the bed's authority for these HOST:PORT."""
    for address in registries:
        folder = test.dir / "xdg/docker/certs.d" / address
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.crt").write_text(pathlib.Path(f"{bed('CERTS')}/ca.pem").read_text())
    return str(test.dir / "xdg")
