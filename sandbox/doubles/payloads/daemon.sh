#!/bin/sh
# A stand-in for @NAME@ @VERSION@, made by gpuwright's sandbox: it waits. The persistence daemon
# holds the driver's device file open meanwhile, where there is one.
case "$1" in
--version | -v) echo "@NAME@ version is : @VERSION@"; exit 0 ;;
esac
# shellcheck disable=SC2050 # a name is filled in
[ @NAME@ != nvidia-persistenced ] || ! (: </dev/nvidiactl) 2>/dev/null || exec 3</dev/nvidiactl
sleep infinity 3<&- &
wait
