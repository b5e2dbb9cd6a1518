"""What a base image says of itself reaches the build steps and the image."""

import concurrent.futures
import json
import os
import subprocess
import threading

import grpc

from bed import BUILD_IMAGE, LLB_TOOL, RUNTIME_IMAGE, BedTest, bed, peelbox
from docker_case import DockerTest, docker
from test_warnings import field


class BaseImage(DockerTest):
    """An image in the bed's registry with an environment of its own, as golang's images have one."""

    def push_base(self, flavour):
        name = f"{bed('REGISTRY')}/peelbox/it-base:{os.getpid()}"
        folder = self.dir / "base"
        self.write("base/Dockerfile", f"""FROM docker.io/library/busybox:latest
COPY --chmod=755 tool /opt/x/bin/tool
ENV PATH=/opt/x/bin:/usr/bin:/bin FLAVOUR={flavour} OTHER=base
USER 65534
WORKDIR /srv/home
LABEL org.example.base=yes
EXPOSE 7000
VOLUME /srv/data
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/opt/x/bin/tool"]
CMD ["from", "base"]
""")
        self.write("base/tool", '#!/bin/sh\necho "tool of $FLAVOUR: $*"\n')
        built = docker("build", "-q", "-t", name, folder)
        self.assertEqual(built.code, 0, str(built))
        self.addCleanup(docker, "rmi", "-f", name)
        pushed = docker("push", "-q", name)
        self.assertEqual(pushed.code, 0, str(pushed))
        return name

    def build_on(self, base, tag, buildkit, **sections):
        spec = self.spec(**sections)
        outcome = peelbox("build", "--spec", spec, "--context", self.context(), "--tag", tag, "--build-image", base,
                          "--runtime-image", base, "--progress", "plain", "--buildkit", buildkit, "--no-sbom",
                          env=self.engine)
        self.assert_ok(outcome)
        self.assertIn(f"load metadata for {base}", outcome.err)
        return json.loads(docker("image", "inspect", tag).out)[0]["Config"]

    STEPS = {"commands": ['{ tool a b; id -u; echo "$OTHER"; } > out.txt', "tool last >> out.txt"],
             "env": {"OTHER": "spec"}}
    COPY = [{"from": "out.txt", "to": "/srv/out.txt"}]

    # labels: sanitized
    def test_environment_reaches_steps_and_image(self):
        base = self.push_base("one")
        for buildkit, tag in ((bed("BUILDKITD"), "it-docker/on-base:1"), ("docker://", "it-docker/on-base:2")):
            config = self.build_on(base, tag, buildkit, build=self.STEPS,
                                   runtime={"copy": self.COPY, "command": ["/bin/cat", "/srv/out.txt"], "ports": [80],
                                            "env": {"MINE": "1"}})
            self.assertEqual(config["Env"], ["FLAVOUR=one", "MINE=1", "OTHER=base", "PATH=/opt/x/bin:/usr/bin:/bin"])
            self.assertEqual(config["Entrypoint"], ["/bin/cat", "/srv/out.txt"])
            self.assertFalse(config.get("Cmd"), "they were the arguments of another entrypoint")
            self.assertEqual(config["User"], "65534")
            self.assertEqual(config["WorkingDir"], "/srv/home")
            self.assertEqual(config["Labels"], {"org.example.base": "yes"})
            self.assertEqual(config["ExposedPorts"], {"80/tcp": {}, "7000/tcp": {}})
            self.assertEqual(config["Volumes"], {"/srv/data": {}})
            self.assertEqual(config["StopSignal"], "SIGQUIT")
            ran = docker("run", "--rm", "--network=none", tag)
            # Steps run as root, whatever the image's user is.
            self.assertEqual(ran.out, "tool of one: a b\n0\nspec\ntool of one: last\n", str(ran))

    def test_without_a_command_it_is_the_base_image_s(self):
        config = self.build_on(self.push_base("two"), "it-docker/on-base:3", "docker://", build=self.STEPS,
                               runtime={"copy": [{"from": "out.txt", "to": "/app/out.txt"}], "command": []})
        self.assertEqual((config["Entrypoint"], config["Cmd"]), (["/opt/x/bin/tool"], ["from", "base"]))
        self.assertEqual(config["WorkingDir"], "/app", "the spec puts something there")
        self.assertEqual(docker("run", "--rm", "--network=none", "it-docker/on-base:3").out, "tool of two: from base\n")

    def refused(self, spec, flag, *flags, buildkit):
        """The bed's images have plain manifests, which are taken for whatever platform is asked for."""
        outcome = peelbox("build", "--spec", spec, "--context", self.context(), "--tag", "it:other", "--build-image", BUILD_IMAGE,
                          "--runtime-image", RUNTIME_IMAGE, "--output", f"type=oci,dest={self.dir}/other.tar", "--progress",
                          "plain", "--buildkit", buildkit, *flags)
        self.assert_fails(outcome, 2, "is for linux/", f"and the build is for {self.FOREIGN}", flag, "--platform linux/")
        self.assert_nothing_left()

    FOREIGN = "linux/s390x"

    def test_an_image_for_another_processor_is_refused(self):
        copies = self.spec(build=self.STEPS, runtime={"copy": self.COPY})
        self.refused(copies, "--build-image", "--platform", self.FOREIGN, buildkit=bed("BUILDKITD"))
        self.refused(self.spec("bare.json"), "--runtime-image", "--platform", self.FOREIGN, buildkit=bed("BUILDKITD"))

    def test_a_moved_tag_is_noticed(self):
        for flavour in ("three", "four"):
            base = self.push_base(flavour)
            config = self.build_on(base, "it-docker/on-base:4", bed("BUILDKITD"), build=self.STEPS,
                                   runtime={"copy": self.COPY, "command": ["/bin/cat", "/srv/out.txt"]})
            self.assertIn(f"FLAVOUR={flavour}", config["Env"])
            ran = docker("run", "--rm", "--network=none", "it-docker/on-base:4")
            self.assertEqual(ran.out.splitlines()[0], f"tool of {flavour}: a b")

    def test_several_services_ask_once(self):
        base = self.push_base("five")
        services = []
        for name in ("a", "b", "c"):
            document = json.loads(self.spec(build=self.STEPS, runtime={"copy": self.COPY}).read_text())
            document["metadata"]["project_name"] = name
            services.append(document)
        spec = self.write("services.json", json.dumps(services))
        outcome = peelbox("build", "--spec", spec, "--all", "--context", self.context(), "--tag", "it-docker/{service}:5",
                          "--build-image", base, "--runtime-image", base, "--progress", "plain", "--buildkit",
                          bed("BUILDKITD"), "--output", f"type=oci,dest={self.dir}/{{service}}.tar", "--no-sbom")
        self.assert_ok(outcome)
        self.assertEqual(outcome.err.count("] load metadata"), 0, "it belongs to no service")
        steps = {line.split()[0] for line in outcome.err.splitlines() if "load metadata for" in line}
        self.assertEqual(len(steps), 1, str(outcome))

    def test_image_that_is_not_there(self):
        outcome = peelbox("build", "--spec", self.spec(), "--context", self.context(), "--tag", "x:1", "--runtime-image",
                          f"{bed('REGISTRY')}/peelbox/none:1", "--output", f"type=oci,dest={self.dir}/x.tar",
                          "--buildkit", bed("BUILDKITD"))
        self.assert_fails(outcome, 1, f"{bed('REGISTRY')}/peelbox/none:1", "not found")
        self.assert_nothing_left()


