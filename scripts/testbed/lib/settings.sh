# Where the bed lives, its ports, and what the last `up` was asked for.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are used by the other parts

repo=$(dirname "$(dirname "$here")")
TB=$(readlink -m "${PEELBOX_TESTBED_DIR:-$repo/build/testbed}")
# A checkout may lie too deep for the sockets, or below an odd name; its bed then goes elsewhere, one per checkout.
if [[ -z ${PEELBOX_TESTBED_DIR:-} && ( ${#TB} -gt 66 || $TB == *[[:space:]:,]* ) ]]; then
  TB=/var/tmp/peelbox-testbed-$(printf %s "$repo" | cksum | cut -d' ' -f1)
fi
marker=.peelbox-testbed
settings_file=$TB/run/settings
# For what the whole machine sees (bridges, control groups): a name that no other bed has. 15 letters are the limit.
bed_name=pbtb$(sha256sum <<<"$TB" | cut -c1-8)

make_bed_dir() {
  # 108 bytes is the kernel's limit for the path of a unix socket; the longest name below run/ needs about 40.
  [ "${#TB}" -le 66 ] || die "the path $TB is too long for unix sockets below it; set PEELBOX_TESTBED_DIR to a shorter one"
  case $TB in *[[:space:]:,]*) die "the path $TB has a space, colon or comma in it; set PEELBOX_TESTBED_DIR to another one" ;; esac
  mkdir -p "$TB"/{apt,bin,debs,log,run,stamps,state}
  : >"$TB/$marker"
}

# The lock is held until this process ends. Daemons are started without it (see launch).
lock_exclusive() {
  exec {lock}>"$TB/lock"
  flock --nonblock "$lock" || {
    say "waiting for another testbed.sh"
    flock "$lock"
  }
}

# Private daemons may start and stop side by side, but not while up or down is at work.
lock_shared() {
  exec {lock}>"$TB/lock"
  flock --shared "$lock"
}

# What the bed was started with is written down, so that `env`, `down` and the others mean the same bed whatever their
# environment says; only the `up` of a bed that is down looks at the environment.
load_settings() {
  parts=none
  port_base=${PEELBOX_TB_PORT_BASE:-27510}
  subnet=${PEELBOX_TB_SUBNET:-172.30.77}
  if [ -f "$settings_file" ]; then
    read -r parts port_base subnet <"$settings_file"
  fi
  [[ $port_base =~ ^[1-9][0-9]{3,4}$ ]] || die "PEELBOX_TB_PORT_BASE must be a port number above 1000, not '$port_base'"
  [[ $subnet =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "PEELBOX_TB_SUBNET must look like 172.30.77, not '$subnet'"
  name_addresses
}

name_addresses() {
  registry=127.0.0.1:$port_base
  registry_proxy=127.0.0.1:$((port_base + 1))
  buildkitd_tcp=127.0.0.1:$((port_base + 2))
  buildkitd_tls=127.0.0.1:$((port_base + 3))
  name_cluster
}

# Beds of several checkouts may start side by side, so one that is down and was not told its addresses takes the first
# that are free. The lock, one for the machine, is held until they are in use.
choose_addresses() {
  [ ! -f "$settings_file" ] || return 0
  exec {addresses_lock}>/run/lock/peelbox-testbed
  flock "$addresses_lock"
  local i
  for i in {0..20}; do
    port_base=${PEELBOX_TB_PORT_BASE:-$((27510 + 10 * i))}
    subnet=${PEELBOX_TB_SUBNET:-172.30.$((77 + i))}
    name_addresses
    ! addresses_are_free || return 0
  done
  load_settings # what is in the way is told when they are used
}

addresses_are_free() {
  [ -z "$(ss -Hltn "sport >= :$port_base and sport <= :$((port_base + 3))")" ] || return 1
  [ -z "$(ip -o route show root "$subnet.0/24")" ]
}

release_addresses() {
  [ -z "${addresses_lock:-}" ] || exec {addresses_lock}>&-
}

# other_settings_wanted: whether the environment asks for other addresses than the bed was started with.
other_settings_wanted() {
  [ "${PEELBOX_TB_PORT_BASE:-$port_base}" != "$port_base" ] || [ "${PEELBOX_TB_SUBNET:-$subnet}" != "$subnet" ]
}

has_docker() { [ "$parts" = all ] || [ "$parts" = newest ]; }

save_settings() { printf '%s %s %s\n' "$parts" "$port_base" "$subnet" >"$settings_file"; }
