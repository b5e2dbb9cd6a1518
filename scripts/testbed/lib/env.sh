# What the bed tells others: addresses and states.
# shellcheck shell=bash

print_env() {
  load_settings
  [ -f "$settings_file" ] || die "the bed in $TB is not up; run scripts/testbed.sh up"
  export_line PEELBOX_TB_DIR "$TB"
  export_line PEELBOX_TB_BUILDKITD "unix://$TB/run/buildkitd.sock"
  export_line PEELBOX_TB_BUILDKITD_TCP "tcp://$buildkitd_tcp"
  export_line PEELBOX_TB_BUILDKITD_TLS "tcp://$buildkitd_tls"
  export_line PEELBOX_TB_CERTS "$TB/certs"
  export_line PEELBOX_TB_BUILDCTL "$TB/bin/buildctl"
  export_line PEELBOX_TB_REGISTRY "$registry"
  if [ -d "$cluster_dir" ]; then
    export_line PEELBOX_TB_CLUSTER "$api"
    export_line PEELBOX_TB_CLUSTER_REGISTRY "$cluster_registry"
    export_line PEELBOX_TB_KUBECONFIG "$cluster_dir/admin.kubeconfig"
    export_line PEELBOX_TB_KUBECTL "$TB/cluster-host/usr/bin/kubectl"
  fi
  has_docker || return 0
  export_line PEELBOX_TB_DOCKER "unix://$TB/run/dockerd.sock"
  export_line PEELBOX_TB_DOCKER_OLD "unix://$TB/run/dockerd-old.sock"
  export_line PEELBOX_TB_OLD_BUILDKITD "unix://$TB/run/old-buildkitd.sock"
  export_line PEELBOX_TB_DOCKER_CLI "$TB/bin/docker"
  [ "$parts" = newest ] || return 0
  export_line PEELBOX_TB_NEWEST_DOCKER "unix://$TB/run/dockerd-newest.sock"
  export_line PEELBOX_TB_NEWEST_DOCKER_CLI "$TB/bin/docker-newest"
}

export_line() { printf 'export %s=%q\n' "$1" "$2"; }

# Private daemons are listed, but a test's daemon that is down does not make the bed unhealthy.
print_status() {
  local wanted name pid state failed=0 service
  wanted=$(parts_of_argument "$@")
  load_settings
  printf '%-19s %-14s %-8s %s\n' NAME STATE PID ADDRESS
  for service in $(known_services "$wanted"); do
    state=up
    if ! pid=$(daemon_pid "$service"); then
      state=down pid=-
    elif ! probe "$service"; then
      state=unresponsive
    fi
    [ "$state" = up ] || failed=1
    printf '%-19s %-14s %-8s %s\n' "$service" "$state" "$pid" "$(address_of "$service")"
  done
  list_private | while read -r name pid address; do
    printf '%-19s %-14s %-8s %s\n' "$name" "$([ "$pid" = - ] && echo down || echo private)" "$pid" "$address"
  done
  return "$failed"
}
