# What every fault's script begins with: POSIX sh, as root on a host with a driver of a double.
# shellcheck disable=SC2034 # what follows uses them
set -e
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
# The driver's version as DKMS knows it, and another one of the same length.
V=$(find /usr/src -maxdepth 1 -name 'nvidia-[0-9]*' | sort -V | tail -n 1 | sed 's/.*nvidia-//')
OTHER=$(printf %s "$V" | sed 's/..$/99/')
# The kernel that counts: the running one; a container's is the newest in its /boot.
K=$(uname -r)
if [ -e /run/systemd/container ]; then
  K=$(find /boot -name 'vmlinuz-*' ! -name '*-none' | sed 's/.*vmlinuz-//' | sort -V | tail -n 1)
fi
M=/lib/modules/$K
D=$M/updates/dkms
SRC=/usr/src/nvidia-$V
LIB=/usr/lib/x86_64-linux-gnu
AWAY=/var/tmp/gpuwright-faults
mkdir -p "$AWAY"
if [ -z "$V$(ls /lib/modules/*/kernel/nvidia-*/nvidia.ko 2>/dev/null)" ] &&
  [ ! -e /etc/nv_tegra_release ]; then
  echo "this host has no driver to break: python -m sandbox driver HOST installs a double's" >&2
  exit 3
fi
# A package of one's own, for faults of the package manager: NAME, CONTROL-LINES, [POSTINST].
package() {
  rm -rf "$AWAY/p"; mkdir -p "$AWAY/p/DEBIAN"
  printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n%s' "$1" "$2" \
    >"$AWAY/p/DEBIAN/control"
  if [ -n "$3" ]; then
    printf '#!/bin/sh\n%s\n' "$3" >"$AWAY/p/DEBIAN/postinst"; chmod +x "$AWAY/p/DEBIAN/postinst"
  fi
  dpkg-deb -b "$AWAY/p" "$AWAY/$1.deb" >/dev/null
}
# A build that has to fail leaves its make.log; the module that was there goes.
unbuildable() {
  dkms unbuild "nvidia/$V" -k "$K"
  if dkms build --force "nvidia/$V" -k "$K"; then echo "the build went well" >&2; exit 4; fi
}
