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
identity() {
  local -a fields
  read -ra fields < <(stat_fields "$1") || return 1
  [ "${fields[0]}" != Z ] || return 1
  echo "$1 ${fields[19]} $(</proc/sys/kernel/random/boot_id)"
}

# recorded_pid NAME: the process id in run/NAME.pid if that very process still lives.
recorded_pid() {
  local recorded
  recorded=$(cat "$TB/run/$1.pid" 2>/dev/null) || return 1
  [ -n "$recorded" ] && [ "$recorded" = "$(identity "${recorded%% *}")" ] || return 1
  echo "${recorded%% *}"
}

# daemon_pid NAME: the daemon itself, below the `unshare` that watches over its namespaces and the `tini` in them.
daemon_pid() {
  local pid
  pid=$(recorded_pid "$1") || return 1
  while [[ $(cat "/proc/$pid/comm" 2>/dev/null) == @(unshare|tini) ]]; do
    pid=$(cut -d' ' -f1 "/proc/$pid/task/$pid/children" 2>/dev/null)
    [ -n "$pid" ] || return 1
  done
  echo "$pid"
}

is_running() { recorded_pid "$1" >/dev/null; }

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
  local name=$1 fd
  shift
  # The daemon must not keep the lock or a pipe of our caller open.
  for fd in /proc/"$BASHPID"/fd/*; do
    fd=${fd##*/}
    ((fd <= 2)) || eval "exec $fd>&-"
  done
  exec </dev/null >>"$TB/log/$name.log" 2>&1
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

# request_stop NAME: ask it to end, and do not wait.
request_stop() {
  local pid
  pid=$(daemon_pid "$1") || return 0
  kill -TERM "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true # in case a test left it stopped
}

# await_stop NAME SECONDS: wait for it to end; past the time, kill it.
await_stop() {
  local name=$1 pid tries=$(($2 * 20))
  while is_running "$name" && ((tries-- > 0)); do
    sleep 0.05
  done
  if pid=$(recorded_pid "$name"); then
    say "$name did not end within $2 s, killing it"
    force_stop "$name"
  fi
  rm -f "$TB/run/$name.pid" "$TB/run/$name.spec"
}

# force_stop NAME: SIGKILL. The process 1 of its namespace dies with the recorded process (--kill-child), and when that
# is gone the kernel ends all others in there.
force_stop() {
  local pid daemon
  pid=$(recorded_pid "$1") || return 0
  daemon=$(identity "$(daemon_pid "$1")") || daemon=
  kill -KILL "$pid" 2>/dev/null || true
  # The daemon holds its ports and database locks until it is gone itself.
  while is_running "$1" || [[ -n $daemon && $(identity "${daemon%% *}") == "$daemon" ]]; do
    sleep 0.02
  done
}

# What no pid file tells of, for instance because the folder was deleted while the bed ran.
kill_strays() {
  local pid strays
  strays=$(grep -lsxzF "PEELBOX_TB_OWNER=$TB" /proc/[0-9]*/environ | cut -d/ -f3) || true
  for pid in $strays; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  for pid in $strays; do
    while identity "$pid" >/dev/null; do
      sleep 0.02
    done
  done
}

# require_free_port ADDRESS: die unless nobody listens there. Called only when our own daemon does not run.
require_free_port() {
  local port=${1##*:} line pid
  line=$(ss -Hltnp "sport = :$port")
  [ -n "$line" ] || return 0
  pid=$(sed -n '1s/.*pid=\([0-9]*\).*/\1/p' <<<"$line")
  local who='a process that cannot be named'
  [ -z "$pid" ] || who="process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100))"
  die "port $port is taken by $who, which is not part of this bed.
  If it is the bed of another checkout, use that one: PEELBOX_TESTBED_DIR=<its build/testbed>.
  Otherwise choose four other ports: PEELBOX_TB_PORT_BASE=$((port_base + 1000)) scripts/testbed.sh up"
}
