#!/usr/bin/env bash
# Real daemons for the tests, from Debian packages alone. See docs/testbed.md.
# Check with: shellcheck --external-sources --check-sourced scripts/testbed.sh
# shellcheck source-path=SCRIPTDIR/testbed
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/testbed
. "$here/lib/common.sh"
. "$here/lib/settings.sh"
. "$here/lib/process.sh"
. "$here/lib/packages.sh"
. "$here/lib/build.sh"
. "$here/lib/roots.sh"
. "$here/lib/network.sh"
. "$here/lib/services.sh"
. "$here/lib/private.sh"
. "$here/lib/cluster_program.sh"
. "$here/lib/cluster.sh"
. "$here/lib/images.sh"
. "$here/lib/env.sh"

usage() {
  cat <<'TEXT'
usage: scripts/testbed.sh COMMAND

  up [core|newest]    make what is missing and start everything
                      (core: registry, images, buildkitd and buildctl, no dockerd;
                      newest: also Debian sid's Docker, to measure beside; no test needs it)
  down                stop everything; downloads, builds and caches stay
  status [core]       a table of the daemons; exit status 0 only if all of them answer
  env                 shell export lines with the addresses:  eval "$(scripts/testbed.sh env)"
  reset               start the daemons again with empty caches; the registry keeps its images
  smoke               a short build against every daemon of a running bed
  clean               down, then delete the bed's folder

  daemon start NAME [--addr ADDR]... [--tls-addr ADDR]... [-- BUILDKITD-FLAG...]
                      a private buildkitd with a state of its own; prints its addresses
  daemon stop [--keep] NAME    end it gently and delete its state (--keep: keep the state)
  daemon kill NAME    end it with SIGKILL; its state stays, as after a crash
  daemon pid NAME     the process id of the buildkitd itself, for SIGSTOP and the like
  daemon list         name, process id and addresses of the private daemons

  cluster make        compile its program, if nobody of this user has (minutes), and start nothing
  cluster up          a Kubernetes of two nodes beside a bed that is up; its first start compiles it (minutes)
  cluster down        end it; the compiled program stays
  cluster stop PART   end one part gently (kill: with SIGKILL); cluster up starts it again with what it knew
  cluster kubeconfig NAMESPACE ACCOUNT    credentials of a service account, on standard output

environment:
  PEELBOX_TESTBED_DIR     the bed's folder (default: build/testbed of this checkout)
  PEELBOX_TB_PORT_BASE    first of the eight loopback ports (default: 27510, or the next ten that are free)
  PEELBOX_TESTBED_CACHE   where the compiled Kubernetes is kept for all beds (default: ~/.cache/peelbox-testbed)
  PEELBOX_TB_SUBNET       first three numbers of the dockerds' bridge networks
                          (default: 172.30.77, or the next that is free)
TEXT
}

parts_of_argument() {
  case "$*" in
    '' | all) echo all ;;
    core | newest) echo "$*" ;;
    *) die "the bed's parts are 'core', 'newest' or, without a word, all; not '$*'" ;;
  esac
}

# A bed that runs in full is not reduced by a later `up core`.
larger_of() {
  local part
  for part in newest all core; do
    [[ " $1 $2 " != *" $part "* ]] || break
  done
  echo "$part"
}

up() {
  local wanted
  wanted=$(parts_of_argument "$@")
  require_debian
  make_bed_dir
  lock_exclusive
  load_settings
  [ -f "$settings_file" ] || kill_strays # the folder of a running bed may have been deleted
  if other_settings_wanted; then
    say "other addresses are wanted: stopping what runs"
    stop_bed
    load_settings
  fi
  parts=$(larger_of "$parts" "$wanted")

  install_host_packages
  fetch_packages
  make_artefacts
  choose_addresses
  require_free_ports
  save_settings
  start_network
  start_services
  release_addresses
  push_images
  say "up (${parts}): $TB"
}

down() {
  [ ! -d "$TB" ] || lock_exclusive # without the folder there may still be processes
  load_settings
  stop_bed
  say "down"
}

stop_bed() {
  stop_everything
  forget_cluster
  stop_network
  remove_cgroups "$bed_name"
  rm -f "$settings_file"
}

reset() {
  [ ! -d "$TB" ] || lock_exclusive
  load_settings
  [ -f "$settings_file" ] || die "the bed in $TB is not up; run scripts/testbed.sh up"
  restart_empty
  say "up with empty caches"
}

clean() {
  [ ! -d "$TB" ] || [ -e "$TB/$marker" ] || die "$TB was not made by testbed.sh (no $marker in it); not deleting it"
  down
  rm -rf --one-file-system "$TB"
}

main() {
  local verb=${1:-help}
  [ $# -eq 0 ] || shift
  case $verb in up | down | reset | clean | daemon | cluster) require_root ;; esac
  case $verb in
    up) up "$@" ;;
    down) down ;;
    status) print_status "$@" ;;
    env) print_env ;;
    reset) reset ;;
    smoke) exec "$here/smoke.sh" ;;
    clean) clean ;;
    daemon) private_daemon "$@" ;;
    cluster) cluster "$@" ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
