#!/bin/sh
# gpuwright's sandbox: stands before make, and keeps what DKMS builds. Equal source, arguments, headers
# and tools give an equal module, so each is compiled once for all hosts. A build that fails is never
# kept, one that has no room in /tmp is really tried, and all that is not DKMS's goes straight to make.
make=/usr/bin/make
store=/var/cache/gpuwright-sandbox
[ -x "$make" ] || { echo "make: command not found" >&2; exit 127; }
case ${GPUWRIGHT_SANDBOX_MAKE:-}$PWD in
/var/lib/dkms/*/build) ;;
*) exec "$make" "$@" ;;
esac
export GPUWRIGHT_SANDBOX_MAKE=inside

# The headers that the words name, as the double's dkms.conf does, or NVIDIA's.
headers='' before=''
for word; do
    case $before/$word in
    -C/*) headers=$word ;;
    */KERNEL_UNAME=*) headers=/lib/modules/${word#*=}/build ;;
    esac
    before=$word
done
room=$(df -Pk /tmp | awk 'NR == 2 { print $4 }')
# In a virtual machine nothing is mounted there: it would compile no more than once as it is.
if [ ! -f "$headers/Makefile" ] || [ "${room:-0}" -lt 65536 ] || ! mountpoint -q "$store"; then
    exec "$make" "$@"
fi

# All that the module follows from. A package's files keep the time that they have in it.
inputs() {
    # However many compilers run at a time.
    printf '%s\n' "$PWD" "$*" "CC=${CC:-}" | sed 's/^-j[0-9]* //'
    find . -type f ! -name make.log -exec sha256sum {} + | sort
    # shellcheck disable=SC2046 # names without blanks; Debian's headers lean on those of all flavours
    find -L "$headers/" $(sed -n 's,.*\(/usr/src/[^ ]*-common\)/.*,\1,p' "$headers/Makefile" | sort -u) \
        -type f -printf '%p %s %T@\n' | sort
    find -L /usr/bin /usr/lib/gcc -maxdepth 4 -type f \
        \( -name '*gcc*' -o -name 'cc*' -o -name '*ld' -o -name '*ld.*' -o -name '*-as' -o -name as \) \
        -printf '%p %s %T@\n' | sort
}
kept=$store/$(inputs "$@" | sha256sum | cut -d ' ' -f 1)
if [ -d "$kept" ] && cp -R -p "$kept/." .; then
    echo "gpuwright's sandbox: an equal build made this module before, and it was kept"
    exit 0
fi
"$make" "$@" || exit
part=$(mktemp -d "$store/.XXXXXX") || exit 0
# A run of the same build beside this one may have been quicker.
if find . -name '*.ko' -exec cp --parents -p {} "$part" \; && cp Module.symvers "$part" &&
    chmod 755 "$part" && mv -T "$part" "$kept" 2>/dev/null; then
    exit 0
fi
rm -rf "$part"
exit 0
