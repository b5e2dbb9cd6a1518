#!/usr/bin/env bash
# Installs what building and testing peelbox needs, from the distribution's packages (Debian 12).
#   scripts/setup.sh          everything for build and tests
#   scripts/setup.sh build    only what the build needs
#   scripts/setup.sh release  what the tests of a release's packages need too
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache pkg-config git
  libboost1.81-dev libboost-json1.81-dev libnghttp2-dev libprotobuf-dev protobuf-compiler
  libsimdjson-dev libtomlplusplus-dev libyaml-cpp-dev zlib1g-dev libssl-dev libcli11-dev libfmt-dev
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev
)
test_packages=(
  clang-16 libclang-rt-16-dev python3 python3-grpcio python3-protobuf nghttp2-client curl openssl iproute2 time procps
  zsh fish man-db groff-base chromium-headless-shell tmux python3-markdown
)
release_packages=(mmdebstrap lintian)

packages=("${build_packages[@]}")
if [[ ${1:-all} != build ]]; then
  packages+=("${test_packages[@]}")
fi
if [[ ${1:-all} == release ]]; then
  packages+=("${release_packages[@]}")
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $status == 'install ok installed' ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "setup: installing packages needs root: run this script as root" >&2; exit 1; }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
