#!/usr/bin/env bash
# Whole builds with peelbox and with buildctl, in alternating pairs on the same daemon. Prints the ratios and writes
# build/bench/report.json.
#   scripts/bench.sh                 all cases, 5 pairs each
#   scripts/bench.sh --quick         smaller trees, 3 pairs, under 5 minutes
#   scripts/bench.sh --case bulk     one case: bulk, cold, unchanged, trivial
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
cmake --preset release >/dev/null
cmake --build build/release --target peelbox llb_tool | tail -n 1
scripts/testbed.sh up core
eval "$(scripts/testbed.sh env)"
exec /usr/bin/python3 -B bench/compare.py "$@"
