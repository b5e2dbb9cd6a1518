# The shared daemons: how each is started, what its address is and how it answers.
# shellcheck shell=bash

core_services=(registry registry-proxy buildkitd)
docker_services=(dockerd dockerd-old old-buildkitd)
newest_services=(dockerd-newest)

# services PARTS: their names.
services() {
  printf '%s\n' "${core_services[@]}"
  case $1 in all | newest) printf '%s\n' "${docker_services[@]}" ;; esac
  [ "$1" != newest ] || printf '%s\n' "${newest_services[@]}"
}

# What `status` tells of: a cluster or a newest Docker that was started counts.
known_services() {
  if [ "$parts" = newest ] && [ "$1" = all ]; then services newest; else services "$1"; fi
  [ ! -d "$cluster_dir" ] || printf '%s\n' "${cluster_services[@]}"
}

address_of() {
  case $1 in
    cluster-*) cluster_address_of "$1" ;;
    registry) echo "$registry" ;;
    registry-proxy) echo "$registry_proxy" ;;
    buildkitd) echo "unix://$TB/run/buildkitd.sock tcp://$buildkitd_tcp tcp://$buildkitd_tls" ;;
    *) echo "unix://$TB/run/$1.sock" ;;
  esac
}

# probe NAME: whether it answers on every address.
probe() {
  local socket=$TB/run/$1.sock
  case $1 in
    cluster-*) cluster_probe "$1" ;;
    registry) quiet_curl "http://$registry/v2/" ;;
    registry-proxy) quiet_curl "http://$registry_proxy/health" ;;
    buildkitd)
      probe_buildkit --addr "unix://$socket" &&
        probe_buildkit --addr "tcp://$buildkitd_tcp" &&
        probe_buildkit --addr "tcp://$buildkitd_tls" --tlscacert "$TB/certs/ca.pem" \
          --tlscert "$TB/certs/client-cert.pem" --tlskey "$TB/certs/client-key.pem"
      ;;
    dockerd | dockerd-old | dockerd-newest) quiet_curl --unix-socket "$socket" http://docker/_ping ;;
    old-buildkitd) probe_buildkit --addr "unix://$socket" ;;
  esac
}

quiet_curl() { curl --noproxy '*' --max-time 5 -sf -o /dev/null "$@"; }
probe_buildkit() { timeout 5 "$TB/bin/buildctl" "$@" debug workers >/dev/null 2>&1; }

# command_of NAME: sets `command` to what starts it, after writing the files it reads.
command_of() {
  case $1 in
    cluster-*) cluster_command "$1" ;;
    registry) command=("$TB/host/usr/bin/docker-registry" serve "$TB/run/registry.yml") ;;
    registry-proxy) command=("$TB/bin/testbed-proxy" registry "$registry_proxy" "$registry" cgr.dev) ;;
    buildkitd)
      buildkitd_command buildkitd "$TB/state/buildkitd" \
        -addr "unix://$TB/run/buildkitd.sock" -addr "tcp://$buildkitd_tcp" -tlsaddr "tcp://$buildkitd_tls"
      ;;
    dockerd) dockerd_command dockerd "${bed_name}a" ;;
    dockerd-old) dockerd_command dockerd-old "${bed_name}b" ;;
    dockerd-newest) dockerd_command dockerd-newest "${bed_name}c" ;;
    old-buildkitd) command=("$TB/bin/testbed-proxy" grpc "$TB/run/dockerd-old.sock" "$TB/run/old-buildkitd.sock") ;;
  esac
}

# buildkitd_command NAME STATE FLAG...: in namespaces of its own, so that its mounts and children end with it.
buildkitd_command() {
  local name=$1 state=$2
  shift 2
  mkdir -p "$state"
  command=(unshare --mount --pid --fork --kill-child=KILL --mount-proc --propagation slave
    "$TB/bin/buildkitd" -config "$TB/run/buildkitd.toml" -root "$state" -runc "$TB/host/usr/sbin/runc"
    -snapshotter "$(snapshotter)" -cgroup-parent "$bed_name/$name" -address-file "$TB/run/$name.addresses"
    -allow-insecure-entitlement security.insecure -allow-insecure-entitlement network.host
    -tlscert "$TB/certs/server-cert.pem" -tlskey "$TB/certs/server-key.pem" -tlscacert "$TB/certs/ca.pem" "$@")
}

dockerd_command() {
  local name=$1 bridge=$2
  mkdir -p "$TB/state/$name"
  command=("$TB/bin/enter-root.sh" "$TB/roots/$name" "$TB/state/$name" "$TB/run"
    dockerd --config-file "$TB/run/$name.json" --host "unix://$TB/run/$name.sock" --group root
    --bridge "$bridge" --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
    --cgroup-parent "/$bed_name/$name" --shutdown-timeout 2)
}

