#!/bin/sh
# Written by gpuwright: changes made by hand are overwritten at its next run.
#
# Does the kernel that boots next have an NVIDIA module? This looks, builds what is missing, and
# writes the answer to /var/lib/gpuwright/next-boot.json. systemd runs it at each boot, and when
# /boot, /lib/modules or /usr/src change (gpuwright-guard.service and .path).
#
#   kernel-guard          build what is missing, once no package manager is at work, and tell
#   kernel-guard watch    the same, as systemd runs it: what failed is not tried again before a boot
#   kernel-guard now      look and tell; build nothing, wait for nobody
#   kernel-guard adopt    the policy "follow" begins: GRUB's saved entry is ours from here on
#   kernel-guard release  it ends

set -u
export LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022
R=''
STATE=$R/var/lib/gpuwright
RECORD=$STATE/next-boot.json
CHOICE=$STATE/boot-choice
RUN=$R/run/gpuwright
SYSCONFIG=$R/etc/sysconfig/kernel
OURS='# gpuwright: the kernel guard chooses'
QUIET_S=5
PATIENCE_S=7200
TAB=$(printf '\t')
EDITENV=grub-editenv
command -v $EDITENV >/dev/null || EDITENV=grub2-editenv

POLICY=free MANAGER='' TEXTFILE='' MOTD=''
# shellcheck disable=SC1090,SC1091 # written by gpuwright beside this program
[ ! -r "$R/opt/gpuwright/etc/kernel-guard" ] || . "$R/opt/gpuwright/etc/kernel-guard"

say() { printf '%s\n' "$*"; }

# ---- what is ------------------------------------------------------------------------------------

# Kernels that have an image and modules; the newest comes last.
bootable() {
    for image in "$R"/boot/vmlinu[xz]-* "$R"/lib/modules/*/vmlinuz; do
        [ -e "$image" ] || continue
        case $image in
        "$R"/boot/*) kernel=${image#"$R"/boot/vmlinu?-} ;;
        *) kernel=${image%/vmlinuz}; kernel=${kernel##*/} ;;
        esac
        case $kernel in 0-rescue-* | *.old | *.bak) continue ;; esac
        [ ! -d "$R/lib/modules/$kernel" ] || printf '%s\n' "$kernel"
    done | sort -uV
}

# Version of the driver's libraries; nothing where there are none.
driver_version() {
    for name in libnvidia-ml.so.1 libcuda.so.1; do
        library=$(ldconfig -p | sed -n "s|^[[:space:]]*$name .*=> ||p" | head -n 1)
        [ -n "$library" ] || continue
        library=$(readlink -m "$library")
        case ${library##*.so.} in *.*) printf '%s\n' "${library##*.so.}"; return ;; esac
    done
}

grubenv() {
    sed -n "s/^$1=//p" "$R/boot/grub/grubenv" "$R/boot/grub2/grubenv" 2>/dev/null | tail -n 1
}

# The menu as lines "next KERNEL", "entry KERNEL NAME", newest kernel first.
read_menu() {
    saved=$(grubenv saved_entry)
    once=$(grubenv next_entry)
    for config in "$R/boot/grub/grub.cfg" "$R/boot/grub2/grub.cfg"; do
        [ -r "$config" ] || continue
        SAVED=$saved ONCE=$once awk -f "$R/opt/gpuwright/lib/grub-menu.awk" "$config"
    done >"$work/menu"
    [ ! -s "$work/menu" ] || return 0
    # Boot Loader Specification, as on the Red Hat family: one file per entry.
    for entry in "$R"/boot/loader/entries/*.conf; do
        [ -r "$entry" ] || continue
        kernel=$(sed -n 's|^linux[[:space:]].*/vmlinu[xz]-\([^[:space:]]*\).*|\1|p' "$entry" | head -n 1)
        case $kernel in '' | 0-rescue-*) continue ;; esac
        name=${entry##*/}
        name=${name%.conf}
        [ "$name" != "${once:-$saved}" ] || printf 'next\t%s\n' "$kernel"
        printf 'entry\t%s\t%s\n' "$kernel" "$name"
    done | sort -t "$TAB" -k1,1r -k2,2Vr >"$work/menu"
}

# The files that modprobe could load as `nvidia`, of a list of paths. Debian calls it nvidia-current.
main_module() {
    sed -n -E 's#^(([^:]*/)?nvidia(-current|-tesla|-legacy)?(-[0-9][0-9a-z_]*)?\.ko[^:/]*)(:.*)?$#\1#p' "$@"
}

known_module() {
    file=$(main_module "$R/lib/modules/$1/modules.dep" 2>/dev/null | head -n 1)
    case $file in
    '') return 1 ;;
    /*) ;;
    *) file=$R/lib/modules/$1/$file ;;
    esac
    [ -s "$file" ]
}

# Whether kernel $1 has a module of the driver's version that is its own; else the reason in $why.
has_module() {
    if ! known_module "$1"; then
        found=$(find "$R/lib/modules/$1/" -name 'nvidia*.ko*' -size +0 2>/dev/null | main_module)
        # A file that depmod has not seen is none for modprobe.
        if [ -z "$found" ] || ! depmod "$1" || ! known_module "$1"; then
            why="it has no NVIDIA module"
            return 1
        fi
    fi
    about=$(modinfo "$file" 2>/dev/null)
    version=$(printf '%s\n' "$about" | sed -n 's/^version: *//p')
    magic=$(printf '%s\n' "$about" | sed -n 's/^vermagic: *\([^ ]*\).*/\1/p')
    if [ "${magic:-$1}" != "$1" ]; then
        why="its module was built for $magic"
        return 1
    elif [ -n "$driver" ] && [ "${version:-$driver}" != "$driver" ]; then
        why="its module is $version and the driver's libraries are $driver"
        return 1
    fi
}

