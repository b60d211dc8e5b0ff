#!/bin/sh
# A throwaway machine of gpuwright's sandbox: takes its name, keys and simulated PCI bus from a tar
# archive that is attached as a disk, and brings up its one network card. It is short of programs
# that it starts, because each takes a tenth of a second here.
set -eu
for disk in /sys/block/vd*; do
    # It ends without a line break.
    read -r serial < "$disk/serial" || :
    [ "$serial" != gpuwright ] || tar --extract --file "/dev/${disk##*/}" --directory /
done
read -r name < /etc/hostname
echo "$name" > /proc/sys/kernel/hostname
modprobe virtio_net
ip -batch - <<END
link set lo up
link set eth0 up
address replace 10.0.2.15/24 dev eth0
route replace default via 10.0.2.2
END
mount --bind /run/gpuwright-sandbox/pci /sys/bus/pci/devices
mount -o remount,bind,ro /sys/bus/pci/devices
# As udev does for a real function: load the driver that claims it, unless it is blacklisted.
known=
for device in /sys/bus/pci/devices/*; do
    read -r vendor < "$device/vendor"
    read -r alias < "$device/modalias"
    case "$vendor $known" in
    0x10de*" $alias "*) ;;
    0x10de*) known="$known $alias " ;;
    esac
done
# shellcheck disable=SC2086 # several aliases
[ -z "$known" ] || modprobe --all --use-blacklist --quiet $known || :
# A module out of the initramfs is announced before this bus is there, and then has device files of
# no GPU.
[ ! -e /dev/nvidiactl ] || nvidia-modprobe || :
