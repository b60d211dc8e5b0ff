#!/bin/sh
# gpuwright's sandbox: shows what a loaded NVIDIA module shows. A container loads no module, so the
# version is that of the module that DKMS has built, the GPUs are those of the simulated bus, and
# nothing answers behind the device files: opening one ends with "No such device or address".
set -eu
case "${1:-}" in
unload)
    mountpoint -q /proc/driver && umount /proc/driver
    mountpoint -q /sys/module && umount /sys/module
    rm -rf /dev/nvidia*
    exit 0 ;;
load) ;;
*) echo "usage: gpuwright-sandbox-driver load|unload" >&2; exit 64 ;;
esac
# Of several kernels the newest, which a server would boot.
file=$(find /lib/modules/*/updates -name 'nvidia.ko*' -o -name 'nvidia-current.ko*' | sort -V | tail -n 1)
[ -n "$file" ] || { echo "no module is built" >&2; exit 1; }
version=$(modinfo -F version "$file")
mountpoint -q /proc/driver && exit 0 # A module that is loaded stays, whatever lies on the disk.

umask 022
others=$(ls /sys/module)
mount -t tmpfs -o mode=755 gpuwright-sandbox /sys/module
# shellcheck disable=SC2086 # modules' names carry no blanks
(cd /sys/module && mkdir $others nvidia nvidia_uvm)
for module in nvidia nvidia_uvm; do
    echo "$version" >/sys/module/$module/version
    echo live >/sys/module/$module/initstate
    echo 0 >/sys/module/$module/refcnt
done
mount -o remount,ro /sys/module
mount -t tmpfs -o mode=755 gpuwright-sandbox /proc/driver
mkdir /proc/driver/nvidia
printf 'NVRM version: %s  %s  %s\nGCC version:  unknown\n' \
    "NVIDIA UNIX Open Kernel Module for x86_64" "$version" "Simulated by gpuwright's sandbox" \
    >/proc/driver/nvidia/version
mount -o remount,ro /proc/driver
# 195 is the module's own number; that of unified memory differs from boot to boot (NVIDIA's driver
# README, "Device files").
gpu=0
for device in /sys/bus/pci/devices/*; do
    read -r vendor <"$device/vendor" && read -r class <"$device/class" || continue
    case $vendor$class in 0x10de0x0300* | 0x10de0x0302*) ;; *) continue ;; esac
    mknod -m 666 "/dev/nvidia$gpu" c 195 $gpu
    gpu=$((gpu + 1))
done
mknod -m 666 /dev/nvidiactl c 195 255
mknod -m 666 /dev/nvidia-uvm c 511 0
mknod -m 666 /dev/nvidia-uvm-tools c 511 1
