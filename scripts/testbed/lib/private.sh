# `testbed.sh daemon`: private buildkitds for tests that stop, kill or overload one.
# shellcheck shell=bash

private_daemon() {
  local action=${1:-}
  [ $# -eq 0 ] || shift
  load_settings
  [ -f "$settings_file" ] || die "the bed is not up; run scripts/testbed.sh up core"
  case $action in
    start) start_private "$@" ;;
    stop) stop_private "$@" ;;
    kill) kill_private "$@" ;;
    pid) daemon_pid "$(private_name "$@")" || die "no private daemon '$1' is running" ;;
    list) list_private ;;
    *) die "daemon takes start, stop, kill, pid or list; see scripts/testbed.sh help" ;;
  esac
}

private_name() {
  [ $# -eq 1 ] || die "one NAME is needed"
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$ ]] ||
    die "a daemon's NAME is up to 32 letters, digits, dots, dashes and underscores, not '$1'"
  echo "daemon-$1"
}

lock_private() {
  lock_shared
  exec {private_lock}>"$TB/run/$1.lock"
  flock "$private_lock"
}

start_private() {
  local name service flags=() command=()
  [ $# -ge 1 ] || die "daemon start needs a NAME"
  name=$1
  service=$(private_name "$name")
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --addr | --tls-addr)
        [ $# -ge 2 ] || die "$1 needs an address, such as tcp://127.0.0.1:0"
        [ "$1" = --addr ] && flags+=(-addr "$2") || flags+=(-tlsaddr "$2")
        shift 2
        ;;
      --)
        shift
        flags+=("$@")
        break
        ;;
      *) die "daemon start: unknown argument '$1'" ;;
    esac
  done
  lock_private "$service"
  if is_running "$service"; then
    say "private daemon $name runs already"
  else
    [[ " ${flags[*]-} " == *addr* ]] || flags+=(-addr "unix://$TB/run/$service.sock")
    buildkitd_command "$service" "$TB/state/daemons/$name" "${flags[@]}"
    rm -f "$TB/run/$service.addresses"
    launch "$service" "${command[@]}"
    await_private "$service"
  fi
  cat "$TB/run/$service.addresses"
}

# It writes its addresses once it serves them.
await_private() {
  local end=$((SECONDS + 30))
  until [ -s "$TB/run/$1.addresses" ]; do
    is_running "$1" || fail_service "$1" "ended while starting"
    ((SECONDS < end)) || fail_service "$1" "is not ready after 30 s"
    sleep 0.02
  done
}

stop_private() {
  local keep='' service
  if [ "${1:-}" = --keep ]; then
    keep=yes
    shift
  fi
  service=$(private_name "$@")
  lock_private "$service"
  request_stop "$service"
  await_stop "$service" 10
  remove_cgroups "$bed_name/$service"
  rm -f "$TB/run/$service.addresses" "$TB/run/$service.sock"
  if [ -z "$keep" ]; then
    rm -f "$TB/log/$service.log"
    discard "$TB/state/daemons/$1"
  fi
}

kill_private() {
  local service
  service=$(private_name "$@")
  lock_private "$service"
  is_running "$service" || die "no private daemon '$1' is running"
  force_stop "$service"
  rm -f "$TB/run/$service.pid"
}

list_private() {
  local file name
  for file in "$TB"/run/daemon-*.addresses; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .addresses)
    printf '%s %s %s\n' "${name#daemon-}" "$(daemon_pid "$name" || echo -)" "$(paste -sd' ' "$file")"
  done
}