class ForeignDaemon(grpc.GenericRpcHandler):
    """A daemon on another processor, as far as the calls before the first step go; it remembers what it is asked."""

    def __init__(self, test, path):
        self.asked, self.returned, self.over = [], threading.Event(), threading.Event()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
        server.add_generic_rpc_handlers([self])
        server.add_insecure_port(f"unix:{path}")
        server.start()
        test.addCleanup(server.stop, None)
        test.addCleanup(self.over.set)

    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        bridge = "LLBBridge" in details.method
        if name == "Session":
            return grpc.stream_stream_rpc_method_handler(self.session)
        if name == "Status":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(()))
        answer = {"Info": self.info, "ListWorkers": self.workers, "Return": self.take, "ResolveImageConfig": self.refuse}
        return grpc.unary_unary_rpc_method_handler(answer.get(name, self.remember if bridge else self.solve))

    def session(self, _, context):
        self.over.wait(60)
        yield from ()

    def info(self, *_):
        return field(1, field(2, "v0.13.2"))

    def workers(self, *_):
        platform = lambda arch: field(3, field(1, arch) + field(2, "linux"))
        return field(1, field(1, "worker") + platform("s390x") + platform("amd64"))

    def remember(self, request, _):
        self.asked.append(request)
        return b""

    def take(self, request, context):
        self.returned.set()
        return self.remember(request, context)

    def refuse(self, request, context):
        self.asked.append(request)
        context.abort(grpc.StatusCode.NOT_FOUND, "no such image here")

    def solve(self, _, context):
        self.returned.wait(60)
        context.abort(grpc.StatusCode.UNKNOWN, "this daemon builds nothing")


class DefaultPlatform(BedTest):
    """Without --platform it is the daemon's first, whatever this machine is."""

    def built(self, *flags):
        daemon = ForeignDaemon(self, self.dir / "foreign.sock")
        outcome = peelbox("build", "--tag", "it:own", "--output", f"type=oci,dest={self.dir}/own.tar", "--progress", "plain",
                          "--no-sbom", "--buildkit", f"unix://{self.dir}/foreign.sock", *flags)
        self.assertEqual(outcome.code, 1, str(outcome))
        return b"".join(daemon.asked), outcome

    def test_of_a_spec(self):
        asked, outcome = self.built("--spec", self.spec(), "--context", self.context())
        self.assertIn(b"s390x", asked, str(outcome))
        self.assertNotIn(b"amd64", asked)

    def test_of_a_definition(self):
        made = subprocess.run([LLB_TOOL, "local"], capture_output=True, timeout=30)
        self.assertEqual(made.returncode, 0, made.stderr)
        llb = self.dir / "def.llb"
        llb.write_bytes(made.stdout)
        asked, outcome = self.built("--llb", llb, "--local", f"context={self.context({'x': '1'})}")
        self.assertIn(b'"ID":"linux/s390x"', asked, str(outcome))
