# The daemons of a cluster in one binary, compiled from Debian 12's source package. It takes minutes, so it is kept in
# a folder of the user and shared by all beds; its name there is a hash of what it is made from.
# shellcheck shell=bash

kubernetes_version=1.20.2
kubernetes_source='kubernetes_1.20.5+really1.20.2.orig.tar.gz'
kubernetes_sum=b83c0780efb182d928dc63d46488a847f161f04e40a94b96bf5247dd671ecdfc
kubernetes_go='golang-1.24-go golang-1.24-src'

kept_program() {
  local key
  key=$(fingerprint "$here/cluster/main.go" <(declare -f compile_kubernetes) <(echo "$kubernetes_sum $kubernetes_go"))
  echo "${PEELBOX_TESTBED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/peelbox-testbed}/kubernetes-$key"
}

# keep_kubernetes: the kept binary is there, after compiling it if need be. The bed may be used and reset meanwhile.
keep_kubernetes() {
  local kept program_lock
  kept=$(kept_program)
  mkdir -p "${kept%/*}"
  exec {program_lock}>"$kept.lock"
  flock --nonblock "$program_lock" || {
    say "waiting for another bed that compiles Kubernetes"
    flock "$program_lock"
  }
  if ! program_is_whole "$kept"; then
    require_room "${kept%/*}" 1
    require_room "$TB" 6
    require_memory 3
    step cluster-program "Kubernetes $kubernetes_version compiled, kept in $kept" compile_and_keep "$kept"
  fi
  exec {program_lock}>&-
}

# make_kubernetes: $TB/roots/cluster-node/usr/bin/kubernetes, from the kept binary.
make_kubernetes() {
  local kept
  keep_kubernetes
  kept=$(kept_program)
  if ! cmp -s "$kept/kubernetes" "$TB/roots/cluster-node/usr/bin/kubernetes"; then
    cp "$kept/kubernetes" "$TB/roots/cluster-node/usr/bin/kubernetes.new"
    # By rename, because a running daemon's file cannot be written to.
    mv -f "$TB/roots/cluster-node/usr/bin/kubernetes.new" "$TB/roots/cluster-node/usr/bin/kubernetes"
  fi
}

# A file that a full disk or a power cut has shortened is made again.
program_is_whole() { (cd "$1" 2>/dev/null && sha256sum --quiet --check SHA256SUMS >/dev/null 2>&1); }

require_room() { # FOLDER GIGABYTES
  local free
  free=$(df --output=avail -B1000000000 "$1" | tail -n 1)
  ((free >= $2)) || die "compiling Kubernetes needs $2 GB in $1, and ${free// /} GB are free"
}

require_memory() { # GIGABYTES: the linker takes most of it
  local free
  free=$(awk '$1 == "MemAvailable:" { print int($2 / 1000000) }' /proc/meminfo)
  ((free >= $1)) || die "compiling Kubernetes needs $1 GB of memory, and $free GB are available"
}

compile_and_keep() {
  local kept=$1 work=$TB/kubernetes
  rm -rf "$work" "$kept.new"
  mkdir -p "$work" "$kept.new"
  fetch_kubernetes "$work"
  compile_kubernetes "$work"
  mv "$work/kubernetes" "$kept.new/"
  (cd "$kept.new" && sha256sum kubernetes >SHA256SUMS)
  sync -f "$kept.new"
  rm -rf "$kept"
  mv "$kept.new" "$kept"
  # Gigabytes of sources and compiled packages.
  rm -rf "$work"
}

# apt-helper, because a private tree has no source packages; it knows the host's proxy and login settings.
fetch_kubernetes() {
  local work=$1 mirror names
  mirror=$(debian_mirror)
  read -ra names <<<"$kubernetes_go"
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file \
    "${mirror%/}/pool/main/k/kubernetes/$kubernetes_source" "$work/source.tar.gz" "SHA256:$kubernetes_sum"
  mkdir -p "$work/debs"
  (cd "$work/debs" && private_apt trixie download "${names[@]}")
  extract "$work/go" "$work"/debs/*.deb
}

# Niced and with two processes at most. The source package leaves out the generated OpenAPI definitions, so the
# generator, which is in it, runs first.
compile_kubernetes() {
  local work=$1 tree=$1/path/src/k8s.io/kubernetes folders
  local component=k8s.io/kubernetes/vendor/k8s.io/component-base/version
  mkdir -p "$tree"
  tar -xzf "$work/source.tar.gz" -C "$tree" --strip-components=1
  mkdir -p "$tree/cmd/testbed"
  cp "$here/cluster/main.go" "$tree/cmd/testbed/"
  cd "$tree"
  GOROOT=$(echo "$work"/go/usr/lib/go-1.*)
  export GOROOT GOPATH=$work/path GOCACHE=$work/cache GO111MODULE=off GOTOOLCHAIN=local GOFLAGS=-trimpath CGO_ENABLED=0
  export PATH=$GOROOT/bin:$PATH
  renice -n 10 -p "$BASHPID" >/dev/null
  go build -p 2 -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  folders=$(grep -RlZ --include='*.go' --exclude='*_test.go' --exclude='zz_generated*' \
    --exclude-dir={_examples,code-generator,sample-apiserver,kube-openapi,gengo} '+k8s:openapi-gen=' vendor/k8s.io pkg cmd |
    xargs -0 -n 1 dirname | sort -u | sed 's,^,k8s.io/kubernetes/,' | paste -sd,)
  "$work/openapi-gen" --logtostderr -i "$folders" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations"
  go build -p 2 -ldflags "-s -w -X $component.gitVersion=v$kubernetes_version -X $component.gitMajor=1 -X $component.gitMinor=20" \
    -o "$work/kubernetes" ./cmd/testbed
}