# What keeps DKMS from building for kernel $1; nothing where it can be tried.
obstacle() {
    if [ -n "$driver" ]; then
        set -- "$1" "$R"/usr/src/nvidia*-"$driver"/dkms.conf
    else
        set -- "$1" ''
    fi
    if ! command -v dkms >/dev/null || [ ! -e "$2" ]; then
        say "DKMS has no source of it: it must come as a package"
    elif [ ! -e "$R/lib/modules/$1/build/Makefile" ]; then
        say "the kernel's headers are not installed"
    elif [ -e "$RUN/guard-failed-$1-$driver" ]; then
        say "building it failed: journalctl -u gpuwright-guard"
    fi
}

look() {
    driver=$(driver_version)
    read_menu
    kernels=$(bootable)
    next=$(sed -n "s/^next$TAB//p" "$work/menu" | head -n 1)
    [ -n "$next" ] || next=$(printf '%s\n' "$kernels" | tail -n 1)
    : >"$work/ready"
    : >"$work/lacking"
    for kernel in $(printf '%s\n' "$kernels" "$next" | sort -uV); do
        if has_module "$kernel"; then
            printf '%s\n' "$kernel" >>"$work/ready"
        else
            stop=$(obstacle "$kernel")
            printf '%s\t%s\t%s\n' "$kernel" "$why" "$stop" >>"$work/lacking"
        fi
    done
}

is_ready() { grep -qxF -- "$1" "$work/ready"; }

why_not() {
    awk -F '\t' -v kernel="$1" '$1 == kernel { print $2 ($3 == "" ? "" : "; " $3) }' "$work/lacking"
}

