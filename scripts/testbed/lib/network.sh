# What the bed has outside its folder: bridges for the dockerds and the cluster, and control groups.
# shellcheck shell=bash

# One bridge for each dockerd, because each of them hands out addresses on its own. Neither touches the
# firewall or docker0.
start_network() {
  has_docker || return 0
  start_bridge "${bed_name}a" "$subnet.1/25"
  start_bridge "${bed_name}b" "$subnet.129/26"
  [ "$parts" != newest ] || start_bridge "${bed_name}c" "$subnet.193/26"
}

start_bridge() {
  local name=$1 address=$2 other
  if ! ip link show "$name" >/dev/null 2>&1; then
    other=$(ip -o route show root "$subnet.0/24" | head -n 1)
    [ -z "$other" ] || [[ $other == *" dev $bed_name"* ]] ||
      die "the network $subnet.0/24 is in use here ($other); choose another one: PEELBOX_TB_SUBNET=172.30.78"
    ip link add "$name" type bridge
  fi
  ip addr replace "$address" dev "$name"
  ip link set "$name" up
}

stop_network() {
  ip link del "${bed_name}a" 2>/dev/null || true
  ip link del "${bed_name}b" 2>/dev/null || true
  ip link del "${bed_name}c" 2>/dev/null || true
  ip link del "$bridge" 2>/dev/null || true
}

# Control groups of containers that were killed stay behind empty. Version 1 has one tree for each controller.
# remove_cgroups PATH
remove_cgroups() {
  local group
  for group in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}
