#!/usr/bin/env bash
# Configures build/PRESET for the other scripts.
#   scripts/configure.sh PRESET
# A new directory compiles many files at once, which costs the program half of what one by one does. One that is there
# stays as its owner made it.
set -euo pipefail
cd "$(dirname "$0")/.."

whole=()
[[ -e build/$1/CMakeCache.txt ]] || whole=(-DCMAKE_UNITY_BUILD=ON)
exec cmake --preset "$1" "${whole[@]}"
