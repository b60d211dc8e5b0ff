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
case $(cat /run/sandbox-firmware) in
bios) table=msdos; number=1 ;;
efi) table=gpt; number=2 ;;
esac
case ${target:-fs} in
device) echo "/dev/vda$number" ;;
fs) echo ext2 ;;
fs_uuid) cat /run/sandbox-uuid ;;
drive) echo "(hd0,$table$number)" ;;
partmap) echo "$table" ;;
compatibility_hint | bios_hints) echo "hd0,$table$number" ;;
hints_string) echo "--hint-bios=hd0,$table$number" ;;
esac
