#!/bin/sh
# A stand-in for @NAME@ @VERSION@, made by gpuwright's sandbox: it waits.
case "$1" in
--version | -v) echo "@NAME@ version is : @VERSION@"; exit 0 ;;
esac
exec sleep infinity
