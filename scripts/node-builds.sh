#!/usr/bin/env bash
# Detects, builds and starts Node projects (Next.js, Vite, Nest with Turbo, SvelteKit) with the npm registry's packages.
# Minutes of downloads, so not a part of test.sh. Wants a bed that is up, a release build, and npm configured here.
#   scripts/node-builds.sh            all of them
#   scripts/node-builds.sh NAME...    node_builds.NodePackages.test_NAME
set -euo pipefail
cd "$(dirname "$0")/.."

command -v npm >/dev/null || { echo "node-builds: npm is not installed here; its configuration names the registry" >&2; exit 1; }
if [[ -z ${PEELBOX_TB_DIR:-} ]]; then
  eval "$(scripts/testbed.sh env)"
fi
PEELBOX_BINARY=${PEELBOX_BINARY:-$PWD/build/release/bin/peelbox}
[[ -x $PEELBOX_BINARY ]] || { echo "node-builds: $PEELBOX_BINARY is not built" >&2; exit 1; }
export PEELBOX_BINARY
cd tests/integration
[[ $# -gt 0 ]] || set -- next_standalone vite_behind_a_server nest_in_a_turbo_workspace sveltekit_with_the_node_adapter
exec python3 -B -m unittest -v "${@/#/node_builds.NodePackages.test_}"
