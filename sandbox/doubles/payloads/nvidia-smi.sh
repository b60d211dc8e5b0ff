#!/bin/sh
# A stand-in for nvidia-smi @VERSION@, made by gpuwright's sandbox: it knows of no GPU.
version=@VERSION@
case "$1" in
--version)
    echo "NVIDIA-SMI version  : $version"
    echo "NVML version        : ${version%.*}"
    echo "DRIVER version      : $version"
    exit 0 ;;
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
echo "No devices were found"
exit 6
