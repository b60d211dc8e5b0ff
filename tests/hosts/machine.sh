# Runs in the container whose disk becomes the machine's: ADDRESS of the double, VERSION of the driver.
set -eu
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2012 # kernels have plain names
newer=$(ls /boot/vmlinuz-* | sed 's/.*vmlinuz-//' | sort -V | tail -n 1)
apt-get -q update
flavour=cloud-amd64
# The kernel before this one, of the same series, that the archive still has.
older=$(apt-cache pkgnames "linux-image-${newer%%-*}-" | sed "s/linux-image-//" |
    grep -x "${newer%%-*}-[0-9]*-$flavour" | sort -V | grep -x -B 1 "$newer" | head -n 1)
[ "$older" != "$newer" ]
mkdir -p /srv/newer
cd /srv/newer
common=linux-headers-${newer%-"$flavour"}-common
apt-get -q download "linux-image-$newer" "linux-headers-$newer" "$common" linux-headers-$flavour linux-image-$flavour
apt-get -q -y purge "linux-image-$newer" linux-image-$flavour
# The headers that all flavours of the newer kernel share are there already: twelve thousand files,
# a minute of emulated work. Without those of its own flavour nothing builds.
apt-get -q -y --no-install-recommends install "linux-image-$older" "linux-headers-$older" "$common" \
    dkms gcc make python3 \
    grub-pc grub-efi-amd64-signed shim-signed
for file in *.deb; do
    dpkg-deb -R "$file" tree
    dpkg-deb -Znone -b tree "$file"
    rm -r tree
done
apt-ftparchive packages . > Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=Debian release . > ../Release
mv ../Release .
# What these few packages need is here; the archive's long lists would take minutes to read.
mv /etc/apt/sources.list /etc/apt/sources.list.away
echo 'deb [trusted=yes] file:/srv/newer ./' > /etc/apt/sources.list.d/newer.list
echo "deb [signed-by=/usr/share/keyrings/cuda.asc] $1 /" > /etc/apt/sources.list.d/cuda.list
printf 'Package: *nvidia* libcuda*\nPin: version %s*\nPin-Priority: 1001\n' "$2" \
    > /etc/apt/preferences.d/driver
rm -rf /var/lib/apt/lists/*
apt-get -q update
apt-get -q -y --no-install-recommends install nvidia-driver-cuda nvidia-kernel-open-dkms \
    nvidia-fabricmanager
systemctl enable nvidia-persistenced nvidia-fabricmanager
apt-get clean
sync