# Names and times of what a new kernel brings. What we write ourselves is not among them.
signature() {
    stat -c '%n %i %Z' "$R"/boot/* "$R"/boot/grub*/grub.cfg "$R"/lib/modules "$R"/lib/modules/* \
        "$R"/usr/src "$R"/boot/loader/entries/* 2>/dev/null | grep -v '/boot/grub[2]* ' | cksum
}

# ---- when it may be changed ---------------------------------------------------------------------

# Whether a package manager is at work.
locked() {
    inodes=$(stat -c %i "$R/var/lib/dpkg/lock-frontend" "$R/var/lib/dpkg/lock" \
        "$R/var/lib/rpm/.rpm.lock" "$R/usr/lib/sysimage/rpm/.rpm.lock" 2>/dev/null | tr '\n' '|')
    ! grep -qsE " POSIX .*:(${inodes}none) " "$R/proc/locks" || return 0
    for file in "$R"/var/cache/dnf/*_lock.pid "$R"/var/lib/dnf/rpmdb_lock.pid; do
        pid=none
        [ ! -r "$file" ] || read -r pid <"$file"
        [ ! -d "$R/proc/$pid" ] || return 0
    done
    return 1
}

# The same, or a job of gpuwright's, or another DKMS.
busy() {
    ! locked || return 0
    ! grep -qsx dkms "$R"/proc/[0-9]*/comm || return 0
    # A job is a process; a unit that has done its work and stays "active (exited)" is none.
    systemctl list-units --plain --no-legend --state=activating,active,deactivating \
        'gpuwright-*.service' 2>/dev/null |
        awk '$1 !~ /^gpuwright-guard[.]/ && $4 != "exited" { found = 1 } END { exit !found }'
}

# Waits until nobody has been at work for some seconds: a run of several transactions is one.
wait_free() {
    quiet=0 waited=0
    while [ $quiet -lt $QUIET_S ]; do
        [ $waited -lt $PATIENCE_S ] || return 1
        sleep 1
        waited=$((waited + 1))
        if busy; then quiet=0; else quiet=$((quiet + 1)); fi
    done
}

# ---- acting -------------------------------------------------------------------------------------

# Builds for kernel $1 and driver version $2, in this folder and this session.
build() {
    kernel_to_serve=$1 driver=$2
    echo $$ >pid
    set -eu
# DKMS has one build folder per source: the guard of the host's kernels may be at work there.
mkdir -p /run/gpuwright
exec 9>/run/gpuwright/dkms.lock
flock 9
# dkms strips debug information from what it installs: it need not be made first.
export KCFLAGS=-g0
# Nor BTF, which the kernel's makefiles make out of it: pahole fails where there is none (Debian 13).
export MAKEFLAGS='CONFIG_DEBUG_INFO_BTF_MODULES='
for source in /usr/src/nvidia*; do
    [ -f "$source/dkms.conf" ] || continue
    # dkms.conf is shell by definition; only its two names are of interest.
    name=$(set +eu; . "$source/dkms.conf" >/dev/null 2>&1; echo "$PACKAGE_NAME")
    version=$(set +eu; . "$source/dkms.conf" >/dev/null 2>&1; echo "$PACKAGE_VERSION")
    case "$version" in "$driver") ;; *) continue ;; esac
    [ -e "/var/lib/dkms/$name/$version/source" ] || dkms add -m "$name" -v "$version"
    for kernel in $kernel_to_serve; do
        if [ ! -e "/lib/modules/$kernel/build/Makefile" ]; then
            echo "no headers for $kernel: no module can be built for it"
            continue
        fi
        # DKMS believes its own records: look for the file too.
        # Not `grep -q`: it leaves dkms with a broken pipe to complain about.
        if dkms status -m "$name" -v "$version" -k "$kernel" | grep ': installed$' >/dev/null &&
            [ -n "$(find "/lib/modules/$kernel/updates" "/lib/modules/$kernel/extra" -name 'nvidia*.ko*' -size +0 2>/dev/null)" ]
        then
            continue
        fi
        echo "$kernel" >kernel
        if ! dkms install -m "$name" -v "$version" -k "$kernel" --force; then
            log=/var/lib/dkms/$name/$version/build/make.log
            echo "DKMS could not build $name $version for $kernel; the end of $log:"
            tail -n 12 "$log" 2>/dev/null || true
            exit 1
        fi
    done
done
}

stop_building() {
    if [ -s "$work/pid" ]; then kill -- "-$(cat "$work/pid")" 2>/dev/null; fi
}

