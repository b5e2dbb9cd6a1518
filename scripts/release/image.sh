#!/usr/bin/env bash
# The container image of a release, built by the released peelbox itself: the program, glibc, certificates and nothing else.
# usage: scripts/release/image.sh FOLDER       the folder that scripts/release.sh filled; adds peelbox-V-image.tar (OCI) to it
# BUILDKIT_HOST names the daemon; PEELBOX_BUILD_IMAGE what the files are put together on (Debian 12).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
packages=$(realpath "${1:-$root/build/packages}")
archive=$(find "$packages" -maxdepth 1 -name 'peelbox-*-linux-amd64.tar.gz')
[[ -f $archive ]] || { echo "release: no peelbox-*-linux-amd64.tar.gz in $packages: run scripts/release.sh first" >&2; exit 1; }
version=$(basename "$archive")
version=${version#peelbox-}
version=${version%-linux-amd64.tar.gz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/context"
cp "$archive" "$work/context/peelbox.tar.gz"
# Of this machine's package ca-certificates.
cp /etc/ssl/certs/ca-certificates.crt "$work/context/"
cat >"$work/spec.json" <<'JSON'
{
  "version": "1.0",
  "metadata": {"project_name": "peelbox"},
  "build": {
    "commands": [
      "mkdir -p root/usr/bin root/lib64 root/lib/x86_64-linux-gnu root/etc/ssl/certs && tar -xzf peelbox.tar.gz --strip-components=2 -C root/usr/bin --wildcards '*/bin/peelbox' && cp -L /lib64/ld-linux-x86-64.so.2 root/lib64/ && cp -L /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libm.so.6 root/lib/x86_64-linux-gnu/ && cp ca-certificates.crt root/etc/ssl/certs/ && echo 'hosts: files dns' >root/etc/nsswitch.conf && echo 'root:x:0:0::/:/nonexistent' >root/etc/passwd"
    ]
  },
  "runtime": {
    "copy": [{"from": "root/", "to": "/"}],
    "env": {"PATH": "/usr/bin"},
    "command": ["/usr/bin/peelbox"]
  }
}
JSON
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
tar -xzf "$archive" -C "$work" --strip-components=1 --wildcards '*/bin/peelbox'
"$work/bin/peelbox" build --spec "$work/spec.json" --context "$work/context" --tag "peelbox:$version" --progress plain \
  --build-image "${PEELBOX_BUILD_IMAGE:-docker.io/library/debian:12}" --runtime-image scratch --no-gitignore --no-sbom --no-provenance \
  --output "type=oci,rewrite-timestamp=true,dest=$packages/peelbox-$version-image.tar"
(cd "$packages" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
