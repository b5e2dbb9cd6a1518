"""What the tests on Docker engines share."""

import json

from bed import REPO, BedTest, bed, images_for, peelbox, run


def docker(*arguments):
    return run([bed("DOCKER_CLI"), *arguments])


class DockerTest(BedTest):
    engine = property(lambda self: {"DOCKER_HOST": bed("DOCKER")})

    def into_docker(self, *arguments, tag="it-docker:1", buildkit="docker://", env=None, spec=None, context=None, progress="plain"):
        build_image, runtime_image = images_for(arguments)
        images = [] if "--runtime-image" in arguments else ["--runtime-image", runtime_image]
        return peelbox("build", "--spec", spec or self.spec(), "--context", context or self.context(), "--tag", tag,
                       "--build-image", build_image, *images, "--progress", progress,
                       *(["--buildkit", buildkit] if buildkit else []), *arguments, env=env or self.engine)

    def example(self, name, tag, *arguments, **how):
        example = REPO / "examples" / name
        outcome = self.into_docker(*arguments, tag=tag, spec=example / "universalbuild.json", context=example, **how)
        self.assert_ok(outcome)
        return outcome

    def file_spec(self, **runtime):
        """An image that prints a file, made without a build command."""
        context = self.context({"hello.txt": "hello\n"})
        spec = self.spec(runtime={"copy": [{"from": "hello.txt", "to": "/srv/hello.txt"}],
                                  "command": ["/bin/cat", "/srv/hello.txt"], **runtime}, build={"commands": []})
        return {"spec": spec, "context": context}
