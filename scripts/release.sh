#!/usr/bin/env bash
# Makes the packages of a release, the same bytes each time for one commit and one set of Debian packages:
#   peelbox_V_amd64.deb            program, manual pages, completions; Debian 12 and newer, Ubuntu 22.04 and newer
#   libpeelbox-dev_V_amd64.deb     library, CMake package, pkg-config; Debian 12
#   peelbox-V-linux-amd64.tar.gz   the same program for every system with glibc 2.34
#   peelbox-V-linux-amd64.spdx.json   what is linked into it
#   SHA256SUMS
# usage: scripts/release.sh [FOLDER]      default: build/packages
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${1:-$root/build/packages}")
cd "$root"
die() { echo "release: $*" >&2; exit 1; }
step() { echo "== $*"; }

scripts/setup.sh build
version=$(sed -n 's/^project(peelbox VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
[[ -n $version ]] || die "CMakeLists.txt has no version"
architecture=$(dpkg --print-architecture)
# The time of the commit, for everything that has to have one.
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || die "this is no git checkout: set SOURCE_DATE_EPOCH to the time of the release"
fi
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
# Beside the other builds, so that they share what the compiler cache has.
tree=$root/build/portable
work=$root/build/packaging

. scripts/release/archives.sh
. scripts/release/packages.sh

step "Archives that Debian has not"
make_archives "$work/archives"
gcc -O2 -fPIC -Wall -Wextra -Werror -c scripts/release/glibc_2_34.c -o "$work/archives/glibc_2_34.o"

step "Building peelbox $version"
cmake -S . -B "$tree" -G Ninja -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release -DPEELBOX_PORTABLE=ON -DPEELBOX_TESTS=OFF \
  -DPEELBOX_BENCH=OFF -DCMAKE_UNITY_BUILD=ON -DCMAKE_LIBRARY_PATH="$work/archives" -DCMAKE_EXE_LINKER_FLAGS="$work/archives/glibc_2_34.o -Wl,-Map=$work/peelbox.map" \
  -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR="lib/$(gcc -print-multiarch)" >/dev/null
cmake --build "$tree" ${PEELBOX_JOBS:+-j "$PEELBOX_JOBS"} | tail -n 1
needs_glibc_alone "$tree/bin/peelbox"

step "Packages"
rm -rf "$out" "$work/stage"
mkdir -p "$out"
make_tarball
make_program_package
make_library_package
name=peelbox-$version-linux-$architecture
scripts/release/sbom.py --name peelbox --version "$version" --program "$tree/bin/peelbox" --map "$work/peelbox.map" \
  --build "$tree" --archives "$work/archives" >"$out/$name.spdx.json"
(cd "$out" && sha256sum ./*.* | sed 's|\./||' >SHA256SUMS)
cat "$out/SHA256SUMS"
