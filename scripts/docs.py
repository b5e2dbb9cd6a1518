#!/usr/bin/python3
"""All pages of the documentation as HTML in one folder that needs no network: scripts/docs.py [FOLDER] (build/docs).

Needs Debian's python3-markdown."""

import html
import pathlib
import re
import shutil
import sys

import markdown
from markdown.extensions.toc import TocExtension

ROOT = pathlib.Path(__file__).resolve().parents[1]
STYLE = """body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1a1a1a;background:#fff}
pre,code{font-family:monospace;font-size:.9em;background:#f2f2f2}pre{padding:.6em;overflow-x:auto}code{padding:0 .15em}pre code{padding:0}
table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid #bbb;padding:.25em .6em;text-align:left;vertical-align:top}
@media (prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre,code{background:#262626}a{color:#8ab4f8}td,th{border-color:#444}}"""


def slug(heading, separator="-"):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", separator)


def pages():
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])


def render(path):
    text = path.read_text(encoding="utf-8")
    body = markdown.markdown(text, extensions=["tables", "fenced_code", TocExtension(slugify=slug)])
    # Links between pages lead to pages; those to sources of the project have nothing to lead to and stay as they are.
    body = re.sub(r'(<a href="(?!https?:)[^"#]*)\.md(["#])', r"\1.html\2", body)
    title = html.escape(re.sub(r"^#\s*", "", text.splitlines()[0]))
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>\n{body}\n</html>\n'


def main():
    into = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/docs")
    for path in pages():
        target = into / path.relative_to(ROOT).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(path), encoding="utf-8")
    shutil.copytree(ROOT / "docs/pictures", into / "docs/pictures", dirs_exist_ok=True)
    print(into / "docs/README.html")


if __name__ == "__main__":
    main()
