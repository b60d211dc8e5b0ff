#!/bin/sh
# Written by gpuwright: changes made by hand are overwritten at its next run.
# Brings a user's workspace up or down: the unit gpuwright-workspace@USER calls this.
#
#   workspace up USER      makes the container where it is missing or of other values, and starts it
#   workspace hold USER    only holds the code folder, for who starts the container otherwise
#   workspace down USER    stops it; notebooks have 20 s to write what they have
set -eu
action=$1 user=$2
name=gpuwright-workspace-$user
create=/opt/gpuwright/lib/workspaces/$user/create

# The value of one of our labels; nothing where there is no such container.
label() { docker container inspect -f "{{index .Config.Labels \"org.gpuwright.$1\"}}" "$name" 2>/dev/null || :; }

if docker container inspect "$name" >/dev/null 2>&1 && [ "$(label workspace)" != "$user" ]; then
    echo "WORKSPACE-FOREIGN: the container $name is not ours; rename it" >&2
    exit 1
fi

# Docker follows a path with root's rights each time it starts a container, by itself after a restart or
# a crash too. So a process of the user's goes into the code folder, and where it came to is held by a
# mount in a folder of root's: that leads nowhere else, and after a boot it is not there.
held=/run/gpuwright/workspaces/$user/code
born() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
hold_code() {
    code=$(cat "/opt/gpuwright/lib/workspaces/$user/code")
    (umask 022 && mkdir -p "$held")
    seen=/run/gpuwright/workspaces/$user/seen
    : >"$seen"
    # shellcheck disable=SC2016 # the inner shell's own
    setpriv --reuid "$(id -u "$user")" --regid "$(id -g "$user")" \
        --groups "$(id -G "$user" | tr ' ' ,)" --no-new-privs -- \
        sh -c 'cd -- "$1" && test -r . -a -x . && echo here && exec sleep 60' sh "$code" \
        >"$seen" 2>/dev/null &
    inside=$!
    tries=0
    until [ -s "$seen" ] || [ $tries -ge 300 ] || ! kill -0 $inside 2>/dev/null; do
        sleep 0.1
        tries=$((tries + 1))
    done
    good=
    if [ -s "$seen" ] && before=$(born $inside) &&
        [ "$(awk '/^Uid:/ { print $2 }' /proc/$inside/status)" = "$(id -u "$user")" ]; then
        while umount "$held" 2>/dev/null; do :; done
        # mount(8) would follow the path itself; the kernel goes where that process is.
        if mount --no-canonicalize --bind "/proc/$inside/cwd" "$held"; then
            if [ "$(born $inside)" = "$before" ]; then good=yes; else umount "$held"; fi
        fi
    fi
    kill $inside 2>/dev/null || :
    rm -f "$seen"
    [ -z "$good" ] || return 0
    echo "WORKSPACE-CODE: $user may not list $code, so no container gets it (namei -l $code)" >&2
    return 1
}

case $action in
up)
    want=$(sed -n 's/.*--label org.gpuwright\.values=\([0-9a-f]*\).*/\1/p' "$create")
    have=$(label values)
    if [ -n "$have" ] && [ "$have" != "$want" ]; then
        docker stop -t 20 "$name" >/dev/null
        docker rm "$name" >/dev/null
        have=
    fi
    running=$(docker container inspect -f '{{.State.Running}}' "$name" 2>/dev/null || :)
    if [ -z "$have" ] || [ "$running" != true ]; then hold_code; fi
    [ -n "$have" ] || "$create" >/dev/null
    docker start "$name" >/dev/null
    ;;
hold)
    hold_code
    ;;
down)
    if [ -n "$(label values)" ]; then docker stop -t 20 "$name" >/dev/null; fi
    ;;
esac
