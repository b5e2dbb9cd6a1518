#!/usr/bin/python3
"""The SBOM of a released program, SPDX 2.3 in JSON: what was linked (the linker's map) and whose headers were compiled into it
(ninja's dependencies), each with the Debian package, its version and the licences that its copyright file names."""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess

# What glibc and the compiler bring to every program is not linked statically, or is declarations only.
NOT_LINKED = re.compile(r"^(libc6|libc6-dev|linux-libc-dev|libc-dev-bin)$")


def linked_files(map_file):
    """The archives that gave at least one member, and single objects of the compiler."""
    text = pathlib.Path(map_file).read_text(errors="replace")
    return {os.path.realpath(path) for path in re.findall(r"^(/[^\s(]+\.a)\(", text, re.MULTILINE)}


def compiled_headers(build):
    listed = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    return {os.path.realpath(os.path.join(build, line.strip())) for line in listed.splitlines() if line.startswith("    ")}


def packages_of(files):
    """File -> installed package, by dpkg's lists, so that thousands of files are no question each."""
    owner = {}
    for entry in pathlib.Path("/var/lib/dpkg/info").glob("*.list"):
        for line in entry.read_text().splitlines():
            if line in files or os.path.realpath(line) in files:
                owner[os.path.realpath(line)] = entry.name.removesuffix(".list").split(":")[0]
    return owner


def field(package, name):
    return subprocess.run(["dpkg-query", "-W", "-f", "${%s}" % name, package], capture_output=True, text=True, check=True).stdout


def licences(package):
    try:
        text = pathlib.Path(f"/usr/share/doc/{package}/copyright").read_text(errors="replace")
    except OSError:
        return "unknown"
    return ", ".join(sorted(set(re.findall(r"^License: *(\S.*)$", text, re.MULTILINE)))) or "see the package's copyright file"


def component(name, version, where, comment):
    return {"name": name, "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "versionInfo": version,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION", "supplier": "Organization: Debian", "comment": comment,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": where}]}


def main():
    parser = argparse.ArgumentParser()
    for flag in ("name", "version", "program", "map", "build", "archives"):
        parser.add_argument("--" + flag, required=True)
    args = parser.parse_args()
    archives = os.path.realpath(args.archives)
    files = linked_files(args.map)
    if not files:
        raise SystemExit(f"sbom: {args.map} names no archive")
    own = os.path.realpath(args.build)
    ours = {f for f in files if f.startswith((own, archives))}
    headers = {f for f in compiled_headers(args.build) if f.startswith("/usr/")}
    owner = packages_of((files - ours) | headers)
    unowned = files - ours - set(owner)
    if unowned:
        raise SystemExit("sbom: no package owns " + ", ".join(sorted(unowned)))
    found = {}
    for path in sorted(owner):
        package = owner[path]
        if NOT_LINKED.match(package):
            continue
        how = "linked: " + os.path.basename(path) if path in files else "headers"
        found.setdefault(package, set()).add(how)
    components = []
    for package in sorted(found):
        version = field(package, "Version")
        how = ", ".join(sorted(found[package] - {"headers"})) or "headers"
        components.append(component(package, version, f"pkg:deb/debian/{package}@{version.replace('+', '%2B').replace(':', '%3A')}?distro=debian-12",
                                    f"{how}; licences: {licences(package)}"))
    for line in pathlib.Path(archives, "sources").read_text().splitlines():
        source, version = line.split()
        components.append(component(source, version, f"pkg:deb/debian/{source}@{version.replace('+', '%2B')}?arch=source&distro=debian-12",
                                    "linked: compiled from Debian's source package"))
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    program = component(args.name, args.version, f"pkg:generic/{args.name}@{args.version}", "this program")
    program.update(supplier="NOASSERTION", licenseDeclared="Apache-2.0")
    content = json.dumps([program, *components], sort_keys=True)
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{args.name}-{args.version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{args.name}-{args.version}-{hashlib.sha256(content.encode()).hexdigest()[:32]}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: peelbox scripts/release/sbom.py"]},
        "packages": [program, *components],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": program["SPDXID"]}] +
        [{"spdxElementId": program["SPDXID"], "relationshipType": "STATIC_LINK", "relatedSpdxElement": c["SPDXID"]} for c in components],
    }
    print(json.dumps(document, indent=2))


main()
