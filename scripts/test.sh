#!/usr/bin/env bash
# Sets up and runs all tests; ends with "N passed, N failed".
#   scripts/test.sh           everything: release, integration on real daemons and a Kubernetes, ASan+UBSan, TSan, clang and
#                             fuzz replay
#   scripts/test.sh quick     unit tests of the release build only
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

mode=${1:-all}
results=build/test-results
passed=0
failed=0

fail() { # WHAT: counts a stage that could not run
  echo "FAILED: $1"
  failed=$((failed + 1))
}

build() { # PRESET TARGET...
  local preset=$1
  shift
  mkdir -p "build/$preset"
  scripts/configure.sh "$preset" >"build/$preset/configure.log" 2>&1 || { tail -n 30 "build/$preset/configure.log"; return 1; }
  local targets=()
  [[ $# -gt 0 ]] && targets=(--target "$@")
  cmake --build "build/$preset" "${targets[@]}" >"build/$preset/build.log" 2>&1 ||
    { grep -E -A12 'error:|FAILED:' "build/$preset/build.log" | head -n 60; return 1; }
}

run_ctest() { # NAME DIRECTORY CTEST-ARGUMENTS...
  local name=$1 dir=$2
  shift 2
  mkdir -p "$results"
  local log=$results/$name.log
  ctest --test-dir "$dir" --output-on-failure --no-tests=error "$@" >"$log" 2>&1
  local status=$?
  local bad total
  # "97% tests passed, 3 tests failed out of 100"
  read -r bad total < <(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$log" | tail -n 1)
  if [[ -z ${total:-} ]]; then
    tail -n 20 "$log"
    fail "$name: no test ran"
    return
  fi
  # A test that is a whole program counts as its cases.
  local more
  more=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\.$/\1/p' "$dir/Testing/Temporary/LastTest.log" | awk '{ n += $1 - 1 } END { print n + 0 }')
  total=$((total + more))
  # A skipped test proves nothing, so it counts as a failure.
  local skipped
  skipped=$(grep -cE '\*\*\*(Skipped|Not Run)' "$log")
  passed=$((passed + total - bad - skipped))
  failed=$((failed + bad + skipped))
  if [[ $status -ne 0 || $bad -ne 0 || $skipped -ne 0 ]]; then
    sed -n '/tests passed/q;p' "$log" | grep -vE '^ *[0-9]+/[0-9]+ Test .*Passed|^ *Start ' | tail -n 150
    grep -A200 'tests FAILED' "$log" | head -n 60
  fi
  printf '%-16s %s of %s passed (%ss)\n' "$name" "$((total - bad - skipped))" "$total" "$SECONDS"
}

# Programs whose code crosses threads: the file pool, the walker, the resolver, the terminal writer, helpers.
thread_programs=(async_test filesync_test transport_test docker_test progress_test walker_threads)

run_gtest() { # NAME PROGRAM
  mkdir -p "$results"
  local log=$results/$1-$(basename "$2").log good bad
  timeout 600 "$2" >"$log" 2>&1
  local status=$?
  good=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\.$/\1/p' "$log" | tail -n 1)
  bad=$(grep -c '^\[  FAILED  \] [^ ]*\.[^ ]* (' "$log")
  passed=$((passed + ${good:-0}))
  failed=$((failed + bad))
  if [[ $status -ne 0 ]]; then
    [[ $bad -gt 0 ]] || fail "$1: $2 ended with $status"
    grep -E 'FAILED|Failure|WARNING: ThreadSanitizer|SUMMARY' -A20 "$log" | head -n 80
  fi
  printf '%-16s %s: %s passed (%ss)\n' "$1" "$(basename "$2")" "${good:-0}" "$SECONDS"
}

# Every command on the bed's Kubernetes, end to end. What befalls pods, nodes and the API server meanwhile is in
# scripts/cluster-tests.sh, which takes 20 minutes in all.
cluster_tests=(manifests pool.Life pool.Streams pool.Caches
  pool.PoolBuilds.test_a_dockerfile_for_two_architectures pool.PoolBuilds.test_a_spec_for_two_architectures)

count_cluster() { # STATUS of scripts/cluster-tests.sh
  local log=$results/cluster.log total bad skipped
  total=$(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} in .*/\1/p' "$log" | tail -n 1)
  if [[ -z $total ]]; then
    tail -n 30 "$log"
    fail "cluster: no test ran"
    return
  fi
  bad=$(sed -n 's/^FAILED (\(.*\))$/\1/p' "$log" | grep -oE '(failures|errors)=[0-9]+' | awk -F= '{ n += $2 } END { print n + 0 }')
  skipped=$(sed -n 's/^.*skipped=\([0-9]*\).*$/\1/p' "$log" | tail -n 1)
  [[ $1 -eq 0 || $bad -gt 0 ]] || bad=1
  passed=$((passed + total - bad - ${skipped:-0}))
  failed=$((failed + bad + ${skipped:-0}))
  [[ $bad -eq 0 ]] || sed -n '/^=====/,$p' "$log" | head -n 150
  printf '%-16s %s of %s passed (%ss)\n' cluster "$((total - bad - ${skipped:-0}))" "$total" "$SECONDS"
}

run_fuzzer() { # PROGRAM: the same few hundred inputs each time; hunting for new ones is done by hand
  local name=${1##*/fuzz_}
  mkdir -p "$results/fuzz-$name"
  if (cd "$results/fuzz-$name" && timeout 120 "$1" -seed=1 -runs=300 -max_total_time=20 -rss_limit_mb=4096 . >../fuzz-"$name".log 2>&1); then
    passed=$((passed + 1))
  else
    fail "fuzz_$name"
    tail -n 40 "$results/fuzz-$name.log"
  fi
}

# A whole run ends with four builds and the daemons' caches. On a machine that is thrown away, nothing that has been
# tested is kept.
tested() { # PRESET
  [[ -z ${PEELBOX_TEST_LEAN:-} ]] || rm -rf "build/$1"
}

empty_caches() { # nobody builds on the bed now
  scripts/testbed.sh reset >>build/testbed.log 2>&1 || { tail -n 30 build/testbed.log; fail "test bed reset"; }
}

warn_of_little_disk() {
  local free
  free=$(df --output=avail -B1000000000 . | tail -n 1)
  ((free >= 12)) || echo "test: only ${free} GB of disk are free here; the gate took 8, and builds that are kept take more"
}

jobs=$(nproc)
scripts/setup.sh || { echo "0 passed, 1 failed"; exit 1; }

if [[ $mode == all ]]; then
  # Downloads and the daemons' compilation run beside the first build.
  mkdir -p build
  warn_of_little_disk
  scripts/testbed.sh up >build/testbed.log 2>&1 &
  bed=$!
  trap 'scripts/testbed.sh down >>build/testbed.log 2>&1' EXIT
fi

if build release; then
  run_ctest unit build/release -j "$jobs" -LE 'integration|serial'
  run_ctest serial build/release -L 'serial'
else
  fail "release build"
fi

if [[ $mode == all ]]; then
  # Integration tests wait most of their time: what they leave of the processors compiles for the next stages.
  (
    renice -n 10 -p "$BASHPID" >/dev/null
    build asan
    made=$?
    scripts/testbed.sh cluster make >build/cluster.log 2>&1 # cluster up says what was wrong with it
    exit "$made"
  ) &
  asan=$!
  if wait "$bed"; then
    eval "$(scripts/testbed.sh env)"
    # Whole projects built from packages leave gigabytes in the daemons, so each second one goes first, then the others.
    for half in 1 2; do
      run_ctest "workflows-$half" build/release -j 2 -L integration -R '^test_detect[.]' -I "$half,,2"
      empty_caches
    done
    run_ctest integration build/release -j 2 -L integration -E '^test_detect[.]'
    empty_caches
  else
    tail -n 30 build/testbed.log
    fail "test bed"
  fi
  if wait "$asan"; then
    run_ctest asan build/asan -j "$jobs" -LE 'integration|serial|interop|structure|slow'
    if [[ -n ${PEELBOX_TB_DIR:-} ]]; then
      PEELBOX_BINARY=$PWD/build/asan/bin/peelbox run_ctest asan-integration build/release -j 2 -L sanitized
    fi
  else
    fail "asan build"
  fi
  tested asan
  # Pods are waited for most of the time.
  cluster=
  if [[ -n ${PEELBOX_TB_DIR:-} ]]; then
    scripts/cluster-tests.sh "${cluster_tests[@]}" >"$results/cluster.log" 2>&1 &
    cluster=$!
  fi
  if build tsan "${thread_programs[@]}"; then
    for program in "${thread_programs[@]}"; do run_gtest tsan "build/tsan/bin/$program"; done
  else
    fail "tsan build"
  fi
  tested tsan
  # clang with warnings as errors, and every fuzzer for a moment, so not optimized (preset fuzz is, for hunting). What they
  # found earlier is in the unit run.
  if build fuzz-gate; then
    for program in "$PWD"/build/fuzz-gate/bin/fuzz_*; do run_fuzzer "$program"; done
    printf '%-16s done (%ss)\n' fuzz "$SECONDS"
  else
    fail "clang build with fuzzers"
  fi
  if [[ -n $cluster ]]; then
    wait "$cluster"
    count_cluster $?
  fi
  trap - EXIT
  scripts/testbed.sh down >>build/testbed.log 2>&1 || fail "test bed shutdown"
fi

echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
