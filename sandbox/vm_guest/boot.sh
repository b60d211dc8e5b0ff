#!/bin/sh
# A throwaway machine of gpuwright's sandbox: takes its name, keys and simulated PCI bus from a tar
# archive that is attached as a disk, and brings up its one network card.
set -eu
for disk in /sys/block/vd*; do
    [ "$(cat "$disk/serial")" != gpuwright ] || tar --extract --file "/dev/${disk##*/}" --directory /
done
hostname -F /etc/hostname
modprobe virtio_net
ip link set lo up
ip link set eth0 up
ip address replace 10.0.2.15/24 dev eth0
ip route replace default via 10.0.2.2
mount --bind /run/gpuwright-sandbox/pci /sys/bus/pci/devices
mount -o remount,bind,ro /sys/bus/pci/devices
