#!/bin/sh
# node.sh NAME ARCH ADDRESS PODS CONF BRIDGE REGISTRY CGROUP: a node of the cluster inside the root of enter-root.sh:
# containerd and the kubelet, which end together. PODS is "NETWORK FIRST LAST", the addresses of its pods.
set -eu
name=$1 arch=$2 address=$3 conf=$5 bridge=$6 registry=$7 cgroup=$8
# shellcheck disable=SC2086  # three words
set -- $4
state=/var/lib/docker # where enter-root.sh puts it
mkdir -p "$state/log" "$state/cni" "$state/volumes/1" "$state/volumes/2" "$state/volumes/3" /run/cni /var/lib/cni
# The nodes share a root, and a kubelet deletes the logs of pods that it does not know.
mount --bind "$state/log" /var/log
mount --bind "$state/cni" /var/lib/cni
for controller in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ ! -e "$controller/cgroup.procs" ] || mkdir -p "$controller/$cgroup" 2>/dev/null || true
done

cat >/run/cni/pods.conflist <<TEXT
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "$bridge",
 "ipam": {"type": "host-local", "dataDir": "/var/lib/cni/addresses", "routes": [{"dst": "0.0.0.0/0"}],
          "ranges": [[{"subnet": "$1", "rangeStart": "$2", "rangeEnd": "$3", "gateway": "$address"}]]}}]}
TEXT
# restrict_oom_score_adj: without CAP_SYS_RESOURCE runc fails at -998 with "can't get final child's PID from pipe".
cat >/run/containerd.toml <<TEXT
version = 2
root = "$state/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$registry/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/cni"
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
    endpoint = ["http://$registry"]
TEXT
cat >/run/kubelet.yml <<TEXT
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
port: 10250
healthzPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: "$conf/ca.pem"}}
authorization: {mode: AlwaysAllow}
tlsCertFile: "$conf/$name-cert.pem"
tlsPrivateKeyFile: "$conf/$name-key.pem"
cgroupDriver: cgroupfs
cgroupRoot: "/$cgroup"
failSwapOn: false
oomScoreAdj: 0
# In bytes: a hundredth of a large disk is more than all of the bed takes.
evictionHard: {nodefs.available: "200Mi", imagefs.available: "200Mi", memory.available: "50Mi"}
imageGCHighThresholdPercent: 99
makeIPTablesUtilChains: false
TEXT

containerd -c /run/containerd.toml &
containerd=$!
kubernetes kubelet --config=/run/kubelet.yml --kubeconfig="$conf/$name.kubeconfig" --root-dir="$state/kubelet" \
  --cert-dir="$state/kubelet-certs" --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd.sock \
  --hostname-override="$name" --node-ip="$address" --node-labels="kubernetes.io/arch=$arch" &
kubelet=$!
trap 'kill $kubelet $containerd 2>/dev/null; exit 0' TERM INT
while kill -0 $containerd 2>/dev/null && kill -0 $kubelet 2>/dev/null; do
  sleep 1 &
  wait $!
done
echo "node.sh: containerd or the kubelet ended"
exit 1
