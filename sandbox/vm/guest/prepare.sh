# Runs in the root folder of a disk to be, natively; $1 is the UUID of its file system, $2 is the
# firmware that boots it: bios or efi.
set -eu
export DEBIAN_FRONTEND=noninteractive
case $2 in
bios) grub=/usr/lib/grub/i386-pc; packages='grub-pc' ;;
efi)
    grub=/usr/lib/grub/x86_64-efi-signed
    packages='grub-efi-amd64 grub-efi-amd64-signed shim-signed mokutil'
    ;;
esac
if [ ! -d "$grub" ]; then
    # shellcheck disable=SC2086 # several names
    apt-get -q -s install $packages >/dev/null 2>&1 || { apt-get -q update; fresh=1; }
    # shellcheck disable=SC2086
    apt-get -q -y --no-install-recommends install $packages
    apt-get clean
    [ -z "${fresh:-}" ] || rm -rf /var/lib/apt/lists/*
fi
echo "UUID=$1 / ext4 errors=remount-ro 0 1" > /etc/fstab
echo "$1" > /run/sandbox-uuid
echo "$2" > /run/sandbox-firmware
if [ "$2" = bios ]; then
    mkdir -p /boot/grub/i386-pc
    cd "$grub"
    cp ./*.mod ./*.lst boot.img /boot/grub/i386-pc/
    grub-mkimage --format i386-pc --prefix '(hd0,msdos1)/boot/grub' \
        --output /boot/grub/i386-pc/core.img biosdisk part_msdos ext2
else
    mkdir -p /boot/grub
    # The signed GRUB loads no further modules, and UEFI's console is the serial line.
    sed -i 's/^GRUB_TERMINAL=.*/GRUB_TERMINAL=console/' /etc/default/grub.d/gpuwright-sandbox.cfg
fi
# The initramfs holds what this machine's disk needs: every further module costs time at each boot,
# and a build inside the machine takes a tenth of the time.
printf 'MODULES=list\nCOMPRESSLEVEL=1\n' > /etc/initramfs-tools/conf.d/gpuwright-sandbox
printf 'virtio_pci\nvirtio_blk\next4\n' >> /etc/initramfs-tools/modules
update-initramfs -u -k all
stand_in=/usr/local/share/gpuwright-sandbox-grub-probe
chmod 755 "$stand_in"
mount --bind "$stand_in" /usr/sbin/grub-probe
update-grub
umount /usr/sbin/grub-probe
rm "$stand_in" "$0"
systemctl enable gpuwright-sandbox.service
# What no server with GPUs is missed for, and what takes seconds at each boot of a slow machine.
systemctl mask e2scrub_reap.service dev-hugepages.mount dev-mqueue.mount sys-kernel-config.mount \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
    modprobe@configfs.service modprobe@drm.service modprobe@fuse.service modprobe@dm_mod.service \
    modprobe@loop.service modprobe@efi_pstore.service systemd-pstore.service \
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount
# What systemd does at the first boot after /usr was changed has been done by the packages here.
touch /etc/.updated /var/.updated
