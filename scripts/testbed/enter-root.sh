#!/bin/sh
# enter-root.sh ROOT STATE RUN COMMAND...   run COMMAND inside the tree ROOT, in mount and process namespaces of its
# own, with STATE as /var/lib/docker and RUN visible under its own name. Nothing has to be unmounted afterwards, and
# when COMMAND ends the kernel ends whatever it left behind (containerd's shims, containers). tini is process 1, because
# dockerd does not collect the shims that end before it.
#
# pivot_root and not chroot: under chroot `docker run` works, but `docker exec` lands in the host's root, because
# entering a mount namespace leads to the namespace's real root.
# shellcheck disable=SC2016  # expanded by the inner shell
exec unshare --mount --pid --fork --kill-child=KILL --propagation slave sh -ec '
root=$1 state=$2 run=$3
shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount --bind "$state" "$root/var/lib/docker"
mkdir -p "$root$run"
mount --bind "$run" "$root$run"
cd "$root"
pivot_root . .
umount -l .
cd /
exec tini -- "$@"' enter-root "$@"
