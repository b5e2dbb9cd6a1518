# The images in the registry. All are built by the bed's own buildkitd from the downloaded packages.
# shellcheck shell=bash

push_images() {
  local pids=()
  # busybox first, because the others start from it; the Debian images form a chain of their own.
  push_debian_images &
  pids+=($!)
  push_busybox_images &
  pids+=($!)
  await_docker_services
  wait_all "${pids[@]}" || die "could not make the images"
}

push_busybox_images() {
  local host=(host="$TB/host/bin") bin=(bin="$TB/bin") stage
  stage=$(fingerprint "$TB/stamps/host")
  push_image busybox library/busybox:latest "$stage" "${host[@]}"
  push_image scanner docker/buildkit-syft-scanner:stable-1 "$stage"
  push_image wolfi-base chainguard/wolfi-base:latest "$stage"
  # The other two that a build plan for Wolfi starts from: busybox under other names.
  push_image busybox chainguard/busybox:latest "$stage" "${host[@]}"
  push_image busybox chainguard/glibc-dynamic:latest "$stage" "${host[@]}"
  push_image frontend docker/dockerfile:1 "$(fingerprint "$TB/stamps/programs")" "${bin[@]}"
}

push_debian_images() {
  local stage
  stage=$(fingerprint "$TB/stamps/fetch-images")
  if ! image_is_there debian peelbox/debian:12 "$stage"; then
    step image-tree "base packages unpacked" write_base_tree
    push_image debian peelbox/debian:12 "$stage" debs="$TB/debs/image-base" context="$TB/image-tree" MIRROR="$(debian_mirror)"
    rm -rf "$TB/image-tree"
  fi
  push_image buildkit moby/buildkit:buildx-stable-1 "$stage$(fingerprint "$TB"/stamps/{programs,host})" \
    bin="$TB/bin" host="$TB/host/usr/sbin"
  push_image debian-build peelbox/debian-build:12 "$stage" debs="$TB/debs/image-build"
}

# Debian's directories /bin, /lib and so on are links into /usr; they must be there before anything is unpacked.
write_base_tree() {
  local tree=$TB/image-tree/root name
  rm -rf "$TB/image-tree"
  for name in bin lib lib64 sbin; do
    mkdir -p "$tree/usr/$name"
    ln -s "usr/$name" "$tree/$name"
  done
  extract "$tree" "$TB"/debs/image-base/*.deb
  tar -C "$tree" -cf "$TB/image-tree/unpacked.tar" .
  rm -rf "$tree"
}

image_stamp() { echo "image-$(tr '/:' '--' <<<"$1")"; }
image_inputs() { fingerprint <(find "$here/images/$1" -type f -exec cat {} +) <(echo "$2"); }

# A stamp is not enough: the registry's own folder may be gone, or a test may have deleted the image.
image_is_there() {
  is_made "$(image_stamp "$2")" "$(image_inputs "$1" "$3")" &&
    quiet_curl -I "http://$registry/v2/${2%:*}/manifests/${2##*:}" \
      -H 'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'
}

# push_image DIR NAME STAGE [CONTEXT=FOLDER | MIRROR=URL]...: build images/DIR and push it as NAME. STAGE stands for
# what it is made from besides images/DIR. The context named `context` replaces images/DIR as the build context.
push_image() {
  local dir=$1 name=$2 stage=$3 stamp extra flags=(--local "dockerfile=$here/images/$1") context=$here/images/$1
  shift 3
  ! image_is_there "$dir" "$name" "$stage" || return 0
  stamp=$(image_stamp "$name")
  unmake "$stamp"
  for extra in "$@"; do
    case $extra in
      MIRROR=*) flags+=(--opt "build-arg:$extra") ;;
      context=*) context=${extra#*=} ;;
      *) flags+=(--opt "context:${extra%%=*}=local:${extra%%=*}" --local "$extra") ;;
    esac
  done
  step "$stamp" "image $name" "$TB/bin/buildctl" --addr "unix://$TB/run/buildkitd.sock" build \
    --progress plain --frontend dockerfile.v0 --local "context=$context" "${flags[@]}" \
    --output "type=image,name=$registry/$name,push=true,compression=gzip,compression-level=1"
  set_made "$stamp" "$(image_inputs "$dir" "$stage")"
}
