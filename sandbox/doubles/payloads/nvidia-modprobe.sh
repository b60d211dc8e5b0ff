#!/bin/sh
# A stand-in for nvidia-modprobe, made by gpuwright's sandbox: it loads the module and makes the
# device files, one per GPU on the bus; with -u those of the unified memory module too.
node() { # NAME MODULE MINOR
    major=$(sed -n "s/^ *\([0-9]*\) $2\$/\1/p" /proc/devices)
    [ "$(stat -c '%t:%T' "/dev/$1" 2>/dev/null)" = "$(printf '%x:%x' "$major" "$3")" ] && return
    rm -f "/dev/$1" && mknod -m 666 "/dev/$1" c "$major" "$3"
}
[ -d /sys/module/nvidia ] || modprobe nvidia 2>/dev/null || exit 1
node nvidiactl nvidia 255
number=0
for device in /sys/bus/pci/devices/*; do
    [ "$(cat "$device/vendor" 2>/dev/null)" = 0x10de ] || continue
    case $(cat "$device/class") in 0x0300* | 0x0302*) ;; *) continue ;; esac
    node "nvidia$number" nvidia $number
    number=$((number + 1))
done
case " $* " in *" -u "*)
    [ -d /sys/module/nvidia_uvm ] || modprobe nvidia-uvm || exit 1
    node nvidia-uvm nvidia-uvm 0
esac
