# Runs in the root folder of a disk to be, natively; $1 is the UUID of its file system.
set -eu
export DEBIAN_FRONTEND=noninteractive
if [ ! -d /usr/lib/grub/i386-pc ]; then
    apt-get -q -s install grub-pc >/dev/null 2>&1 || { apt-get -q update; fresh=1; }
    apt-get -q -y --no-install-recommends install grub-pc
    apt-get clean
    [ -z "${fresh:-}" ] || rm -rf /var/lib/apt/lists/*
fi
echo "UUID=$1 / ext4 errors=remount-ro 0 1" > /etc/fstab
echo "$1" > /run/sandbox-uuid
mkdir -p /boot/grub/i386-pc
cd /usr/lib/grub/i386-pc
cp ./*.mod ./*.lst boot.img /boot/grub/i386-pc/
grub-mkimage --format i386-pc --prefix '(hd0,msdos1)/boot/grub' \
    --output /boot/grub/i386-pc/core.img biosdisk part_msdos ext2
stand_in=/usr/local/share/gpuwright-sandbox-grub-probe
chmod 755 "$stand_in"
mount --bind "$stand_in" /usr/sbin/grub-probe
update-grub
umount /usr/sbin/grub-probe
rm "$stand_in" "$0"
systemctl enable gpuwright-sandbox.service
# It looks for snapshots of logical volumes, which are not here, and takes seconds at each boot.
systemctl mask e2scrub_reap.service
