#!/bin/sh
# A stand-in for nvidia-modprobe, made by gpuwright's sandbox: it loads the module and makes the
# device files, one per GPU on the bus; with -u those of the unified memory module too.
node() { # NAME MODULE MINOR
    # The number of nvidia is always the same, that of nvidia-uvm another one at each loading.
    [ "$2" != nvidia ] || [ ! -c "/dev/$1" ] || return 0
    major=
    while read -r number name; do [ "$name" != "$2" ] || major=$number; done </proc/devices
    rm -f "/dev/$1" && mknod -m 666 "/dev/$1" c "$major" "$3"
}
[ -d /sys/module/nvidia ] || modprobe nvidia 2>/dev/null || exit 1
node nvidiactl nvidia 255
gpu=0
for device in /sys/bus/pci/devices/*; do
    read -r vendor <"$device/vendor" && read -r class <"$device/class" || continue
    case $vendor$class in 0x10de0x0300* | 0x10de0x0302*) ;; *) continue ;; esac
    node "nvidia$gpu" nvidia $gpu
    gpu=$((gpu + 1))
done
case " $* " in *" -u "*)
    [ -d /sys/module/nvidia_uvm ] || modprobe nvidia-uvm || exit 1
    node nvidia-uvm nvidia-uvm 0
esac
