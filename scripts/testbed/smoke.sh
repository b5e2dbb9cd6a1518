#!/usr/bin/env bash
# A short build against every daemon of a running bed, with the stock clients: shows that the bed itself works.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
exports=$("$here/../testbed.sh" env)
eval "$exports"

work=$(mktemp -d "$PEELBOX_TB_DIR/state/smoke.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

# check TEXT WANTED COMMAND...: COMMAND's output must contain WANTED.
check() {
  local text=$1 wanted=$2 output
  shift 2
  output=$("$@" 2>&1) || true
  if grep -qF -- "$wanted" <<<"$output"; then
    echo "ok       $text"
  else
    failures=$((failures + 1))
    printf 'FAILED   %s\n  wanted "%s" in:\n%s\n' "$text" "$wanted" "$(tail -n 20 <<<"$output" | sed 's/^/  | /')"
  fi
}

buildctl() { "$PEELBOX_TB_BUILDCTL" "$@"; }
docker() { "$PEELBOX_TB_DOCKER_CLI" "$@"; }

# build FOLDER ARGS...: a Dockerfile build with buildctl on the shared daemon.
build() { build_at "$PEELBOX_TB_BUILDKITD" "$@"; }
build_at() {
  local address=$1 dir=$2
  shift 2
  buildctl --addr "$address" build --progress plain --frontend dockerfile.v0 \
    --local "context=$dir" --local "dockerfile=$dir" "$@"
}
# tls WHO HOST ARGS...: with WHO's certificate.
tls() {
  local who=$1 host=$2
  shift 2
  buildctl --addr "tcp://$host:${PEELBOX_TB_BUILDKITD_TLS##*:}" --tlscacert "$PEELBOX_TB_CERTS/ca.pem" \
    --tlscert "$PEELBOX_TB_CERTS/$who-cert.pem" --tlskey "$PEELBOX_TB_CERTS/$who-key.pem" "$@"
}

write_projects() {
  mkdir -p "$work"/{plain,program,wolfi,unknown}
  echo hello >"$work/plain/hello"
  cat >"$work/plain/Dockerfile" <<'TEXT'
# syntax=docker/dockerfile:1
FROM busybox
COPY hello /hello
RUN --mount=type=cache,target=/cache cat /hello && id && date >>/cache/log
TEXT
  echo '#include <stdio.h>
int main(void) { puts("from C"); }' >"$work/program/main.c"
  echo 'print("from Python")' >"$work/program/main.py"
  cat >"$work/program/Dockerfile" <<'TEXT'
FROM peelbox/debian-build:12 AS build
COPY main.c main.py ./
RUN --network=none dpkg -s gcc | grep Status && cc -o program main.c && ./program && python3 main.py
FROM peelbox/debian:12
COPY --from=build /program /usr/bin/program
RUN --network=none program && dpkg -s apt | grep Version
TEXT
  cat >"$work/wolfi/Dockerfile" <<'TEXT'
FROM cgr.dev/chainguard/wolfi-base:latest
RUN apk add --no-cache nodejs-22 npm && apk add --root /runtime --initdb nodejs-22 && cat /runtime/etc/apk/world
TEXT
  echo 'FROM ghcr.io/example/none:1' >"$work/unknown/Dockerfile"
}

smoke_buildkitd() {
  check 'buildkitd, unix: version' v0.13.2 buildctl --addr "$PEELBOX_TB_BUILDKITD" debug info
  check 'buildkitd, unix: RUN' uid=0 build "$work/plain" --no-cache
  check 'buildkitd, TCP: RUN' uid=0 build_at "$PEELBOX_TB_BUILDKITD_TCP" "$work/plain" --no-cache
  check 'buildkitd, TLS: client certificate' v0.13.2 tls client 127.0.0.1 debug info
  check 'buildkitd, TLS: foreign certificate refused' 'failed to call info' tls bad 127.0.0.1 debug info
  check 'buildkitd, TLS: no certificate refused' 'failed to call info' \
    buildctl --addr "$PEELBOX_TB_BUILDKITD_TLS" --tlscacert "$PEELBOX_TB_CERTS/ca.pem" debug info
  check 'buildkitd, TLS: name localhost' v0.13.2 tls client localhost debug info
  check 'buildkitd: SBOM' 'spdx.dev/Document' sbom_of_build
  check 'buildkitd: C and Python without network' 'from Python' build "$work/program" --no-cache
  check 'buildkitd: cgr.dev stand-in' nodejs-22 build "$work/wolfi" --no-cache
  check 'buildkitd: other registries refused' 'peelbox test bed has no way to ghcr.io' build "$work/unknown"
}

sbom_of_build() {
  build "$work/plain" --opt attest:sbom= --opt attest:provenance=mode=max --output "type=local,dest=$work/out"
  cat "$work"/out/sbom*.json
}

smoke_private_daemon() {
  local address
  address=$("$here/../testbed.sh" daemon start "smoke-$$" 2>/dev/null)
  check 'private buildkitd: RUN' uid=0 build_at "$address" "$work/plain" --no-cache
  "$here/../testbed.sh" daemon stop "smoke-$$"
}

smoke_docker() {
  local image=$PEELBOX_TB_REGISTRY/smoke:latest
  check 'dockerd: version' 26.1 docker version -f '{{.Server.Version}}'
  check 'dockerd: containerd image store' io.containerd.snapshotter docker info -f '{{.DriverStatus}}'
  check 'dockerd: SBOM, push' 'pushing manifest' \
    docker buildx build --progress plain --sbom=true --provenance=mode=max -t "$image" --push "$work/plain"
  check 'dockerd: run' hello docker run --rm "$image" cat /hello
  check 'dockerd: C and Python without network' 'from Python' docker build --progress plain --no-cache "$work/program"
  check 'dockerd: cgr.dev stand-in' nodejs-22 docker build --progress plain --no-cache "$work/wolfi"
  check 'dockerd: other registries refused' 'peelbox test bed has no way to ghcr.io' docker build "$work/unknown"
  smoke_container_driver
}

smoke_container_driver() {
  local builder=smoke-$$
  export PEELBOX_TB_DOCKER_CONFIG=$work/docker-config
  cp -r "$PEELBOX_TB_DIR/docker-config" "$PEELBOX_TB_DOCKER_CONFIG"
  docker buildx create --name "$builder" --driver docker-container --driver-opt network=host \
    --config "$PEELBOX_TB_DIR/run/buildkitd.toml" >/dev/null
  check 'docker-container driver: RUN' uid=0 \
    docker buildx build --builder "$builder" --progress plain --output "type=oci,dest=$work/oci.tar" "$work/plain"
  docker buildx rm "$builder" >/dev/null 2>&1
  unset PEELBOX_TB_DOCKER_CONFIG
}

smoke_old() {
  check 'old dockerd: version' 20.10 env DOCKER_HOST="$PEELBOX_TB_DOCKER_OLD" "$PEELBOX_TB_DOCKER_CLI" version -f '{{.Server.Version}}'
  check 'old dockerd: run' uid=0 env DOCKER_HOST="$PEELBOX_TB_DOCKER_OLD" "$PEELBOX_TB_DOCKER_CLI" run --rm busybox id
  check 'old dockerd: cgr.dev stand-in' busybox \
    env DOCKER_HOST="$PEELBOX_TB_DOCKER_OLD" "$PEELBOX_TB_DOCKER_CLI" run --rm cgr.dev/chainguard/wolfi-base ls -l /bin/ls
  check 'old buildkitd: no Control.Info' Unimplemented buildctl --addr "$PEELBOX_TB_OLD_BUILDKITD" debug info
  check 'old buildkitd: RUN' uid=0 build_at "$PEELBOX_TB_OLD_BUILDKITD" "$work/plain" --no-cache
}

write_projects
smoke_buildkitd
smoke_private_daemon
if [ -n "${PEELBOX_TB_DOCKER:-}" ]; then
  smoke_docker
  smoke_old
fi
[ "$failures" = 0 ] || {
  echo "$failures failed"
  exit 1
}
