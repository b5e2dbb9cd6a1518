# `testbed.sh cluster`: a Kubernetes of two nodes beside the bed. Its machine is this one: the nodes are daemons with a
# root and namespaces of their own, and share the network of the host.
# shellcheck shell=bash

cluster_services=(cluster-registry cluster-etcd cluster-apiserver cluster-controllers cluster-scheduler
  cluster-node-amd64 cluster-node-arm64 cluster-metrics)
cluster_dir=$TB/run/cluster # certificates and kubeconfigs; it exists as long as the cluster is wanted

name_cluster() {
  local net=${subnet##*.}
  bridge=${bed_name}k
  pods=10.88.$net
  service_net=10.96.$net
  api=$service_net.1 # the address by which pods know the API server; no kube-proxy is needed if it really is there
  cluster_registry=$pods.1:5000
  metrics=$pods.1:4443
  etcd=127.0.0.1:$((port_base + 4))
  etcd_peer=127.0.0.1:$((port_base + 5))
  controllers=127.0.0.1:$((port_base + 6))
  scheduler=127.0.0.1:$((port_base + 7))
}

node_address() { [ "$1" = cluster-node-amd64 ] && echo "$pods.1" || echo "$pods.129"; }

cluster() {
  local action=${1:-}
  [ $# -eq 0 ] || shift
  load_settings
  [ -f "$settings_file" ] || die "the bed is not up; run scripts/testbed.sh up core"
  case $action in
    make) keep_kubernetes ;;
    up) cluster_up ;;
    down) cluster_down ;;
    stop | kill) cluster_stop "$action" "$@" ;;
    kubeconfig) cluster_kubeconfig "$@" ;;
    *) die "cluster takes make, up, down, stop, kill or kubeconfig; see scripts/testbed.sh help" ;;
  esac
}

# The bed's other parts go on while this works; `up` and `down` of the bed wait.
lock_cluster() {
  lock_shared
  exec {cluster_lock}>"$TB/run/cluster.lock"
  flock "$cluster_lock"
}

cluster_up() {
  local name
  lock_cluster
  fetch_suite bookworm cluster cluster-node
  make_cluster_tools
  make_node_root
  make_kubernetes
  push_busybox_images
  push_image pause pause:1 "$(fingerprint "$TB/stamps/host")"
  push_debian_images
  # Without its database nothing that the others remember is true.
  if ! is_running cluster-etcd; then
    stop_cluster
    mkdir -p "$cluster_dir"
    step cluster-certs "certificates and kubeconfigs of the cluster" write_cluster_files
  fi
  start_cluster_network
  for name in "${cluster_services[@]:0:3}"; do
    start_service "$name"
    await_cluster_part "$name"
  done
  # These ask the API server as soon as they run.
  for name in "${cluster_services[@]:3}"; do start_service "$name"; done
  for name in "${cluster_services[@]:3}"; do await_cluster_part "$name"; done
  step cluster-setup "volumes and metrics" apply_setup
  say "cluster up: KUBECONFIG=$cluster_dir/admin.kubeconfig"
}

