# Install a driver of the double of NVIDIA's repository for Debian 12, with real apt and DKMS.
# Filled in: the address of the repository, its public key, the version, further packages.
set -e
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
cat >/usr/share/keyrings/cuda.asc <<'KEY'
@KEY@
KEY
echo 'deb [signed-by=/usr/share/keyrings/cuda.asc] @ADDRESS@ /' >/etc/apt/sources.list.d/cuda.list
printf 'Package: *nvidia* libcuda*\nPin: version @VERSION@*\nPin-Priority: 1001\n' \
  >/etc/apt/preferences.d/driver
apt-get -q update
apt-get -qy install --no-install-recommends linux-headers-cloud-amd64 \
  nvidia-driver-cuda nvidia-kernel-open-dkms @PACKAGES@
[ ! -e /lib/systemd/system/nvidia-fabricmanager.service ] ||
  systemctl -q enable --now nvidia-fabricmanager
