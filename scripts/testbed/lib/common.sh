# Messages, steps with a log of their own, parallel steps, and stamps that say what is already made.
# shellcheck shell=bash

say() { printf 'testbed: %3ss  %s\n' "$SECONDS" "$*" >&2; }

die() {
  printf 'testbed: error: %s\n' "$*" >&2
  exit 1
}

# step NAME TITLE COMMAND...: run COMMAND with its output in log/NAME.log; on failure show the end of it.
step() {
  local log=$TB/log/$1.log title=$2 began=$SECONDS
  shift 2
  # In the background and waited for, because bash ignores `set -e` inside a function called under `||`.
  "$@" >"$log" 2>&1 </dev/null &
  if ! wait $!; then
    {
      printf 'testbed: error: failed: %s\ntestbed: the log is %s; it ends with:\n' "$title" "$log"
      tail -n 15 "$log" | sed 's/^/  | /'
    } >&2
    return 1
  fi
  say "$title ($((SECONDS - began))s)"
}

# wait_all PID...: wait for all of them, then fail if one failed.
wait_all() {
  local pid failed=0
  for pid in "$@"; do
    wait "$pid" || failed=1
  done
  return "$failed"
}

# Ctrl-C must not leave compilers and downloads behind; bash starts background commands with SIGINT ignored.
kill_descendants() {
  local child
  # shellcheck disable=SC2013  # words, not lines
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
    kill_descendants "$child"
    kill "$child" 2>/dev/null || true
  done
}
trap 'kill_descendants $$; exit 130' INT
trap 'kill_descendants $$; exit 143' TERM

# Stamps. A stage is made again when what it is made from has changed, and never trusted half-made:
# the stamp is written last, after the files have reached the disk. The functions that make it count among what it is
# made from, as `declare -f` shows them, so that a changed comment costs nothing.
fingerprint() { cat "$@" | sha256sum | cut -c1-32; }
is_made() { [ -f "$TB/stamps/$1" ] && [ "$(<"$TB/stamps/$1")" = "$2" ]; }
unmake() { rm -f "$TB/stamps/$1"; }
set_made() {
  sync -f "$TB"
  printf '%s\n' "$2" >"$TB/stamps/$1"
}