make_cluster_tools() {
  local inputs
  inputs=$(fingerprint "$TB/stamps/fetch-cluster")
  is_made cluster-tools "$inputs" && return 0
  unmake cluster-tools
  rm -rf "$TB/cluster-host"
  step cluster-tools "etcd and kubectl extracted" extract "$TB/cluster-host" "$TB"/debs/cluster/*.deb
  set_made cluster-tools "$inputs"
}

# The nodes run from the tree that may be replaced now.
make_node_root() {
  local name
  is_made root-cluster-node "$(fingerprint "$TB/stamps/fetch-cluster-node" <(declare -f write_root link_busybox))" ||
    for name in cluster-node-amd64 cluster-node-arm64; do force_stop "$name"; done
  make_root cluster-node
}

# A bounded wait for each part, so that the one that fails is named.
await_cluster_part() {
  answers_within "$1" 120 && return 0
  is_running "$1" || fail_service "$1" "ended while starting"
  fail_service "$1" "does not answer after 120 s"
}

start_cluster_network() {
  local other
  if ! ip link show "$bridge" >/dev/null 2>&1; then
    for net in "$pods" "$service_net"; do
      other=$(ip -o route show root "$net.0/24" | head -n 1)
      [ -z "$other" ] || die "the network $net.0/24, which the cluster needs, is in use here ($other); choose another
  last number for the whole bed: PEELBOX_TB_SUBNET=172.30.79 scripts/testbed.sh up"
    done
    ip link add "$bridge" type bridge
  fi
  ip addr replace "$pods.1/24" dev "$bridge"
  ip addr replace "$pods.129/24" dev "$bridge"
  ip addr replace "$api/32" dev "$bridge"
  ip link set "$bridge" up
}

cluster_down() {
  lock_cluster
  stop_cluster
  say "cluster down"
}

stop_cluster() {
  local name i
  for ((i = ${#cluster_services[@]} - 1; i >= 0; i--)); do
    request_stop "${cluster_services[i]}"
  done
  for name in "${cluster_services[@]}"; do
    await_stop "$name" 10
    remove_cgroups "$bed_name/$name"
  done
  ip link del "$bridge" 2>/dev/null || true
  forget_cluster
}

forget_cluster() {
  local name
  for name in "${cluster_services[@]}"; do discard "$TB/state/$name"; done
  rm -rf "$cluster_dir"
}

# cluster_stop stop|kill PART: one part, as a fault; `cluster up` starts it again with what it knew.
cluster_stop() {
  local name=cluster-${2:-}
  [[ $# -eq 2 && " ${cluster_services[*]} " == *" $name "* ]] ||
    die "cluster $1 takes one of: ${cluster_services[*]#cluster-}"
  lock_cluster
  if [ "$1" = kill ]; then
    force_stop "$name"
  else
    request_stop "$name"
    await_stop "$name" 15
  fi
}

kubectl() { "$TB/cluster-host/usr/bin/kubectl" --kubeconfig "$cluster_dir/admin.kubeconfig" --request-timeout 20s "$@"; }

# cluster_kubeconfig NAMESPACE ACCOUNT: credentials of a service account, on standard output.
cluster_kubeconfig() {
  local secret='' token end=$((SECONDS + 15))
  [ $# -eq 2 ] || die "cluster kubeconfig needs a NAMESPACE and the name of a service account"
  # The token of a new account comes a moment later.
  until secret=$(kubectl -n "$1" get serviceaccount "$2" -o 'jsonpath={.secrets[0].name}') && [ -n "$secret" ]; do
    ((SECONDS < end)) || die "there is no service account $2 with a token in namespace $1"
    sleep 0.2
  done
  token=$(kubectl -n "$1" get secret "$secret" -o 'jsonpath={.data.token}' | base64 -d)
  write_kubeconfig "token: $token" "$1"
}

# write_kubeconfig CREDENTIALS NAMESPACE: on standard output.
write_kubeconfig() {
  cat <<TEXT
apiVersion: v1
kind: Config
clusters: [{name: testbed, cluster: {server: "https://$api", certificate-authority-data: $(base64 -w0 "$cluster_dir/ca.pem")}}]
users: [{name: user, user: {$1}}]
contexts: [{name: testbed, context: {cluster: testbed, user: user, namespace: $2}}]
current-context: testbed
TEXT
}

# cluster_account NAME SUBJECT USAGE SAN: a certificate of the cluster's authority, and a kubeconfig that uses it.
cluster_account() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$1-key.pem" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 -out "$1-cert.pem" \
    -extfile <(printf 'extendedKeyUsage=%s\n' "$3" && [ -z "$4" ] || echo "subjectAltName=$4")
  rm "$1.csr"
  write_kubeconfig "client-certificate-data: $(base64 -w0 "$1-cert.pem"), client-key-data: $(base64 -w0 "$1-key.pem")" \
    default >"$1.kubeconfig"
}

write_cluster_files() {
  cd "$cluster_dir"
  write_authority ca
  openssl genrsa -out accounts.pem 2048
  cluster_account apiserver "/CN=kube-apiserver" serverAuth \
    "IP:$api,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  cluster_account apiserver-client "/O=system:masters/CN=apiserver" clientAuth ''
  cluster_account admin "/O=system:masters/CN=admin" clientAuth ''
  cluster_account controllers "/CN=system:kube-controller-manager" clientAuth ''
  cluster_account scheduler "/CN=system:kube-scheduler" clientAuth ''
  cluster_account metrics "/CN=metrics" serverAuth "IP:${metrics%:*},DNS:metrics.kube-system.svc"
  local name
  for name in cluster-node-amd64 cluster-node-arm64; do
    cluster_account "${name#cluster-}" "/O=system:nodes/CN=system:node:${name#cluster-}" clientAuth,serverAuth \
      "IP:$(node_address "$name")"
  done
}

apply_setup() {
  local name number
  {
    for name in node-amd64 node-arm64; do
      for number in 1 2 3; do
        sed "s/NODE/$name/g; s/NUMBER/$number/g" "$here/cluster/volume.yaml"
      done
    done
    sed "s/ADDRESS/${metrics%:*}/; s/PORT/${metrics#*:}/; s/AUTHORITY/$(base64 -w0 "$cluster_dir/ca.pem" | sed 's,/,\\/,g')/" \
      "$here/cluster/metrics.yaml"
  } | kubectl apply -f "$here/cluster/storage.yaml" -f -
}

cluster_address_of() {
  case $1 in
    cluster-registry) echo "$cluster_registry" ;;
    cluster-etcd) echo "$etcd" ;;
    cluster-apiserver) echo "$api:443" ;;
    cluster-controllers) echo "$controllers" ;;
    cluster-scheduler) echo "$scheduler" ;;
    cluster-metrics) echo "$metrics" ;;
    *) echo "$(node_address "$1"):10250" ;;
  esac
}

cluster_curl() {
  quiet_curl --cacert "$cluster_dir/ca.pem" --cert "$cluster_dir/admin-cert.pem" --key "$cluster_dir/admin-key.pem" "$1"
}

cluster_probe() {
  case $1 in
    cluster-registry) quiet_curl "http://$cluster_registry/v2/" ;;
    cluster-etcd) quiet_curl "http://$etcd/health" ;;
    cluster-apiserver) cluster_curl "https://$api/readyz" ;;
    cluster-metrics) cluster_curl "https://$metrics/healthz" ;;
    cluster-controllers) quiet_curl -k "https://$controllers/healthz" ;;
    cluster-scheduler) quiet_curl -k "https://$scheduler/healthz" ;;
    *) [[ $(kubectl get node "${1#cluster-}" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null) == True ]] ;;
  esac
}

cluster_command() {
  local own=(env -u HTTP_PROXY -u HTTPS_PROXY) program=$TB/roots/cluster-node/usr/bin/kubernetes conf=$cluster_dir state=$TB/state/$1
  mkdir -p "$state"
  case $1 in
    cluster-registry)
      sed "s/^http: .*/http: {addr: \"$cluster_registry\"}/" "$TB/run/registry.yml" >"$TB/run/cluster-registry.yml"
      command=("$TB/host/usr/bin/docker-registry" serve "$TB/run/cluster-registry.yml")
      ;;
    cluster-etcd)
      command=("${own[@]}" "$TB/cluster-host/usr/bin/etcd" --data-dir "$state" --unsafe-no-fsync --log-level error
        --listen-client-urls "http://$etcd" --advertise-client-urls "http://$etcd" --listen-peer-urls "http://$etcd_peer")
      ;;
    cluster-apiserver)
      command=("${own[@]}" "$program" kube-apiserver --etcd-servers="http://$etcd" --bind-address="$api" --secure-port=443
        --advertise-address="$api" --endpoint-reconciler-type=none --authorization-mode="Node,RBAC"
        --enable-admission-plugins=NodeRestriction --allow-privileged=true --client-ca-file="$conf/ca.pem"
        --tls-cert-file="$conf/apiserver-cert.pem" --tls-private-key-file="$conf/apiserver-key.pem"
        --kubelet-certificate-authority="$conf/ca.pem" --kubelet-client-certificate="$conf/apiserver-client-cert.pem"
        --kubelet-client-key="$conf/apiserver-client-key.pem" --kubelet-preferred-address-types=InternalIP
        --service-account-key-file="$conf/accounts.pem" --service-account-signing-key-file="$conf/accounts.pem"
        --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range="$service_net.0/24"
        --requestheader-client-ca-file="$conf/ca.pem" --requestheader-username-headers=X-Remote-User
        --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra-
        --requestheader-allowed-names=nobody --proxy-client-cert-file="$conf/apiserver-client-cert.pem"
        --proxy-client-key-file="$conf/apiserver-client-key.pem" --enable-aggregator-routing=true)
      ;;
    cluster-controllers)
      command=("${own[@]}" "$program" kube-controller-manager --kubeconfig="$conf/controllers.kubeconfig" --port=0
        --bind-address="${controllers%:*}" --secure-port="${controllers#*:}" --cert-dir="$state" --leader-elect=false
        --use-service-account-credentials=true --service-account-private-key-file="$conf/accounts.pem"
        --root-ca-file="$conf/ca.pem")
      ;;
    cluster-scheduler)
      command=("${own[@]}" "$program" kube-scheduler --kubeconfig="$conf/scheduler.kubeconfig" --port=0
        --bind-address="${scheduler%:*}" --secure-port="${scheduler#*:}" --cert-dir="$state" --leader-elect=false)
      ;;
    cluster-metrics)
      install -m 644 "$here/cluster/metrics.py" "$TB/run/cluster-metrics.py"
      command=("${own[@]}" /usr/bin/python3 -B "$TB/run/cluster-metrics.py" "$metrics" "$api" "$conf"
        "$pods.1:10250" "$pods.129:10250")
      ;;
    *)
      install "$here/cluster/node.sh" "$TB/run/cluster-node.sh"
      local range="$pods.0/24 $pods.10 $pods.120" address
      address=$(node_address "$1")
      [ "$1" = cluster-node-amd64 ] || range="$pods.0/24 $pods.140 $pods.250"
      command=("$TB/bin/enter-root.sh" "$TB/roots/cluster-node" "$state" "$TB/run" "${own[@]}" "$TB/run/cluster-node.sh"
        "${1#cluster-}" "${1#cluster-node-}" "$address" "$range" "$conf" "$bridge" "$registry" "$bed_name/$1")
      ;;
  esac
}
