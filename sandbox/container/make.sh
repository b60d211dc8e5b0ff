#!/bin/sh
# gpuwright's sandbox: `make` as a host finds it first on its PATH, before /usr/bin/make.
#
# A module that DKMS has built is built once for the same source, kernel, compiler and command.
# Whoever asks for it again, on this host or another one, gets what that build made: its *.ko and
# what it said. All that DKMS does besides is done, and a build that fails is never kept. Commands
# that a person types over ssh always build.
real=/usr/bin/make
kept=/run/gpuwright-sandbox/modules

kernel='' wanted=''
for word in "$@"; do
    case "$word" in
        modules) wanted=yes ;;
        *clean*) exec $real "$@" ;;
        KERNEL_UNAME=* | KERNELRELEASE=*) kernel=${word#*=} ;;
        /lib/modules/*/build) kernel=${word#/lib/modules/} kernel=${kernel%/build} ;;
        /usr/src/linux-headers-*) kernel=${word#/usr/src/linux-headers-} ;;
        /usr/src/kernels/*) kernel=${word#/usr/src/kernels/} ;;
    esac
done
typed=${SSH_CONNECTION:+yes}
[ -z "${DPKG_MAINTSCRIPT_NAME:-}" ] || typed=''
case "$PWD" in
    /var/lib/dkms/*/build) ;;
    *) wanted='' ;;
esac
tree=/lib/modules/$kernel
if [ -z "$wanted" ] || [ -n "$typed" ] || [ -z "$kernel" ] ||
    [ ! -d "$tree/build/" ] || [ ! -d "$kept" ]; then
    exec $real "$@"
fi

# Files as packages bring them, by size and time; folders and links have the time of their unpacking.
listed() {
    find "$@" \( -type f -printf '%p %s %T@\n' -o -type l -printf '%p %l\n' \)
}

# What is compiled is known by its content.
key=$(
    {
        printf '%s\n' "$@" "$PWD" "${KCFLAGS:-}" "${MAKEFLAGS:-}"
        find . -type f ! -name make.log -exec sha256sum {} + | sort
        for part in build source build/scripts build/tools; do
            place=$(readlink -f "$tree/$part") && [ -d "$place" ] || continue
            listed "$place"
        done | sort
        listed /usr/bin /usr/lib/gcc \( -name 'gcc*' -o -name '*-gcc*' -o -name cc -o -name cc1 -o \
            -name ld -o -name 'ld.*' -o -name '*-ld*' -o -name as -o -name '*-as' -o \
            -name objtool -o -name make \) | sort
    } | sha256sum
) || exec $real "$@"
key=${key%% *}

# A second host waits for the first: that is the time of one build.
exec 9>"$kept/$key.lock" && flock 9 || exec $real "$@"
if [ -d "$kept/$key" ]; then
    cat "$kept/$key/said" && cp -R "$kept/$key/built/." . || exit 2
    echo "gpuwright's sandbox: built before, taken from its cache"
    exit 0
fi
part=$kept/$key.part
rm -rf "$part" && mkdir -p "$part/built" && mkfifo "$part/pipe" || exit 2
tee "$part/said" <"$part/pipe" 9>&- &
$real "$@" >"$part/pipe" 2>&1 9>&-
code=$?
wait
rm -f "$part/pipe"
if [ $code = 0 ]; then
    find . -name '*.ko' -exec cp --parents {} "$part/built/" \; && mv "$part" "$kept/$key"
fi
rm -rf "$part"
exit $code
