#!/usr/bin/env bash
# Sets everything up on a fresh Debian 12 machine and shows the main job: an image built by a real BuildKit daemon,
# then the program in it, run.
#   scripts/demo.sh            builds examples/c-hello
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "Installing what the build needs"
scripts/setup.sh build

step "Building peelbox, and beside it a BuildKit daemon and a registry (the first time, from Debian's packages)"
mkdir -p build
scripts/testbed.sh up core >build/testbed.log 2>&1 &
bed=$!
scripts/configure.sh release >/dev/null
cmake --build build/release --target peelbox | tail -n 1

step "The daemon"
tail -n +1 -f --pid="$bed" build/testbed.log
wait "$bed"
eval "$(scripts/testbed.sh env)"

image=build/demo/c-hello.tar
mkdir -p build/demo
step "peelbox build --spec examples/c-hello/universalbuild.json"
started=$(date +%s.%N)
digest=$(build/release/bin/peelbox build \
  --spec examples/c-hello/universalbuild.json --context examples/c-hello \
  --tag demo/c-hello:1 --output type=oci,dest=$image \
  --build-image docker.io/peelbox/debian-build:12 --runtime-image docker.io/peelbox/debian:12 \
  --buildkit "$PEELBOX_TB_BUILDKITD" --progress plain 2> >(tee build/demo/build.log >&2) |
  cat; sleep 0.1; sed -n 's/^digest  *//p' build/demo/build.log)
took=$(awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')

step "Running the program that is in the image"
root=build/demo/root
rm -rf $root
build/release/bin/peelbox build \
  --spec examples/c-hello/universalbuild.json --context examples/c-hello \
  --tag demo/c-hello:1 --output type=local,dest=$root \
  --build-image docker.io/peelbox/debian-build:12 --runtime-image docker.io/peelbox/debian:12 \
  --buildkit "$PEELBOX_TB_BUILDKITD" --progress quiet 2>/dev/null
chroot $root /usr/local/bin/hello

step "Done"
printf 'image   %s\nsize    %s bytes\ndigest  %s\ntime    %s s\n' "$PWD/$image" "$(stat -c %s $image)" "$digest" "$took"