# Builds for kernel $1, and gives way when a package manager comes: its own hooks may build, and two
# builds of one source spoil each other.
build_for() {
    while :; do
        rm -f "$work/pid" "$work/code"
        gave_way=no
        (
            cd "$work" && setsid "$R/opt/gpuwright/lib/kernel-guard" build "$1" "$driver" </dev/null
            echo $? >"$work/code"
        ) &
        while [ ! -s "$work/code" ]; do
            if [ $gave_way = no ] && locked; then
                gave_way=yes
                say "a package manager begins its work: the build waits"
                stop_building
            fi
            sleep 0.2
        done
        wait
        [ $gave_way = yes ] || return "$(cat "$work/code")"
        wait_free || return 1
        ! has_module "$1" || return 0
    done
}

can_build() { awk -F '\t' '$3 == "" { found = 1 } END { exit !found }' "$work/lacking"; }

build_missing() {
    awk -F '\t' '$3 == "" { print $1 }' "$work/lacking" >"$work/wanted"
    while read -r kernel; do
        say "kernel $kernel has no NVIDIA module $driver: building it"
        if build_for "$kernel"; then
            say "the NVIDIA module $driver for kernel $kernel is built"
        else
            # Once per boot: every further transaction would else build in vain for minutes.
            : >"$RUN/guard-failed-$kernel-$driver"
            say "building the NVIDIA module $driver for kernel $kernel failed"
        fi
    done <"$work/wanted"
    rm -f "$work/pid"
}

newest_entry() { sed -n "s/^entry${TAB}[^${TAB}]*${TAB}//p" "$work/menu" | head -n 1; }

ours() { [ -z "$1" ] || grep -qsxF -- "$1" "$CHOICE"; }

# The policy "follow": GRUB's saved entry is the newest kernel that has a module.
choose() {
    [ "$POLICY" = follow ] && [ -s "$work/menu" ] || return 0
    saved=$(grubenv saved_entry)
    if ! ours "$saved"; then
        say "somebody chose GRUB's entry '$saved': it stays. To let the guard choose again:" \
            "$EDITENV - unset saved_entry; $R/opt/gpuwright/lib/kernel-guard"
        return 0
    fi
    wanted=$(grep "^entry$TAB" "$work/menu" | while IFS=$TAB read -r _ kernel name; do
        ! is_ready "$kernel" || { printf '%s\n' "$name"; break; }
    done)
    if [ -z "$wanted" ] || [ "$wanted" = "$saved" ]; then return 0; fi
    # Both names until it is done, so that a power cut in between makes neither a stranger's.
    printf '%s\n%s\n' "$saved" "$wanted" >"$CHOICE"
    $EDITENV - set "saved_entry=$wanted" || { say "GRUB's environment cannot be written"; return 0; }
    printf '%s\n' "$wanted" >"$CHOICE"
    say "GRUB boots '$wanted' from now on: its kernel has the NVIDIA module $driver"
    look
}

adopt() {
    if [ ! -e "$CHOICE" ]; then grubenv saved_entry >"$CHOICE"; fi
    # There a new kernel makes itself the default, as soon as it is installed.
    [ ! -e "$SYSCONFIG" ] || sed -i "s/^UPDATEDEFAULT=yes\$/UPDATEDEFAULT=no $OURS/" "$SYSCONFIG"
}

release() {
    saved=$(grubenv saved_entry)
    if [ -n "$saved" ] && ours "$saved"; then
        # Back to what the distribution does by itself: the first entry, or the newest kernel's.
        newest=$(newest_entry)
        if [ -e "$SYSCONFIG" ] && [ -n "$newest" ]; then $EDITENV - set "saved_entry=$newest"
        else $EDITENV - unset saved_entry; fi
    fi
    [ ! -e "$SYSCONFIG" ] || sed -i "s/^UPDATEDEFAULT=no $OURS\$/UPDATEDEFAULT=yes/" "$SYSCONFIG"
    rm -f "$CHOICE"
}

# ---- telling ------------------------------------------------------------------------------------

quoted() { printf '"%s"' "$(printf %s "$1" | tr '\000-\037' '?' | sed 's/[\\"]/\\&/g')"; }

