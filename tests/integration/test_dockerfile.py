"""Dockerfiles: `peelbox build -f` gives what buildctl's dockerfile.v0 gives, in the spelling of `docker buildx build`."""

import io
import json
import os
import re
import tarfile

from bed import PEELBOX, BedTest, OciArchive, bed, peelbox, registry_call, run, sent, summary

BASE = "docker.io/library/busybox:latest"
EPOCH = "1700000000"

# Name -> Dockerfile, flags for both (as peelbox spells them). The tree has: a.txt, dir/b.txt, dir/sub/c.txt, run.sh, .hidden.
SAME = {
    "scratch": ("FROM scratch\nCOPY . /\n", []),
    "one file": ("FROM scratch\nCOPY a.txt /x/\n", []),
    "copy chmod chown": (f"FROM {BASE}\nCOPY --chmod=0700 --chown=3:4 dir /d\n", []),
    "copy link": (f"FROM {BASE}\nCOPY --link dir/b.txt /l/b\n", []),
    "copy wildcard": ("FROM scratch\nCOPY *.txt dir/*.txt /w/\n", []),
    "add archive": ("FROM scratch\nADD tree.tar /unpacked/\n", []),
    "multi-stage": (f"FROM {BASE} AS one\nRUN echo hi >/made\nFROM scratch\nCOPY --from=one /made /\n", []),
    "stage by number": (f"FROM {BASE}\nRUN echo n >/n\nFROM scratch\nCOPY --from=0 /n /\n", []),
    "target": (f"FROM {BASE} AS a\nRUN echo a >/a\nFROM {BASE} AS b\nRUN echo b >/b\n", ["--target", "a"]),
    "build args": (f"ARG TAG=latest\nFROM docker.io/library/busybox:$TAG\nARG WHAT=nothing\nRUN echo $WHAT >/what\nENV W=$WHAT\n",
                   ["--build-arg", "WHAT=something else"]),
    "platform args": (f"FROM {BASE}\nARG TARGETPLATFORM\nARG TARGETARCH\nRUN echo $TARGETPLATFORM $TARGETARCH >/p\n", []),
    "labels": ("FROM scratch\nLABEL a=b\nCOPY a.txt /\n", ["--label", "c=d e", "--label", "empty="]),
    "heredoc run": (f"FROM {BASE}\nRUN <<END\necho one >/one\necho two >/two\nEND\n", []),
    "heredoc copy": ("FROM scratch\nCOPY <<one <<\"two\" /\nfirst\none\nsecond $x\ntwo\n", []),
    "cache mount": (f"FROM {BASE}\nRUN --mount=type=cache,target=/c,id=peelbox-same echo x >/c/x && cp /c/x /x\n", []),
    "bind mount": (f"FROM {BASE}\nRUN --mount=type=bind,source=dir,target=/b cp -r /b /copied\n", []),
    "bind from a stage": (f"FROM {BASE} AS s\nRUN echo s >/s\nFROM {BASE}\nRUN --mount=type=bind,from=s,source=/s,target=/s cat /s >/t\n", []),
    "tmpfs": (f"FROM {BASE}\nRUN --mount=type=tmpfs,target=/t touch /t/x && ls /t >/list\n", []),
    "workdir user shell": (f"FROM {BASE}\nWORKDIR /w/x\nUSER 5\nSHELL [\"/bin/sh\", \"-ec\"]\nRUN id -u >/tmp/id\n", []),
    "config": ("FROM scratch\nCOPY a.txt /\nENV A=1 B=2\nEXPOSE 80 53/udp\nVOLUME /v\nENTRYPOINT [\"/a\"]\nCMD [\"b\"]\nSTOPSIGNAL 9\n"
               "HEALTHCHECK --interval=5s CMD true\n", []),
    "onbuild": (f"FROM {BASE}\nONBUILD RUN echo later\nCOPY a.txt /\n", []),
    "arg before from": (f"ARG BASE={BASE}\nFROM ${{BASE}} AS x\nFROM x\nRUN echo x >/x\n", []),
    "add hosts": (f"FROM {BASE}\nRUN grep example.test /etc/hosts >/h\n", ["--add-host", "example.test:10.1.2.3"]),
    "no network": (f"FROM {BASE}\nRUN ls /sys/class/net >/n\n", ["--network", "none"]),
    "ulimit and shm": (f"FROM {BASE}\nRUN ulimit -n >/u && df -k /dev/shm | tail -1 | awk '{{print $2}}' >/s\n",
                       ["--ulimit", "nofile=321:654", "--shm-size", "3m"]),
    "two platforms": ("FROM scratch\nCOPY dir /d\n", ["--platform", "linux/amd64,linux/arm64"]),
    "another platform": ("FROM scratch\nCOPY a.txt /\n", ["--platform", "linux/arm/v7"]),
    "unicode": ("FROM scratch\nCOPY [\"caf\u00e9 x\", \"/caf\u00e9 y\"]\n", []),
    "escape directive": ("# escape=`\nFROM scratch\nCOPY a.txt `\n  /c\n", []),
    "copy to directory with dots": ("FROM scratch\nCOPY dir/. /d/\nCOPY dir/../a.txt /e\n", []),
    "link chain": ("FROM scratch\nCOPY link /\n", []),
}

