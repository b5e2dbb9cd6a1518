# The dockerds run from trees of extracted packages, so that two releases of Docker fit beside what the host has.
# shellcheck shell=bash

# make_root NAME: roots/NAME from the packages of group NAME.
make_root() {
  local inputs
  inputs=$(fingerprint "$TB/stamps/fetch-$1" <(declare -f write_root link_busybox))
  is_made "root-$1" "$inputs" && return 0
  ! is_running "$1" || force_stop "$1" # it runs from the tree that is replaced now
  unmake "root-$1"
  step "root-$1" "root of $1 extracted" write_root "$1"
  set_made "root-$1" "$inputs"
}

write_root() {
  local root=$TB/roots/$1 debs=$TB/debs/$1
  rm -rf "$root"
  # base-files first: it brings the links /bin, /lib and so on that the others are extracted through.
  extract "$root" "$debs"/base-files_*.deb "$debs"/[!b]*.deb "$debs"/b[!a]*.deb
  link_busybox "$root"
  # Otherwise made by base-files' postinst. With a /var/run that stays, the next dockerd meets a docker.pid that says 1.
  rm -rf "$root/var/run"
  ln -s /run "$root/var/run"
  mkdir -p "$root"/{dev,etc/docker,proc,run,sys,tmp,var/lib/docker,"$TB/run"}
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo '127.0.0.1 localhost' >"$root/etc/hosts"
  cp /etc/resolv.conf "$root/etc/"
}

# A busybox command wherever the packages bring none of that name.
link_busybox() {
  local root=$1 name
  [ -e "$root/bin/busybox" ] || ln -s ../usr/bin/busybox "$root/bin/busybox"
  for name in $("$root/bin/busybox" --list); do
    [ -e "$root/bin/$name" ] || [ -e "$root/sbin/$name" ] || [ -e "$root/usr/bin/$name" ] ||
      [ -e "$root/usr/sbin/$name" ] || ln -s busybox "$root/bin/$name"
  done
}

# The docker command line needs nothing newer than the host's C library, so it runs on the host, with the host's
# files as build contexts. Its configuration is the bed's own.
# write_docker_wrapper NAME ENGINE CONFIG
write_docker_wrapper() {
  local name=$1 engine=$2 root=$TB/roots/$2 config=$3
  mkdir -p "$config/cli-plugins"
  ln -sfn "$root/usr/libexec/docker/cli-plugins/docker-buildx" "$config/cli-plugins/docker-buildx"
  cat >"$TB/bin/$name.new" <<TEXT
#!/bin/sh
# The docker command line of the test bed; -H or DOCKER_HOST choose another daemon.
export DOCKER_CONFIG="\${PEELBOX_TB_DOCKER_CONFIG:-$config}"
export DOCKER_HOST="\${DOCKER_HOST:-unix://$TB/run/$engine.sock}"
exec $root/usr/bin/docker "\$@"
TEXT
  chmod +x "$TB/bin/$name.new"
  mv "$TB/bin/$name.new" "$TB/bin/$name"
}
