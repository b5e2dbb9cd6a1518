"""`peelbox detect` as a program, and the whole way from a repository to a container that runs."""

import json
import subprocess

from bed import BUILD_IMAGE, REPO, RUNTIME_IMAGE, BedTest, bed, peelbox, run

FIXTURES = REPO / "tests/fixtures/detect"


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
        self.assert_ok(outcome)
        self.assertEqual(outcome.out, "[]\n")
        self.assertIn("no service", outcome.err)

    def test_wrong_arguments_say_what_is_right(self):
        self.context({"file": ""})
        self.assert_fails(peelbox("detect", self.dir / "none"), 4, "none")
        self.assert_fails(peelbox("detect", self.dir / "ctx/file"), 4, "not a directory")
        self.assert_fails(peelbox("detect", "--distro", "plan9", self.dir), 2, "wolfi or debian")
        self.assert_fails(peelbox("detect", "-f", "xml", self.dir), 2, "json or yaml")
        self.assert_fails(peelbox("detect", "--package-index", self.dir / "none", self.dir), 2, "none")

    def test_package_index_decides_versions(self):
        self.context({"package.json": '{"name": "x", "scripts": {"start": "node a.js"}}'})
        index = self.write("APKINDEX", "P:nodejs-20\nV:20.1\n\nP:nodejs-31\nV:31.0\n")
        outcome = peelbox("detect", self.dir / "ctx", "--package-index", index)
        self.assert_ok(outcome)
        self.assertEqual(json.loads(outcome.out)[0]["runtime"]["packages"], ["nodejs-31"])

    def test_yaml_explanation_and_schema(self):
        repo = FIXTURES / "c-make/repo"
        outcome = peelbox("detect", "-f", "yaml", repo)
        self.assertTrue(outcome.out.startswith('- version: "1.0"\n'), str(outcome))
        explained = peelbox("detect", "--explain", repo)
        self.assertIn("Makefile", explained.out)
        schema = json.loads(peelbox("schema").out)
        self.assertIn("service", schema["$defs"])

    def test_the_same_bytes_twice(self):
        repo = FIXTURES / "mono-polyglot/repo"
        first = peelbox("detect", repo)
        self.assert_ok(first)
        self.assertEqual(len(json.loads(first.out)), 4)
        self.assertEqual(first.out, peelbox("detect", repo).out)


class Workflow(BedTest):
    """detect --distro debian, build, start."""

    def image_of(self, fixture):
        repo = FIXTURES / fixture / "repo"
        spec = self.dir / "universalbuild.json"
        self.assert_ok(peelbox("detect", "--distro", "debian", "-o", spec, repo))
        service = json.loads(spec.read_text())[0]
        archive = self.dir / "docker.tar"
        tag = f"detected/{fixture}:1"
        self.assert_ok(peelbox(
            "build", "--spec", spec, "--context", repo, "--tag", tag, "--output", f"type=docker,dest={archive}",
            "--buildkit", bed("BUILDKITD"), "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE,
            "--progress", "plain", timeout=500))
        with open(archive, "rb") as stream:
            subprocess.run([bed("DOCKER_CLI"), "load"], stdin=stream, check=True, capture_output=True, timeout=300)
        return tag, service

    def printed_by(self, fixture):
        tag, _ = self.image_of(fixture)
        ran = run([bed("DOCKER_CLI"), "run", "--rm", "--network=none", tag])
        self.assertEqual(ran.code, 0, str(ran))
        return ran.out

    def answer_of(self, fixture, path="/"):
        """What the started container answers on the port of the spec, asked from within its network."""
        tag, service = self.image_of(fixture)
        docker = bed("DOCKER_CLI")
        started = run([docker, "run", "-d", "--rm", "--network=none", tag])
        self.assertEqual(started.code, 0, str(started))
        container = started.out.strip()
        self.addCleanup(run, [docker, "kill", container])
        port = service["runtime"]["ports"][0]
        ask = (f"for i in $(seq 100); do if exec 3<>/dev/tcp/127.0.0.1/{port}; then "
               f"printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3; exit; fi 2>/dev/null; sleep .1; done; exit 1")
        answer = run([docker, "exec", container, "bash", "-c", ask])
        self.assertEqual(answer.code, 0, str(answer) + run([docker, "logs", container]).err)
        return answer.out

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
