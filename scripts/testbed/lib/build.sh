# Making the programs, roots and certificates from the downloaded packages.
# shellcheck shell=bash

buildkit=github.com/moby/buildkit
buildkit_version=v0.13.2 # what Debian 13's golang-github-docker-docker-dev carries

# Everything that can be made side by side.
make_artefacts() {
  local pids=()
  make_programs &
  pids+=($!)
  make_certificates &
  pids+=($!)
  if has_docker; then
    make_root dockerd &
    pids+=($!)
    make_root dockerd-old &
    pids+=($!)
    make_reach_tools
  fi
  if [ "$parts" = newest ]; then
    make_root dockerd-newest &
    pids+=($!)
  fi
  make_host_tools
  wait_all "${pids[@]}" || die "could not make the bed"
  ! has_docker || write_docker_wrapper docker dockerd "$TB/docker-config"
  [ "$parts" != newest ] || write_docker_wrapper docker-newest dockerd-newest "$TB/docker-config-newest"
}

make_host_tools() {
  local inputs
  inputs=$(fingerprint "$TB/stamps/fetch-host")
  is_made host "$inputs" && return 0
  unmake host
  rm -rf "$TB/host"
  step host-tools "registry, runc and busybox extracted" extract "$TB/host" "$TB"/debs/host/*.deb
  set_made host "$inputs"
}

# Run where they were extracted, by tests that need them; nothing of it is a service.
make_reach_tools() {
  local inputs
  inputs=$(fingerprint "$TB/stamps/fetch-reach")
  is_made reach "$inputs" && return 0
  unmake reach
  rm -rf "$TB/reach"
  step reach-tools "sshd and rootlesskit extracted" extract "$TB/reach" "$TB"/debs/reach/*.deb
  set_made reach "$inputs"
}

make_programs() {
  local inputs
  inputs=$(fingerprint "$TB"/stamps/fetch-go* "$here"/{buildkitd,proxy}/* <(declare -f compile_programs))
  is_made programs "$inputs" && return 0
  unmake programs
  step programs "buildkitd, buildctl, dockerfile-frontend and testbed-proxy compiled" compile_programs
  set_made programs "$inputs"
}

# Debian's go is a static binary: it runs from where it was extracted, without being installed.
compile_programs() {
  local tree=$TB/go path=$TB/gopath
  rm -rf "$tree" "$path" "$TB/bin.new"
  mkdir -p "$path/src/testbed" "$TB/bin.new"
  extract_side_by_side "$tree" "$TB"/debs/go/*.deb "$TB"/debs/go-extra/*.deb
  # In GOPATH mode this maps import paths that end in a major version (".../v22") to Debian's directories.
  echo "module $buildkit" >"$tree/usr/share/gocode/src/$buildkit/go.mod"
  cp -r "$here/buildkitd" "$path/src/testbed/"
  cp -r "$here/proxy" "$path/src/testbed/testbed-proxy"
  # dfrunsecurity: RUN --security=insecure in Dockerfiles.
  nice env GOROOT="$(echo "$tree"/usr/lib/go-1.*)" GOPATH="$path:$tree/usr/share/gocode" GOCACHE="$TB/gocache" \
    GO111MODULE=off GOTOOLCHAIN=local GOFLAGS=-trimpath CGO_ENABLED=0 \
    "$tree"/usr/lib/go-1.*/bin/go build -tags dfrunsecurity \
    -ldflags "-s -w -X $buildkit/version.Version=$buildkit_version" -o "$TB/bin.new/" \
    testbed/buildkitd testbed/testbed-proxy "$buildkit/cmd/buildctl" "$buildkit/frontend/dockerfile/cmd/dockerfile-frontend"
  # By rename, because a running daemon's file cannot be written to.
  mv -f "$TB"/bin.new/* "$TB/bin/"
  # 600 MB that three seconds bring back; the compiler's cache stays.
  rm -rf "$TB/bin.new" "$tree" "$path"
}

make_certificates() {
  local inputs cert
  inputs=$(fingerprint <(declare -f write_certificates write_authority write_certificate))
  if is_made certs "$inputs"; then
    for cert in ca server-cert client-cert; do
      openssl x509 -noout -checkend 86400 -in "$TB/certs/$cert.pem" >/dev/null || unmake certs
    done
    is_made certs "$inputs" && return 0
  fi
  unmake certs
  rm -rf "$TB/certs"
  mkdir -p "$TB/certs"
  step certs "certificates made" write_certificates "$TB/certs"
  set_made certs "$inputs"
}

# ca signs server and client; otherca signs bad, a client certificate that the daemon must refuse.
write_certificates() {
  cd "$1"
  write_authority ca
  write_authority otherca
  write_certificate server serverAuth ca
  write_certificate client clientAuth ca
  write_certificate bad clientAuth otherca
}

write_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=peelbox test $1" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$1-key.pem" -out "$1.pem"
}

write_certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1-key.pem" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3-key.pem" -CAcreateserial -days 3650 -out "$1-cert.pem" \
    -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nextendedKeyUsage=%s\n' "$2")
  rm "$1.csr"
}
