"""SSH agents for steps: the user's agent, filtered; keys from files; other sockets."""

import base64
import os
import pathlib
import shutil
import socket
import subprocess
import threading

from bed import BUILD_IMAGE, LLB_TOOL, BedTest, OciArchive, bed, peelbox, run, wait_for
from ssh_server import SshServer

AGENT = pathlib.Path(__file__).with_name("agent_client.py")


class Agents(BedTest):
    def setUp(self):
        super().setUp()
        self.key = self.dir / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "it@test", "-f", self.key], check=True)
        self.public = (self.dir / "key.pub").read_text().split()[1]

    def agent(self):
        sock = self.dir / "agent.sock"
        process = subprocess.Popen(["ssh-agent", "-D", "-a", sock], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        wait_for(sock.exists, "the agent")
        subprocess.run(["ssh-add", "-q", self.key], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(sock)}, stderr=subprocess.DEVNULL)
        return sock

    def solve(self, command, *arguments, ident="default", **how):
        made = subprocess.run([LLB_TOOL, "run", BUILD_IMAGE, command, "ssh", ident, "/agent.sock"], capture_output=True, check=True)
        llb = self.write("a.llb", made.stdout)
        return peelbox("build", "--llb", llb, "--buildkit", bed("BUILDKITD"), "--progress", "plain", "--no-cache", "--output", "type=cacheonly",
                       *arguments, **how)

    def asks(self):
        return f"python3 -c '{AGENT.read_text()}' /agent.sock"

    def assert_served(self, outcome):
        self.assert_ok(outcome)
        self.assertIn(f"keys {self.public}", outcome.err)
        self.assertIn("signature ssh-ed25519", outcome.err)
        self.assertIn("adding refused", outcome.err)
        line = next(l for l in outcome.err.splitlines() if "signed " in l)
        signature = bytes.fromhex(line.split("signed ")[1].split()[0])
        (self.dir / "signature").write_bytes(signature)
        (self.dir / "data").write_bytes(b"data")
        raw = base64.b64decode(self.public)[-32:]
        (self.dir / "pub.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + raw)
        verified = run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", self.dir / "pub.der", "-rawin",
                        "-in", self.dir / "data", "-sigfile", self.dir / "signature"])
        self.assert_ok(verified)

    def test_the_users_agent_lists_and_signs_only(self):
        sock = self.agent()
        self.assert_served(self.solve(self.asks(), "--ssh", "default", env={"SSH_AUTH_SOCK": str(sock)}))
        listed = run(["ssh-add", "-l"], env={"SSH_AUTH_SOCK": str(sock)})
        self.assertEqual(len(listed.out.splitlines()), 1, str(listed))

    def test_a_key_file_is_served_by_an_agent_of_ours(self):
        self.assert_served(self.solve(self.asks(), "--ssh", f"git={self.key}", ident="git"))

    def test_an_agent_that_was_not_given_is_named(self):
        self.assert_fails(self.solve("true"), 1, 'no SSH key "default" forwarded from the client', "add --ssh default")
        self.assert_fails(self.solve("true", "--ssh", f"other={self.key}"), 1, 'no SSH key "default" forwarded from the client')
        self.assert_fails(self.solve("true", "--ssh", "default"), 2, "SSH_AUTH_SOCK is not set")

    def test_a_raw_socket_carries_other_protocols(self):
        path = self.dir / "raw.sock"
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
        self.addCleanup(server.close)

        def serve():
            connection, _ = server.accept()
            with connection:
                text = b""
                while piece := connection.recv(4096):
                    text += piece
                connection.sendall(text[::-1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        script = ('import socket; s = socket.socket(socket.AF_UNIX); s.connect("/agent.sock"); s.sendall(b"abc"); s.shutdown(1); '
                  'print("got " + s.recv(10).decode())')
        built = self.solve(f"python3 -c '{script}'", "--ssh", f"raw={path},raw=true", ident="raw")
        self.assert_ok(built)
        self.assertIn("got cba", built.err)
        thread.join(timeout=10)


class Specs(BedTest):
    def test_commands_of_a_spec_get_secrets_and_agents(self):
        key = self.dir / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        token = self.write("token", "hunter2-in-a-file")
        spec = self.spec(build={"secrets": [{"id": "file"}, {"id": "there", "to": "/etc/there"}, {"id": "VARIABLE", "env": "TOKEN"},
                                            {"id": "none", "env": "NONE", "optional": True}],
                                "ssh": ["default"],
                                "commands": ["wc -c </run/secrets/file >made", "cat /etc/there | wc -c >>made", "echo ${#TOKEN} ${NONE:-empty} >>made",
                                             "test -S $SSH_AUTH_SOCK && echo socket >>made"]},
                         runtime={"copy": [{"from": "made", "to": "/made"}]})
        given = ["--secret", f"id=file,src={token}", "--secret", f"id=there,src={token}", "--secret", "id=VARIABLE", "--ssh", f"default={key}"]
        built = self.build("--no-cache", *given, spec=spec, env={"VARIABLE": "hunter2-in-a-variable"})
        self.assert_ok(built)
        self.assertEqual(OciArchive(self.dir / "image.tar").contents()["made"][3], b"17\n17\n21 empty\nsocket\n")
        self.assertNotIn("hunter2", built.err + built.out)
        self.assertNotIn(b"hunter2", (self.dir / "image.tar").read_bytes())
        missing = self.build(*given[2:], spec=spec, env={"VARIABLE": "x"})
        self.assert_fails(missing, 2, 'its build.secrets has "file", which was not given: add --secret id=file,src=FILE')

    def test_a_repository_is_cloned_with_a_forwarded_key(self):
        """git and ssh are brought into the step, because the bed's images have neither; the server is one of this machine."""
        server = SshServer(self)
        repository = self.dir / "repository"
        for words in (["init", "-q", repository], ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty",
                                                   "-m", "cloned-over-ssh"]):
            self.assert_ok(run(["git", *words]))
        context = self.context()
        tools = context / "tools"
        tools.mkdir()
        for program in ("ssh", "git"):
            shutil.copy(shutil.which(program), tools / program)
            for line in run(["ldd", shutil.which(program)]).out.splitlines():
                if "=> /" in line and not any(name in line for name in ("libc.so", "libm.so")):
                    shutil.copy(line.split("=> ")[1].split()[0], tools)
        host = " ".join((self.dir / "host.pub").read_text().split()[:2])
        (context / "known").write_text(f"[127.0.0.1]:{server.port} {host}\n")
        ssh = f"ssh -F none -p {server.port} -o UserKnownHostsFile=/build/known -o BatchMode=yes -o IdentitiesOnly=no"
        spec = self.spec(build={"ssh": ["default"], "env": {"GIT_SSH_COMMAND": ssh},
                                "commands": ["export LD_LIBRARY_PATH=$PWD/tools PATH=$PWD/tools:$PATH GIT_EXEC_PATH=$PWD/tools HOME=/tmp; "
                                             f"git clone -q ssh://root@127.0.0.1{repository} clone; git -C clone log --format=%s"]},
                         runtime={"copy": [{"from": "clone/.git/HEAD", "to": "/HEAD"}]})
        built = self.build("--no-cache", "--ssh", f"default={self.dir}/user", spec=spec, context=context)
        self.assert_ok(built)
        self.assertIn("cloned-over-ssh", built.err)
        other = self.build("--no-cache", "--ssh", f"default={self.dir}/host", spec=spec, context=context)
        self.assertNotEqual(other.code, 0)
        self.assertIn("Permission denied", other.err)
