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
    docker start "$name" >/dev/null
    ;;
down)
    if [ -n "$(label values)" ]; then docker stop -t 20 "$name" >/dev/null; fi
    ;;
esac
