#!/bin/sh
# Stands before grub-probe while a disk image is being prepared: answers for the disk to be, which
# does not exist yet. The machine itself has the real one.
while [ $# -gt 0 ]; do
    case $1 in
    --target=*) target=${1#--target=} ;;
    -t) target=$2; shift ;;
    esac
    shift
done
case ${target:-fs} in
device) echo /dev/vda1 ;;
fs) echo ext2 ;;
fs_uuid) cat /run/sandbox-uuid ;;
drive) echo '(hd0,msdos1)' ;;
partmap) echo msdos ;;
compatibility_hint | bios_hints) echo hd0,msdos1 ;;
hints_string) echo '--hint-bios=hd0,msdos1' ;;
esac