place() {
    place_rest=/$1/ place_at='' place_turns=0 place_me=$(id -u)
    while [ -n "$place_rest" ]; do
        place_name=${place_rest%%/*} place_rest=${place_rest#*/}
        case $place_name in
        .) continue ;;
        '') [ -z "$place_at" ] || continue ;;
        ..) place_at=${place_at%/*}; continue ;;
        esac
        place_path=$place_at/$place_name
        if [ ! -e "$place_path" ] && [ ! -L "$place_path" ]; then
            (umask 022 && mkdir "$place_path" 2>/dev/null) || [ -d "$place_path" ] || {
                echo "$place_path cannot be made: is its disk full, or read-only?"
                return 1
            }
        fi
        place_seen=$(stat -c '%u %g %f' "$place_path") || return 1
        place_owner=${place_seen%% *} place_mode=$((0x${place_seen##* }))
        if [ "$place_owner" != 0 ] && [ "$place_owner" != "$place_me" ]; then
            echo "$place_path belongs to $(stat -c %U "$place_path") and not to root, who would be led" \
                "by that user. Look at it, then: chown -h root:root $place_path"
            return 1
        fi
        case $((place_mode & 0170000)) in
        $((0120000)))
            place_turns=$((place_turns + 1))
            [ $place_turns -le 40 ] || { echo "$1 leads through too many links"; return 1; }
            place_to=$(readlink "$place_path")
            case $place_to in /*) place_at='' ;; esac
            place_rest=$place_to/$place_rest
            continue ;;
        $((0040000))) ;;
        *) echo "$place_path is no folder"; return 1 ;;
        esac
        # With an access list, the rights of the group are the most that any name in it has.
        if [ $((place_mode & 02)) -ne 0 ]; then place_open=yes
        elif [ $((place_mode & 020)) -eq 0 ]; then place_open=no
        else
            case "${place_seen% *} $(ls -ld "$place_path")" in
            "$place_owner 0 "?????????? | "$place_owner 0 "??????????[!+]*) place_open=no ;;
            *) place_open=yes ;;
            esac
        fi
        case $place_rest in *[!/]*) [ $((place_mode & 01000)) -eq 0 ] || place_open=no ;; esac
        if [ $place_open = yes ]; then
            echo "others than root may write to $place_path, and so could swap what root puts there." \
                "Look at it, then: chmod go-w $place_path"
            return 1
        fi
        place_at=$place_path
        [ "$place_at" != / ] || place_at=''
    done
}

# Puts standard input in the place of file $1, whole or not at all. In a folder that is not root's
# alone, its owner does: what lies there under a name may lead elsewhere.
put() {
    cat >"$work/new" || return 0
    set -- "$1" "$(cksum <"$work/new")"
    if foreign=$(place "${1%/*}"); then put_as "$@" sh; return 0; fi
    owner=$(stat -L -c '%u %g' "${1%/*}") || return 0
    case $owner in '0 '*) owner="65534 ${owner#0 }" ;; esac
    put_as "$@" setpriv --reuid "${owner% *}" --regid "${owner#* }" --clear-groups \
        --no-new-privs -- sh || say "($foreign)"
}

put_as() {
    put_file=$1 put_sum=$2
    shift 2
    # shellcheck disable=SC2016 # the inner shell's own
    timeout -k 1 10 "$@" -c '
        fresh=$(mktemp "${1%/*}/.gpuwright.XXXXXX") || exit 1
        if cat >"$fresh" && [ "$(cksum <"$fresh")" = "$2" ] && chmod 644 "$fresh" &&
            mv -fT "$fresh" "$1"; then exit 0; fi
        rm -f "$fresh"
        exit 1
    ' sh "$put_file" "$put_sum" <"$work/new" 2>&1 && return 0
    say "$put_file could not be written, and is as it was: is its disk full?"
    return 1
}

tell() {
    ready=false
    if [ -z "$driver" ]; then why="no NVIDIA driver is installed"
    elif [ -z "$next" ]; then why="no kernel that could boot was found"
    elif is_ready "$next"; then ready=true why="it has the NVIDIA module $driver"
    else why=$(why_not "$next"); fi
    {
        say "{"
        say "  \"kernel\": $(quoted "$next"),"
        say "  \"ready\": $ready,"
        say "  \"why\": $(quoted "$why"),"
        say "  \"driver\": $(quoted "$driver"),"
        say "  \"policy\": $(quoted "$POLICY"),"
        printf '  "waiting": {'
        comma=
        [ -z "$driver" ] || cut -f 1 "$work/lacking" | while read -r kernel; do
            [ "$kernel" != "$next" ] || continue
            printf '%s%s: %s' "$comma" "$(quoted "$kernel")" "$(quoted "$(why_not "$kernel")")"
            comma=', '
        done
        say "},"
    } >"$work/record"
    if ! sed '/^  "since"/,$d' "$RECORD" 2>/dev/null | cmp -s - "$work/record"; then
        { cat "$work/record"; say "  \"since\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\""; say "}"; } |
            put "$RECORD"
        say "next boot: kernel ${next:-?}, ready: $ready ($why)"
    fi
    message
    metrics
}

message() {
    [ -n "$MOTD" ] || return 0
    if [ $ready = true ] || [ -z "$driver" ]; then
        rm -f "$R$MOTD"
        return 0
    fi
    put "$R$MOTD" <<END

*** The next boot will have no GPU: kernel $next boots next, and
*** $why.
*** Fix it before a reboot: deploys/driver_repair.py of gpuwright$(by_hand).

END
}

by_hand() {
    case $why in *headers*) ;; *) return ;; esac
    if [ "$MANAGER" = apt ]; then printf ', or apt-get install linux-headers-%s' "$next"
    else printf ', or dnf install kernel-devel-%s' "$next"; fi
}

# For the textfile collector of Prometheus's node_exporter.
metrics() {
    for folder in ${TEXTFILE:+"$R$TEXTFILE"} "$R/var/lib/prometheus/node-exporter" \
        "$R/var/lib/node_exporter/textfile_collector"; do
        [ -d "$folder" ] || continue
        put "$folder/gpuwright.prom" <<END
# HELP gpuwright_next_boot_ready Whether the kernel that boots next has a module of the NVIDIA driver.
# TYPE gpuwright_next_boot_ready gauge
gpuwright_next_boot_ready{kernel=$(quoted "$next")} $([ $ready = true ] && echo 1 || echo 0)
# HELP gpuwright_next_boot_checked_timestamp_seconds When that was looked at.
# TYPE gpuwright_next_boot_checked_timestamp_seconds gauge
gpuwright_next_boot_checked_timestamp_seconds $(date +%s)
END
        return 0
    done
}

# ---- the whole ----------------------------------------------------------------------------------

guard() {
    # In the middle of a transaction nothing that is seen is final.
    if busy && ! wait_free; then say "the package manager has been at work for hours: only looking"; fi
    round=0
    while [ $round -lt 5 ]; do
        round=$((round + 1))
        before=$(signature)
        look
        if can_build; then
            if wait_free; then look; build_missing; look
            else say "nothing is built: the package manager has been at work for hours"; fi
        fi
        choose
        tell
        # systemd does not see what happens while this runs, nor what a transaction that has begun
        # is about to bring.
        if locked; then wait_free || return 0
        elif [ "$(signature)" = "$before" ]; then return 0; fi
    done
}

mkdir -p "$RUN" "$STATE"
if [ "${1:-}" = build ]; then
    build "$2" "$3"
    exit 0
fi
work=$(mktemp -d "$RUN/guard.XXXXXX") || exit 0
trap 'stop_building; rm -rf "$work"' EXIT
# Lists that were cut would be believed: rather none at all.
head -c 262144 /dev/zero 2>/dev/null >"$work/new" && [ "$(wc -c <"$work/new")" = 262144 ] || {
    say "nothing was looked at, and what was told stays: is the disk of $RUN full?"
    exit 0
}
trap 'exit 0' HUP INT TERM

case ${1:-} in
'') rm -f "$RUN"/guard-failed-*; guard ;;
watch) guard ;;
now) look; choose; tell ;;
adopt) look; adopt ;;
release) look; release ;;
*) say "usage: kernel-guard [watch|now|adopt|release]"; exit 64 ;;
esac
exit 0
