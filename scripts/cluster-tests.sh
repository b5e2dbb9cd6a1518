#!/usr/bin/env bash
# The tests on a real Kubernetes of the test bed. test.sh runs some of them; all take 20 minutes.
#   scripts/cluster-tests.sh [TEST...]     all, or those that are named: pool.Life manifests …
# The bed is started if it is not up in full (PEELBOX_TESTBED_DIR shares one); the cluster is left running, `testbed.sh cluster
# down` ends it. PEELBOX_BINARY is the program under test (default: the release build).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/testbed.sh up
scripts/testbed.sh cluster up
eval "$(scripts/testbed.sh env)"
cd tests/cluster
[[ $# -gt 0 ]] || set -- manifests pool
exec /usr/bin/python3 -B -m unittest -v "$@"
