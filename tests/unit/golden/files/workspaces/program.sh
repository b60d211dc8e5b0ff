#!/bin/sh
# Written by gpuwright: changes made by hand are overwritten at its next run.
# Brings a user's workspace up or down: the unit gpuwright-workspace@USER calls this.
#
#   workspace up USER      makes the container where it is missing or of other values, and starts it
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

# Docker follows the path to the code folder with root's rights. So it is looked at with the user's.
code_is_theirs() {
    code=$(docker container inspect -f '{{range .Mounts}}{{if eq .Destination "/workspace/code"}}{{.Source}}{{end}}{{end}}' "$name")
    [ -n "$code" ] || return 0
    # shellcheck disable=SC2016 # the inner shell's own
    timeout -k 1 30 setpriv --reuid "$(id -u "$user")" --regid "$(id -g "$user")" \
        --groups "$(id -G "$user" | tr ' ' ,)" --no-new-privs -- \
        sh -c 'cd -- "$1" && test -r . -a -x .' sh "$code" 2>/dev/null && return 0
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
    [ -n "$have" ] || "$create" >/dev/null
    code_is_theirs
    docker start "$name" >/dev/null
    ;;
down)
    if [ -n "$(label values)" ]; then docker stop -t 20 "$name" >/dev/null; fi
    ;;
esac