OPTIONS = {"--target": "target={}", "--build-arg": "build-arg:{}", "--label": "label:{}", "--network": "force-network-mode={}",
           "--platform": "platform={}", "--no-cache-filter": "no-cache={}"}


def as_buildctl(flags):
    """The same flags in buildctl's spelling."""
    words = []
    for flag, value in zip(flags[::2], flags[1::2]):
        if flag == "--add-host":
            option = "add-hosts=" + value.replace(":", "=", 1)
        elif flag == "--shm-size":
            option = f"shm-size={int(value.removesuffix('m')) << 20}"
        elif flag == "--ulimit":
            option = "ulimit=" + value
        else:
            option = OPTIONS[flag].format(value)
        words += ["--opt", option]
    return words


class Dockerfiles(BedTest):
    def tree(self):
        for name, text in {"a.txt": "a", "dir/b.txt": "b", "dir/sub/c.txt": "c", "run.sh": "#!/bin/sh\n", ".hidden": "h", "caf\u00e9 x": "x"}.items():
            self.write("ctx/" + name, text)
        (self.dir / "ctx/link").symlink_to("dir/sub")
        run(["tar", "-C", self.dir / "ctx/dir", "-cf", self.dir / "ctx/tree.tar", "b.txt", "sub"])
        return self.dir / "ctx"

    def ours(self, *arguments, env=None, **how):
        return peelbox("build", "--buildkit", bed("BUILDKITD"), "--progress", "plain", *arguments, env=env, **how)

    def theirs(self, context, dockerfile, *arguments, env=None):
        done = run([bed("BUILDCTL"), "--addr", bed("BUILDKITD"), "build", "--progress", "plain", "--frontend", "dockerfile.v0",
                    "--local", f"context={context}", "--local", f"dockerfile={dockerfile}", *arguments], env=env)
        self.assert_ok(done)
        return done

    def test_images_are_those_of_buildctl(self):
        context = self.tree()
        for name, (text, flags) in SAME.items():
            with self.subTest(name):
                words = name.replace(" ", "-")
                self.write(f"{words}/Dockerfile", text)
                mine, reference = self.dir / f"{words}.mine.tar", self.dir / f"{words}.theirs.tar"
                built = self.ours("-f", self.dir / words / "Dockerfile", "--no-provenance", "-o",
                                  f"type=oci,dest={mine},rewrite-timestamp=true", *flags, context, env={"SOURCE_DATE_EPOCH": EPOCH})
                self.assert_ok(built)
                self.theirs(context, self.dir / words, "-o", f"type=oci,dest={reference},rewrite-timestamp=true", *as_buildctl(flags),
                            "--opt", f"build-arg:SOURCE_DATE_EPOCH={EPOCH}")
                index = lambda path: OciArchive(path).member("index.json")
                digests = [json.loads(index(path))["manifests"][0]["digest"] for path in (mine, reference)]
                self.assertEqual(digests[0], digests[1])

    def test_ignore_files_are_the_frontends_affair(self):
        context = self.tree()
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY . /\n")
        self.write("ctx/.dockerignore", "dir\n.hidden\n")
        self.write("other/x.Dockerfile", "FROM scratch\nCOPY . /\n")
        self.write("other/x.Dockerfile.dockerignore", "*\n!a.txt\n")
        self.assert_ok(self.ours(context, "-o", self.dir / "all"))
        self.assertEqual({p.name for p in (self.dir / "all").iterdir()},
                         {"a.txt", "run.sh", "caf\u00e9 x", "link", "tree.tar", "Dockerfile", ".dockerignore"})
        self.assert_ok(self.ours(context, "-f", self.dir / "other/x.Dockerfile", "-o", self.dir / "few"))
        self.assertEqual([p.name for p in (self.dir / "few").iterdir()], ["a.txt"])

    def test_a_second_build_is_cached(self):
        context = self.tree()
        self.write("ctx/Dockerfile", f"FROM {BASE}\nCOPY dir /d\nRUN date +%N >/now\n")
        for _ in range(2):
            outcome = self.ours(context, "-o", f"type=oci,dest={self.dir / 'x.tar'}")
            self.assert_ok(outcome)
        # The Dockerfile at most: a daemon that asks for it never compares it (frontend/dockerui, llb.DiffNone).
        self.assertLessEqual(sent(outcome)[0], 1)
        self.assertRegex(outcome.err, r"(?m)CACHED")
        again = self.ours(context, "--no-cache", "-o", "type=cacheonly")
        self.assert_ok(again)
        self.assertNotRegex(again.err, r"RUN date[^\n]*\n[^\n]*CACHED")

    def test_a_dockerfile_from_standard_input(self):
        context = self.tree()
        text = "FROM scratch\nCOPY a.txt /from-stdin\n"
        self.assert_ok(self.ours("-f", "-", context, "-o", self.dir / "one", stdin=text))
        self.assertEqual((self.dir / "one/from-stdin").read_text(), "a")
        # The next one has as many bytes, and is still another one.
        self.assert_ok(self.ours("-f", "-", context, "-o", self.dir / "two", stdin=text.replace("from-stdin", "from_stdin")))
        self.assertEqual([p.name for p in (self.dir / "two").iterdir()], ["from_stdin"])
        self.assert_ok(self.ours("-", "-o", self.dir / "three", stdin=f"FROM {BASE} AS b\nRUN echo x >/x\nFROM scratch\nCOPY --from=b /x /\n"))
        self.assertEqual((self.dir / "three/x").read_text(), "x\n")

    def test_a_context_from_standard_input(self):
        context = self.tree()
        dockerfile = "FROM scratch\nCOPY a.txt dir /\n"
        self.write("ctx/Dockerfile", dockerfile)
        self.write("ctx/other/web.Dockerfile", dockerfile)
        for kind in ("w", "w:gz", "w:bz2", "w:xz"):
            archive = io.BytesIO()
            with tarfile.open(fileobj=archive, mode=kind, format=tarfile.GNU_FORMAT if kind == "w" else tarfile.PAX_FORMAT) as tar:
                tar.add(context, ".")
            for flags in ([], ["-f", "other/web.Dockerfile"]):
                with self.subTest(kind=kind, flags=flags):
                    out = self.dir / "piped.tar"
                    built = self.ours("-", "-t", "it:piped", "-o", f"type=oci,dest={out}", *flags, stdin=archive.getvalue(), text=False)
                    self.assertEqual(built.code, 0, built.err.decode())
                    self.assertEqual(sorted(OciArchive(out).layer_names_of(0)), ["a.txt", "b.txt", "sub", "sub/c.txt"])

    def test_a_large_context_from_standard_input_is_not_kept_in_memory(self):
        pack = "printf 'FROM scratch\\nCOPY big /\\n' >Dockerfile && head -c 300000000 /dev/urandom >big && tar -c Dockerfile big"
        script = f"cd {self.dir} && {pack} | /usr/bin/env time -f %M {PEELBOX} build - -t it:big -o type=cacheonly --buildkit {bed('BUILDKITD')}"
        built = run(["bash", "-o", "pipefail", "-c", script])
        self.assert_ok(built)
        self.assertLess(int(built.err.split()[-1]), 120_000, built.err)

    def test_standard_input_that_is_no_context(self):
        self.assert_fails(self.ours("-", stdin="(\xb5/\xfd" + "x" * 100), 1)
        self.assert_fails(run([PEELBOX, "build", "-", "--buildkit", bed("BUILDKITD")], stdin=b"\x28\xb5\x2f\xfdxx", text=False), 2)
        self.assert_fails(self.ours("-", stdin=""), 2, "nothing came from standard input")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(self.tree(), ".")
        refused = run([PEELBOX, "build", "-", "--buildkit", bed("BUILDKITD")], stdin=archive.getvalue(), text=False)
        self.assertEqual(refused.code, 2, refused)
        self.assertIn(b"extended header", refused.err)

    def test_named_contexts(self):
        context = self.tree()
        self.write("extra/e.txt", "e")
        self.write("ctx/Dockerfile", "FROM base AS b\nRUN echo b >/b\nFROM scratch\nCOPY --from=more e.txt /\nCOPY --from=b /b /\n")
        self.assert_ok(self.ours(context, "--build-context", f"more={self.dir / 'extra'}", "--build-context", f"base=docker-image://{BASE}",
                                 "-o", self.dir / "out"))
        self.assertEqual({p.name for p in (self.dir / "out").iterdir()}, {"e.txt", "b"})

    def test_an_oci_layout_is_a_named_context(self):
        self.write("base/Dockerfile", "FROM scratch\nCOPY made /made\n")
        self.write("base/made", "from the layout")
        layout = self.dir / "layout"
        layout.mkdir()
        self.assert_ok(self.ours(self.dir / "base", "-t", "it:v1", "-o", f"type=oci,dest={self.dir}/base.tar", "--provenance=false"))
        run(["tar", "-xf", self.dir / "base.tar", "-C", layout])
        digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
        self.write("ctx/Dockerfile", "FROM base\n")
        for which in ("", ":v1", "@" + digest):
            out = self.dir / "image.tar"
            self.assert_ok(self.ours(self.dir / "ctx", "--build-context", f"base=oci-layout://{layout}{which}", "-t", "it:layout", "-o", f"type=oci,dest={out}"))
            self.assertEqual(OciArchive(out).layer_names(), ["made"])
        self.assert_fails(self.ours(self.dir / "ctx", "--build-context", f"base=oci-layout://{layout}:v2"), 2, "no image with the tag v2")
        self.assert_fails(self.ours(self.dir / "ctx", "--build-context", f"base=oci-layout://{self.dir}/none"), 4, "none")

    def test_proxies_of_dockers_configuration(self):
        self.write("config/config.json", json.dumps({"proxies": {"default": {"httpProxy": "http://proxy.example:1"}}}))
        self.write("ctx/Dockerfile", f"FROM {BASE}\nRUN echo proxy=$HTTP_PROXY\n")
        built = self.ours(self.dir / "ctx", "--no-cache", env={"DOCKER_CONFIG": str(self.dir / "config")})
        self.assert_ok(built)
        self.assertIn("proxy=http://proxy.example:1", built.err)

    def test_several_outputs_and_a_push(self):
        context = self.tree()
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY a.txt /\n")
        name = f"{bed('REGISTRY')}/pushed:{os.getpid()}"
        outcome = self.ours(context, "-t", name, "-o", f"type=oci,dest={self.dir / 'a.tar'}", "-o", self.dir / "files", "-o",
                            "type=registry,registry.insecure=true", "--annotation", "who=me", "--no-provenance")
        self.assert_ok(outcome)
        self.assertEqual((self.dir / "files/a.txt").read_text(), "a")
        headers, text = registry_call("GET", f"pushed/manifests/{os.getpid()}")
        self.assertEqual(headers["Docker-Content-Digest"], summary(outcome)["digest"])
        self.assertEqual(json.loads(text)["annotations"], {"who": "me"})
        self.assertEqual(OciArchive(self.dir / "a.tar").layer_digests(), [layer["digest"] for layer in json.loads(text)["layers"]])
        self.assertEqual(len(re.findall(r"(?m)^output ", outcome.err)), 3)
        self.assertIn("pushed to the registry", outcome.err)

    def test_push_alone_says_where(self):
        context = self.tree()
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY a.txt /\n")
        self.assert_fails(self.ours(context, "--push"), 2, "--tag REF is missing")
        outcome = self.ours(context, "--push", "-t", f"{bed('REGISTRY')}/nothing-there:1", "--buildkit", "unix:///nonexistent.sock")
        self.assertNotEqual(outcome.code, 0)

    def test_without_a_tag_the_result_stays_in_the_cache(self):
        context = self.tree()
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY a.txt /\n")
        outcome = self.ours(context)
        self.assert_ok(outcome)
        self.assertIn("neither --tag nor --output is given", outcome.err)

    def test_a_failed_step_shows_its_line(self):
        context = self.tree()
        self.write("ctx/Dockerfile", f"FROM {BASE}\nRUN echo before && false\n")
        self.assert_fails(self.ours(context, "-o", "type=cacheonly"), 1, "before", "Dockerfile:2", "RUN echo before && false")

    def test_what_is_wrong_is_said_at_once(self):
        context = self.tree()
        outcome = self.ours(context, "-t", "x")
        self.assert_fails(outcome, 2, f"there is no Dockerfile in {context}", "-f FILE", "peelbox detect")
        self.assertLess(len(outcome.err.splitlines()), 4)
        self.write("ctx/Dockerfile", "FROM scratch\nCOPY a.txt /\n")
        self.assert_fails(self.ours(context, "--build-arg", "=x"), 2, "--build-arg =x: the name is missing")
        self.assert_fails(self.ours(context, "--all"), 2, "--all has no effect with a Dockerfile")
