# Starting and ending daemons by process id, without ever mistaking a foreign process for one of ours.
# shellcheck shell=bash

# stat_fields PID: the fields of /proc/PID/stat from the state on. The command name before them is in parentheses
# and may itself contain spaces and parentheses.
stat_fields() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  echo "${stat##*) }"
}

# A process id alone is reused sooner or later; with its start time and the boot it belongs to it is unique.
# (No process substitution in here: become_daemon would leave its zombie to the daemon's `unshare` as the first child.)
identity() {
  local stat fields
  stat=$(stat_fields "$1") || return 1
  read -ra fields <<<"$stat"
  [ "${fields[0]}" != Z ] || return 1
  echo "$1 ${fields[19]} $(</proc/sys/kernel/random/boot_id)"
}

# lives IDENTITY: whether that very process is still there.
lives() { [ -n "$1" ] && [ "$(identity "${1%% *}")" = "$1" ]; }

# await_end SECONDS IDENTITY...: fails if one of them is still there after that time.
await_end() {
  local tries=$(($1 * 40)) process
  shift
  for process in "$@"; do
    while lives "$process"; do
      ((tries-- > 0)) || return 1
      sleep 0.025
    done
  done
}

# recorded NAME: the identity in run/NAME.pid if that very process still lives.
recorded() {
  local process
  process=$(cat "$TB/run/$1.pid" 2>/dev/null) && lives "$process" || return 1
  echo "$process"
}

is_running() { recorded "$1" >/dev/null; }

# daemon_pid NAME: the daemon itself, below the `unshare` that watches over its namespaces and the `tini` in them.
daemon_pid() {
  local pid
  pid=$(recorded "$1") || return 1
  pid=${pid%% *}
  while [[ $(cat "/proc/$pid/comm" 2>/dev/null) == @(unshare|tini) ]]; do
    pid=$(cut -d' ' -f1 "/proc/$pid/task/$pid/children" 2>/dev/null)
    [ -n "$pid" ] || return 1
  done
  echo "$pid"
}

# launch NAME COMMAND...: start a daemon in a session of its own, with its output in log/NAME.log.
launch() {
  local name=$1 tries=200
  shift
  rm -f "$TB/run/$name.pid"
  # In the background of a subshell that ends at once: the daemon is no child of ours, and Ctrl-C spares it.
  (become_daemon "$name" "$@" &)
  until [ -s "$TB/run/$name.pid" ] || ((tries-- == 0)); do
    sleep 0.01
  done
}

become_daemon() {
  local name=$1
  shift
  detach "$TB/log/$name.log"
  printf '\n== %s starts: %s\n' "$(date '+%F %T')" "$*"
  # Written by the process itself before it turns into the daemon: there is no moment without a pid file.
  identity "$BASHPID" >"$TB/run/$name.pid.new"
  mv "$TB/run/$name.pid.new" "$TB/run/$name.pid"
  # A clean environment, so that nobody's DOCKER_HOST or proxy leaks in; the owner is for kill_strays.
  exec setsid env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    "PEELBOX_TB_OWNER=$TB" \
    "HTTP_PROXY=http://$registry_proxy" "HTTPS_PROXY=http://$registry_proxy" NO_PROXY=localhost,127.0.0.1 \
    "$@"
}

# detach LOG: keep neither the lock nor a pipe of our caller open.
detach() {
  local fd
  for fd in /proc/"$BASHPID"/fd/*; do
    fd=${fd##*/}
    ((fd <= 2)) || eval "exec $fd>&-"
  done
  exec </dev/null >>"$1" 2>&1
}

# discard FOLDER: gone at once; the deleting, which takes many seconds for a used build cache, goes on behind our back.
discard() {
  [ -d "$1" ] || return 0
  mkdir -p "$TB/trash"
  mv "$1" "$(mktemp -d "$TB/trash/XXXXXX")"
  (detach "$TB/log/discard.log" && exec setsid nice rm -rf "$TB"/trash/* &)
}

# request_stop NAME: ask it to end, and do not wait.
request_stop() {
  local pid
  pid=$(daemon_pid "$1") || return 0
  kill -TERM "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true # in case a test left it stopped
}

# await_stop NAME SECONDS: wait for it to end; past the time, kill it.
await_stop() {
  local name=$1 process
  process=$(recorded "$name") || process=
  if ! await_end "$2" "$process"; then
    say "$name did not end within $2 s, killing it"
    force_stop "$name"
  fi
  rm -f "$TB/run/$name.pid" "$TB/run/$name.spec"
}

# force_stop NAME: SIGKILL. The process 1 of its namespace dies with the recorded process (--kill-child), and when that
# is gone the kernel ends all others in there.
force_stop() {
  local process daemon
  process=$(recorded "$1") || return 0
  # Waited for as well: it holds its ports and database locks until it is gone itself.
  daemon=$(identity "$(daemon_pid "$1")") || daemon=
  kill -KILL "${process%% *}" 2>/dev/null || true
  await_end 15 "$process" "$daemon" || die "$1 (process ${process%% *}) does not end, even by SIGKILL"
}

# What no pid file tells of, for instance because the folder was deleted while the bed ran.
kill_strays() {
  local pid process strays=()
  while read -r pid; do
    process=$(identity "$pid") || continue
    strays+=("$process")
    kill -KILL "$pid" 2>/dev/null || true
  done < <(grep -lsxzF "PEELBOX_TB_OWNER=$TB" /proc/[0-9]*/environ | cut -d/ -f3)
  await_end 15 ${strays[@]+"${strays[@]}"} || die "a leftover process of $TB does not end, even by SIGKILL"
}

# require_free_port ADDRESS: die unless nobody listens there. Called only when our own daemon does not run.
require_free_port() {
  local port=${1##*:} host=${1#tcp://} line pid
  # Of the same port at other addresses nobody is in the way.
  line=$(ss -Hltnp "sport = :$port" | awk -v host="${host%:*}" '
    { at = $4; sub(/:[0-9]+$/, "", at); sub(/%.*/, "", at) } at == host || at == "0.0.0.0" || at == "*" || at == "[::]"')
  [ -n "$line" ] || return 0
  pid=$(sed -n '1s/.*pid=\([0-9]*\).*/\1/p' <<<"$line")
  local who='a process that cannot be named'
  [ -z "$pid" ] || who="process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100))"
  die "port $port is taken by $who, which is not part of this bed.
  If it is the bed of another checkout, use that one: PEELBOX_TESTBED_DIR=<its build/testbed>.
  Otherwise choose other ports: PEELBOX_TB_PORT_BASE=$((port_base + 1000)) scripts/testbed.sh up"
}
