#!/bin/sh
# A stand-in for nvidia-smi @VERSION@, made by gpuwright's sandbox: the GPUs that it lists are those
# of the simulated bus, where the stand-in for the module is loaded. It measures nothing.
version=@VERSION@
case "$1" in
--version)
    echo "NVIDIA-SMI version  : $version"
    echo "NVML version        : ${version%.*}"
    echo "DRIVER version      : $version"
    exit 0 ;;
esac
# Readings that a test has planted (sandbox/doubles/smi_readings.py); nobody has measured them.
planted=/etc/gpuwright-readings
case "$1 $2" in
"-q -x") [ ! -r $planted/smi.xml ] || exec cat $planted/smi.xml ;;
"nvlink -s") [ ! -r $planted/nvlink.txt ] || exec cat $planted/nvlink.txt ;;
esac
if ! [ -r /proc/driver/nvidia/version ]; then
    echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver." \
        "Make sure that the latest NVIDIA driver is installed and running."
    exit 9
fi
loaded=$(sed -n 's/^NVRM version: .* \([0-9][0-9.]*\)  .*/\1/p' /proc/driver/nvidia/version)
if [ "$loaded" != "$version" ]; then
    echo "Failed to initialize NVML: Driver/library version mismatch"
    echo "NVML library version: ${version%.*}"
    exit 18
fi
# The real one asks nvidia-modprobe for the device files too.
[ -e /dev/nvidiactl ] || nvidia-modprobe
number=0
for device in /sys/bus/pci/devices/*; do
    read -r vendor <"$device/vendor" && read -r class <"$device/class" || continue
    case $vendor$class in 0x10de0x0300* | 0x10de0x0302*) ;; *) continue ;; esac
    [ -c "/dev/nvidia$number" ] || continue
    case "$1" in
    --query-gpu=driver_version) echo "$version" ;;
    *)
        read -r id <"$device/device"
        echo "GPU $number: Simulated $id (UUID: GPU-00000000-0000-0000-0000-00000000000$number)" ;;
    esac
    number=$((number + 1))
done
[ $number -gt 0 ] || { echo "No devices were found"; exit 6; }
