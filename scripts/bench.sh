#!/usr/bin/env bash
# Whole builds with peelbox beside buildctl and docker buildx, in alternating pairs on the same daemon, and the benchmark
# programs. Writes build/bench/report.json and build/bench/report.html. Needs root, as the test bed does.
#   scripts/bench.sh                            everything; about an hour, 25 GB of free disk
#   scripts/bench.sh --quick                    smaller trees and fewer pairs
#   scripts/bench.sh --case bulk --case cold    only these; --skip NAME leaves one out
#   scripts/bench.sh --help                     the cases and the other options
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

case " $* " in *" --help "* | *" -h "*) exec /usr/bin/python3 -B bench/compare.py "$@" ;; esac

say() { echo "bench: $*"; }
fail() {
  echo "bench: $*" >&2
  exit 1
}
# "parts" of the release build that the cases start, and the benchmark programs themselves.
targets=(peelbox llb_tool bench_client_run bench_relay bench_delay_link loopback walk match packet filesync h2_throughput progress)

[[ $(id -u) -eq 0 ]] || fail "run this as root: the test bed's daemons and the delayed links need it"
mkdir -p build/bench
scripts/setup.sh
command -v perf >/dev/null || command -v strace >/dev/null ||
  { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >/dev/null || fail "neither perf nor strace"; }
scripts/configure.sh release >build/bench/build.log 2>&1 || { tail -n 30 build/bench/build.log; fail "the release build could not be configured"; }
cmake --build build/release --target "${targets[@]}" >>build/bench/build.log 2>&1 ||
  { tail -n 30 build/bench/build.log; fail "the release build failed"; }

child=''
arguments=" $* "
bed_is_ours=''
# The child cleans up whatever stops it, except SIGKILL; this is for that case.
# shellcheck disable=SC2317
clean_up() {
  if [[ -n $child && -d build/bench/run-$child && -n ${PEELBOX_TB_DIR:-} ]]; then
    local name
    for name in "bench-$child" "bench-$child-far"; do
      scripts/testbed.sh daemon stop "$name" || true
      rm -f "$PEELBOX_TB_DIR/run/$name.sock" "$PEELBOX_TB_DIR/run/daemon-$name.lock"
    done
    rm -rf "build/bench/run-$child" "$PEELBOX_TB_DIR/state/it-bench-$child" "$PEELBOX_TB_DIR/run/it-bench-$child".* \
      "$PEELBOX_TB_DIR/log/it-bench-$child.log"
    find /sys/fs/cgroup -depth -type d -path "*/it-bench-$child*" -exec rmdir {} +
    [[ $arguments == *" --keep-trees "* ]] || rm -rf build/bench/trees
  fi
  [[ -z $bed_is_ours ]] || scripts/testbed.sh down
}
trap 'clean_up >/dev/null 2>&1' EXIT

# A bed that ran before stays up; one that was started here is stopped.
if ! scripts/testbed.sh status >/dev/null 2>&1; then
  bed_is_ours=yes
  say "starting the test bed"
  scripts/testbed.sh up >build/bench/testbed.log 2>&1 || { tail -n 30 build/bench/testbed.log; fail "the test bed did not start"; }
fi
eval "$(scripts/testbed.sh env)"

/usr/bin/python3 -B bench/compare.py "$@" &
child=$!
# However this script is told to stop, it tells the child to clean up. (The child ignores SIGINT, as all background
# processes of bash do.)
trap 'kill -TERM "$child" 2>/dev/null || true' INT TERM HUP
status=0
while kill -0 "$child" 2>/dev/null; do
  status=0
  wait "$child" || status=$?
done
exit "$status"
