#!/usr/bin/env python3
"""Makes the pictures of the README from a real build: docs/pictures/build.svg is what a terminal shows, docs/pictures/timeline.png the page
of --timeline in Chromium. Needs the release build, the test bed (`eval "$(scripts/testbed.sh env)"`), tmux and Chromium, which
scripts/setup.sh installs.

    scripts/pictures.py
"""

import html
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[1]
PEELBOX = REPO / "build/release/bin/peelbox"
PICTURES = REPO / "docs/pictures"
COLUMNS, ROWS = 100, 30
# Of a terminal with a light background, by number of SGR.
COLORS = {31: "#b3261e", 32: "#1a7f37", 33: "#9a6700", 34: "#0550ae", 35: "#8250df", 36: "#1b7c83", 90: "#6e7781"}
COMMAND = "peelbox build --spec universalbuild.json --all -t 'app-{service}:1' -o 'type=oci,dest=out/{service}.tar'"


def bed(name):
    value = os.environ.get("PEELBOX_TB_" + name)
    if not value:
        sys.exit(f"pictures: PEELBOX_TB_{name} is not set: run `scripts/testbed.sh up` and `eval \"$(scripts/testbed.sh env)\"` first")
    return value


def record(folder):
    """What the terminal shows at the end, with its colours, and the page of the build."""
    shutil.copytree(REPO / "examples/two-services", folder / "app")
    (folder / "app/out").mkdir()
    more = (f"--buildkit {bed('BUILDKITD')} --build-image docker.io/peelbox/debian-build:12 --runtime-image docker.io/peelbox/debian:12 "
            f"--no-cache --no-sbom --timeline {folder}/timeline.html")
    script = folder / "run.sh"
    script.write_text(f"cd {folder}/app\nclear\nprintf '$ %s\\n' \"{COMMAND}\"\n{COMMAND.replace('peelbox', str(PEELBOX), 1)} {more}\n"
                      f"echo $? >{folder}/code\nsleep 60\n")
    tmux = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORFGBG": "0;15"}
    try:
        subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "sh", str(script)], check=True, env=environment)
        subprocess.run([*tmux, "set-option", "-g", "status", "off"], check=True)
        subprocess.run([*tmux, "resize-window", "-x", str(COLUMNS), "-y", str(ROWS)], check=True)
        deadline = time.monotonic() + 120
        while not (folder / "code").exists():
            if time.monotonic() > deadline:
                sys.exit("pictures: the build did not end within two minutes")
            time.sleep(0.1)
        time.sleep(0.3)
        screen = subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=True, capture_output=True, text=True).stdout
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
    if (folder / "code").read_text().strip() != "0":
        sys.exit("pictures: the build failed:\n" + screen)
    return screen


def svg(screen):
    lines = screen.rstrip().split("\n")
    width, line_height, letter = 12 * 2 + COLUMNS * 7.83, 18, 13
    height = 24 + line_height * len(lines)
    rows, color, bold = [], None, False
    for number, line in enumerate(lines):
        spans = []
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
            if not code:
                if part:
                    look = (f' fill="{color}"' if color else "") + (' font-weight="bold"' if bold else "")
                    spans.append(f"<tspan{look}>{html.escape(part)}</tspan>")
                continue
            for value in (int(v or 0) for v in code[1].split(";")):
                if value in COLORS:
                    color = COLORS[value]
                elif value in (0, 39):
                    color = None
                if value in (0, 1, 22):
                    bold = value == 1
        rows.append(f'<text x="12" y="{26 + number * line_height}" xml:space="preserve">{"".join(spans)}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" '
            f'font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="{letter}" fill="#24292f">'
            f'<rect width="100%" height="100%" rx="6" fill="#f6f8fa"/>{"".join(rows)}</svg>\n')


def photograph(page, picture):
    sys.path.insert(0, str(REPO / "tests/browser"))
    from chromium import Chromium
    browser = Chromium()
    try:
        browser.open_address(f"file://{page}", width=1200, height=640)
        browser.screenshot(picture)
    finally:
        browser.close()


def main():
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="peelbox-pictures-") as name:
        folder = pathlib.Path(name)
        screen = record(folder)
        (PICTURES / "build.svg").write_text(svg(screen))
        photograph(folder / "timeline.html", PICTURES / "timeline.png")
    print(f"{PICTURES}/build.svg\n{PICTURES}/timeline.png")


if __name__ == "__main__":
    main()
