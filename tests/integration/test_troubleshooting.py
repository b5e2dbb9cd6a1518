"""The failures in docs/troubleshooting.md are what peelbox prints: each is made again and compared with its block.

With PEELBOX_WRITE_DOCS=1 the blocks are written instead. What differs from run to run (times, how much was cached,
what apt says of its downloads, the daemon's address) is not compared."""

import os
import pathlib
import re

from bed import BUILD_IMAGE, REPO, RUNTIME_IMAGE, BedTest, PrivateDaemon, Running, bed

PAGE = REPO / "docs/troubleshooting.md"
USUAL_ADDRESS = "unix:///run/buildkit/buildkitd.sock"
DOWNLOADS = re.compile(r"\d+\.\d+ (Get:|Hit:|Ign:|Fetched )")
MAIN = "int main(void) { return 0; }\n"


def compared(text):
    """The lines that have to be equal."""
    lines = []
    for line in text.splitlines():
        if DOWNLOADS.match(line) or re.match(r"\d+\.\d+ (Reading |Building |.* copied, )", line):
            continue
        line = re.sub(r"^\d+\.\d+ ", "T ", line)
        line = re.sub(r"after \d+(\.\d+)?m?s", "after T", line)
        line = re.sub(r"log limit \S+ reached", "log limit L reached", line)
        lines.append(re.sub(r"\d+ of \d+ steps had finished \(\d+ cached\)", "some steps", line))
    return lines


def block_of(page, title):
    """Where the indented block below the paragraph that is `title` begins and ends in the page."""
    begin = page.index(f"\n{title}\n\n") + len(title) + 3
    end = re.compile(r"\n\n(?! )").search(page, begin).start()
    return begin, end


class Troubleshooting(BedTest):
    maxDiff = None

    def is_printed(self, title, text):
        text = text.rstrip("\n")
        page = PAGE.read_text()
        begin, end = block_of(page, title)
        if os.environ.get("PEELBOX_WRITE_DOCS"):
            block = "\n".join(("    " + line).rstrip() for line in text.splitlines() if not DOWNLOADS.match(line))
            PAGE.write_text(page[:begin] + block + page[end:])
            return
        shown = "\n".join(line[4:] for line in page[begin:end].splitlines())
        self.assertEqual(compared(shown), compared(text))

    def fails(self, title, command, packages=()):
        spec = self.spec(build={"commands": [command], "packages": list(packages)},
                         runtime={"copy": [{"from": "app", "to": "/app"}]})
        done = self.build(spec=spec, progress="quiet")
        self.assertEqual(done.code, 1, str(done))
        self.is_printed(title, done.err)

    def test_a_file_that_an_ignore_rule_keeps_back(self):
        self.context({"src/main.c": MAIN, ".dockerignore": "# generated\n*.o\nsrc/*.c\n"})
        self.fails("A file that an ignore rule keeps back:", "gcc -o app src/main.c")

    def test_a_package_that_does_not_exist(self):
        self.context({"src/main.c": MAIN})
        self.fails("A package that does not exist:", "gcc -o app src/main.c", ["nosuchlib-dev"])

    def test_a_program_that_is_not_in_the_image(self):
        self.context({"src/main.c": MAIN})
        self.fails("A program that is not in the image:", "meson setup out && ninja -C out")

    def test_a_result_that_no_command_made(self):
        self.context({"src/main.c": MAIN})
        self.fails("A result that no command made:", "gcc -o application src/main.c")

    def test_a_process_that_was_killed(self):
        self.fails("A process that was killed, as by the kernel when memory runs out:", "sh -c 'kill -9 $$'; exit $?")

    def test_no_space(self):
        self.fails("No space (here `/dev/shm` of the step, 64 MB):", "dd if=/dev/zero of=/dev/shm/big bs=1M count=200 && touch app")

    def test_a_daemon_that_was_killed(self):
        daemon = PrivateDaemon(self, "troubleshooting")
        spec = self.spec(build={"commands": ["echo started; sleep 100"]}, runtime={"copy": [{"from": "app", "to": "/app"}]})
        build = Running(self, "build", "--spec", spec, "--tag", "it:test", "--context", self.context(), "--output",
                        f"type=oci,dest={self.dir}/image.tar", "--build-image", BUILD_IMAGE, "--runtime-image", RUNTIME_IMAGE,
                        "--progress", "plain", "--buildkit", daemon.address)
        build.wait_for_text(" started\n")
        daemon.command("kill")
        self.assertEqual(build.wait(), 75, build.text())
        text = build.text()
        text = text[text.index("error: the connection"):].replace(daemon.address, USUAL_ADDRESS)
        self.is_printed("A daemon that was killed during the build (exit code 75):", text)

    def test_clipped_output(self):
        spec = self.spec(build={"commands": ["head -c 3000000 /dev/zero | tr '\\0' x | fold -w 99; touch app"]},
                         runtime={"copy": [{"from": "app", "to": "/app"}]})
        done = self.build("--no-cache", progress="quiet", spec=spec)
        self.assert_ok(done)
        text = done.err[done.err.index("warning: not all"):done.err.index("\nimage ")]
        self.is_printed("Output that the daemon clipped, in a build that succeeds:", text)
