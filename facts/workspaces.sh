# What there is of workspaces: users, folders, ports, images, containers, GPUs. Functions for the
# frame that is sent before this; `workspaces` is called with
# "user NAME CODE" (CODE may be empty) and "port NUMBER", repeated.

OURS=/var/lib/gpuwright/workspaces
LABEL=org.gpuwright

# Whether the user's own groups and id may list the folder: what the container's processes can do.
allowed() { bound 5 setpriv --reuid "$1" --regid "$2" --groups "$3" -- test -r "$4" -a -x "$4" 2>/dev/null; }

users() {
  sec users
  while [ $# -gt 0 ]; do
    case $1 in
    user)
      entry=$(getent passwd "$2")
      if [ -n "$entry" ]; then
        uid=$(id -u "$2") gid=$(id -g "$2") groups=$(id -G "$2" | tr ' ' ,)
        home=$(printf %s "$entry" | cut -d: -f6)
        printf 'user|%s|%s|%s|%s|%s\n' "$2" "$uid" "$gid" "$groups" "$home"
        code=${3:-$home/code}
        # An unprivileged look, so that a folder of another host is seen as its owner sees it.
        if bound 5 setpriv --reuid "$uid" --regid "$gid" --groups "$groups" -- test -d "$code" ||
          bound 5 test -d "$code"
        then if allowed "$uid" "$gid" "$groups" "$code"; then ok=yes; else ok=no; fi
        else ok=absent; fi
        printf 'code|%s|%s|%s\n' "$2" "$ok" "$code"
      fi
      shift 3 ;;
    *) shift 2 ;;
    esac
  done
}

ports() {
  sec ports
  have ss || return
  part listeners
  while [ $# -gt 0 ]; do
    case $1 in
    port) ss -Hltnp "sport = :$2" 2>/dev/null; shift 2 ;;
    *) shift 3 ;;
    esac
  done
}

docker_state() {
  sec docker
  if ! have docker; then part why; echo "no docker command is on this host"; return; fi
  version=$(bound 20 docker version -f '{{.Server.Version}}' 2>&1) || {
    part why; printf '%s\n' "$version" | tail -n 1 | cut -c 1-300; return
  }
  part version; printf '%s\n' "$version"
  part limits; docker info -f '{{.MemoryLimit}}|{{.CPUCfsQuota}}' 2>/dev/null
  # Where root may not raise it, a container that asks for more does not start (runc, setrlimit).
  prlimit --memlock=unlimited:unlimited true 2>/dev/null || {
    part most_locked; prlimit --memlock --noheadings --raw -o HARD
  }
  part images; docker images --no-trunc --format '{{.ID}}|{{.Repository}}:{{.Tag}}' 2>/dev/null
  part published; docker ps --format '{{.Names}}|{{.Ports}}' 2>/dev/null
  part names; docker ps -a --filter name=gpuwright-workspace- --format '{{.Names}}' 2>/dev/null
  part containers
  ids=$(docker ps -aq --filter "label=$LABEL.workspace" 2>/dev/null)
  [ -n "$ids" ] || return
  # shellcheck disable=SC2086 # ids are hexadecimal
  docker inspect -f "{{.Name}}|{{index .Config.Labels \"$LABEL.workspace\"}}|{{index .Config.Labels \"$LABEL.values\"}}|{{index .Config.Labels \"$LABEL.gpus\"}}|{{.Image}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}|{{.RestartCount}}" $ids 2>/dev/null
}

folders() {
  sec workspaces
  for d in "$OURS"/*/; do
    [ -d "$d" ] || continue
    u=${d%/}; u=${u##*/}
    part "$u"
    f=$d/secrets/jupyter_token
    [ -f "$f" ] && printf 'token|%s\n' "$(stat -c '%u %a %s' "$f")"
    f=$d/secrets/authorized_keys
    # Its owner is the user, who cannot move it, but may let it grow.
    [ -f "$f" ] && printf 'keys|%s\n' "$(bound 5 head -c 1048576 "$f" | sha256sum | cut -d' ' -f1)"
    [ -d "$d/home" ] && printf 'home|%s\n' "$(stat -c %u "$d/home")"
    unit=gpuwright-workspace@$u.service
    printf 'unit|%s|%s\n' "$(systemctl is-active "$unit" 2>/dev/null)" \
      "$(systemctl is-enabled "$unit" 2>/dev/null)"
    [ -f "$d/record.json" ] && printf 'record|%s\n' "$(tr '\n' ' ' <"$d/record.json")"
  done
}

gpus() {
  sec gpus
  if ! have nvidia-smi; then part why; echo "nvidia-smi is not on this host"; return; fi
  said=$(bound 30 nvidia-smi -L 2>&1) || { part why; printf '%s\n' "$said" | tail -n 2; return; }
  part list; printf '%s\n' "$said"
}

workspaces() { users "$@"; ports "$@"; docker_state; folders; gpus; }
