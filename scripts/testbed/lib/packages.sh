# Debian packages: a few installed on the host, the rest downloaded through private apt trees and only extracted.
# shellcheck shell=bash

require_root() { [ "$(id -u)" = 0 ] || die "the test bed needs root (mounts, namespaces, bridges)"; }

require_debian() {
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || die "the test bed is made for Debian 12 on amd64"
  grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || say "made for Debian 12; this machine is something else, good luck"
}

# Only what is missing, so that an ordinary `up` does not run apt at all.
install_host_packages() {
  local missing=()
  command -v curl >/dev/null || missing+=(curl)
  command -v openssl >/dev/null || missing+=(openssl)
  { command -v ip && command -v ss; } >/dev/null || missing+=(iproute2)
  command -v mount >/dev/null || missing+=(mount)
  command -v unshare >/dev/null || missing+=(util-linux)
  [ -e /usr/lib/x86_64-linux-gnu/libseccomp.so.2 ] || missing+=(libseccomp2) # runc
  [ "${#missing[@]}" -gt 0 ] || return 0
  step host-packages "installing ${missing[*]}" install_on_host "${missing[@]}"
}

install_on_host() {
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

# The archive that this machine already uses for Debian 12.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016  # apt's fields, not the shell's
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '($2 == "bookworm" || $2 == "stable") && $3 == "main" { print $1; exit }')
  [ -n "$mirror" ] || die "no Debian 12 archive in the apt sources of this machine"
  echo "$mirror"
}

# private_apt SUITE ARGS...: apt-get for any Debian suite in a tree of its own. The host's package lists and
# database are not touched; its proxy and login settings (apt.conf.d, auth.conf.d) still count.
private_apt() {
  local suite=$1 tree=$TB/apt/$1
  shift
  if [ ! -e "$tree/sources.list" ]; then
    mkdir -p "$tree/lists/partial" "$tree/archives/partial"
    : >"$tree/status"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
      "$(debian_mirror)" "$suite" >"$tree/sources.list"
  fi
  # Check-Valid-Until: the index of sid on a slow mirror may be past its date.
  apt-get -q -o Dir::Etc::sourcelist="$tree/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
    -o Dir::State="$tree" -o Dir::State::status="$tree/status" -o Dir::State::lists="$tree/lists" \
    -o Dir::Cache="$tree" -o Dir::Cache::archives="$tree/archives" \
    -o APT::Sandbox::User=root -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
    -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# Package lists are files packages/GROUP.SUITE: names to download as they stand, without dependencies.
package_names() { grep -vE '^(#|$)' "$1"; }

# fetch_packages: the groups that the wanted parts need, all suites side by side.
fetch_packages() {
  local pids=() groups_bookworm=(host images) groups_trixie=(go) groups_sid=(go-extra)
  if has_docker; then
    groups_bookworm+=(dockerd-old reach)
    groups_trixie+=(dockerd)
  fi
  fetch_suite bookworm "${groups_bookworm[@]}" &
  pids+=($!)
  fetch_suite trixie "${groups_trixie[@]}" &
  pids+=($!)
  [ "$parts" != newest ] || groups_sid+=(dockerd-newest)
  fetch_suite sid "${groups_sid[@]}" &
  pids+=($!)
  wait_all "${pids[@]}" || die "could not download the packages"
}

# fetch_suite SUITE GROUP...: what is not there yet.
fetch_suite() {
  local suite=$1 group inputs updated=''
  shift
  for group in "$@"; do
    inputs=$(fingerprint "$here/packages/$group.$suite" <(declare -f fetch_image_packages download_closure))
    is_made "fetch-$group" "$inputs" && continue
    unmake "fetch-$group"
    if [ -z "$updated" ]; then
      rm -f "$TB/apt/$suite/sources.list" # the machine may have another mirror by now
      step "fetch-$suite" "package lists of $suite" private_apt "$suite" update
      updated=yes
    fi
    if [ "$group" = images ]; then
      step fetch-images "packages for the Debian images" fetch_image_packages
    else
      step "fetch-$group" "packages for $group ($suite)" fetch_group "$group" "$suite"
    fi
    set_made "fetch-$group" "$inputs"
  done
}

fetch_group() {
  local dir=$TB/debs/$1 names
  mapfile -t names < <(package_names "$here/packages/$1.$2")
  rm -rf "$dir"
  mkdir -p "$dir"
  cd "$dir"
  private_apt "$2" download "${names[@]}"
}

# The packages of the Debian images with their dependencies: the base, and what the build image adds to it.
# usr-is-merged, because its alternative usrmerge would bring all of perl.
fetch_image_packages() {
  local base=$TB/debs/image-base build=$TB/debs/image-build extra deb
  mapfile -t extra < <(package_names "$here/packages/images.bookworm")
  rm -rf "$base" "$build"
  download_closure "$base" '?essential' apt usr-is-merged
  mkdir -p "$build"
  cp -l "$base"/*.deb "$build/" # so that they are not downloaded again
  download_closure "$build" '?essential' apt usr-is-merged "${extra[@]}"
  for deb in "$base"/*.deb; do
    rm "$build/${deb##*/}"
  done
}

download_closure() {
  local dir=$1
  shift
  mkdir -p "$dir/partial"
  private_apt bookworm -y --no-install-recommends -o Dir::Cache::archives="$dir" install --download-only "$@"
  rm -rf "$dir/partial" "$dir/lock"
}

# extract ROOT DEB...: unpack packages. Not `dpkg-deb -x`, which replaces a /lib symlink by a directory.
extract() {
  local root=$1 deb
  shift
  mkdir -p "$root"
  for deb in "$@"; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root"
  done
}

# The same with all processors, for many packages without links to mind.
extract_side_by_side() {
  local root=$1
  shift
  mkdir -p "$root"
  export -f extract
  printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -n 6 bash -euo pipefail -c 'extract "$@"' extract "$root"
}