# overlayfs does not work on top of overlayfs, that is in most containers.
snapshotter() {
  local try
  try=$(mktemp -d "$TB/state/overlay.XXXXXX")
  mkdir -p "$try"/{lower,upper,work,merged}
  if unshare --mount mount -t overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" \
    overlay "$try/merged" 2>/dev/null; then
    echo overlayfs
  else
    echo native
  fi
  rm -rf "$try"
}

write_service_files() {
  # In the bed, so that checkouts that share a bed do not restart each other's daemons.
  install "$here/enter-root.sh" "$TB/bin/"
  cat >"$TB/run/registry.yml" <<TEXT
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $TB/state/registry}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}}
http: {addr: "$registry"}
TEXT
  cat >"$TB/run/buildkitd.toml" <<TEXT
[registry."docker.io"]
  mirrors = ["$registry"]
[registry."cgr.dev"]
  mirrors = ["$registry"]
TEXT
  local driver=''
  [ "$(snapshotter)" = overlayfs ] || driver=native
  cat >"$TB/run/dockerd.json" <<TEXT
{"registry-mirrors": ["http://$registry"], "insecure-registries": ["cgr.dev"],
 "features": {"containerd-snapshotter": true}${driver:+, "storage-driver": "native"}}
TEXT
  cp "$TB/run/dockerd.json" "$TB/run/dockerd-newest.json"
  cat >"$TB/run/dockerd-old.json" <<TEXT
{"registry-mirrors": ["http://$registry"], "insecure-registries": ["cgr.dev"]${driver:+, "storage-driver": "vfs"}}
TEXT
}

start_services() {
  local name
  write_service_files
  for name in $(services "$parts"); do
    start_service "$name"
  done
  for name in "${core_services[@]}"; do
    await_service "$name"
  done
}

# restart_empty: nothing that was built or pulled stays.
restart_empty() {
  local name building=()
  for name in $(services "$parts"); do
    [ ! -d "$TB/state/$name" ] || [ "$name" = registry ] || building+=("$name")
  done
  for name in "${building[@]}"; do request_stop "$name"; done
  for name in "${building[@]}"; do
    await_stop "$name" 15
    discard "$TB/state/$name"
  done
  start_services
  await_docker_services
}

await_docker_services() {
  local name
  has_docker || return 0
  for name in "${docker_services[@]}"; do
    await_service "$name"
  done
  [ "$parts" != newest ] || await_service dockerd-newest
}

require_free_ports() {
  local name
  for name in $(services "$parts"); do
    is_running "$name" || require_free_ports_of "$name"
  done
}

require_free_ports_of() {
  local address
  for address in $(address_of "$1"); do
    [[ $address == unix://* ]] || require_free_port "$address"
  done
}

# start_service NAME: leave it alone if it runs as it should; start it again if what it is made from has changed.
start_service() {
  local name=$1 command=() spec
  command_of "$name"
  spec=$({
    printf '%s\0' "${command[@]}"
    cat "$TB/run/$name".{yml,toml,json} "$TB/stamps/"{programs,host} "$TB/stamps/root-$name" 2>/dev/null || true
    [[ ${command[0]} != */enter-root.sh ]] || cat "${command[0]}"
  } | sha256sum)
  if is_running "$name"; then
    [ "$(cat "$TB/run/$name.spec" 2>/dev/null)" != "$spec" ] || return 0
    say "$name has changed, starting it again"
    request_stop "$name"
    await_stop "$name" 15
  fi
  require_free_ports_of "$name"
  launch "$name" "${command[@]}"
  echo "$spec" >"$TB/run/$name.spec"
}

# await_service NAME: until it answers. One that runs and does not answer (a test may have stopped it) is started again.
await_service() {
  local name=$1
  if ! answers_within "$name" 20; then
    is_running "$name" || fail_service "$name" "ended while starting"
    say "$name runs but does not answer, starting it again"
    force_stop "$name"
    start_service "$name"
    answers_within "$name" 30 || fail_service "$name" "does not answer"
  fi
}

answers_within() {
  local name=$1 end=$((SECONDS + $2))
  until probe "$name"; do
    is_running "$name" && ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

fail_service() {
  {
    printf 'testbed: error: %s %s; its log is %s and ends with:\n' "$1" "$2" "$TB/log/$1.log"
    tail -n 15 "$TB/log/$1.log" | sed 's/^/  | /'
  } >&2
  exit 1
}

# All at once, since a dockerd takes a second or two; then whatever no pid file tells of.
stop_everything() {
  local file name names=()
  for file in "$TB"/run/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    names+=("$name")
    request_stop "$name"
  done
  for name in ${names[@]+"${names[@]}"}; do
    await_stop "$name" 15
  done
  kill_strays
  rm -f "$TB"/run/*.{sock,addresses,lock}
  discard "$TB/state/daemons"
}
