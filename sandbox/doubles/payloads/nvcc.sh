#!/bin/sh
# A stand-in for nvcc @RELEASE@, made by gpuwright's sandbox: it compiles nothing.
case "$1" in
--version | -V)
    echo "nvcc: NVIDIA (R) Cuda compiler driver"
    echo "A stand-in of gpuwright's sandbox"
    echo "Cuda compilation tools, release @SERIES@, V@RELEASE@"
    exit 0 ;;
esac
echo "nvcc: this is a stand-in and compiles nothing" >&2
exit 1
