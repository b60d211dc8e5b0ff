# Container engines and what hands them GPUs: functions for the scripts that are sent behind this.

# Device files with their numbers, which a CDI spec repeats.
device_nodes() {
  part nodes
  stat -c '%F|%n|%t|%T' /dev/nvidia* /dev/nvidia-caps/* 2>/dev/null |
    while IFS='|' read -r kind f major minor; do
      case $kind in 'character '*) ;; *) continue ;; esac
      major=$((0x$major)) minor=$((0x$minor)) linked=
      [ ! -e "/dev/char/$major:$minor" ] || linked=yes
      printf '%s|%d|%d|%s\n' "$f" $major $minor $linked
    done
}

# Settings of a daemon as a part, read as their owner does. Docker's are a few KiB.
settings_of() {
  told=$(their "$1" "$2" "$3" 262144)
  case $told in
    whole*) part "$3"; printf %s "${told#whole }" | base64 -d | hidden - ;;
    why*) no "file:$3" "${told#why }" ;;
  esac
}

containers() {
  sec containers
  d=$(command -v docker) && { part docker; readlink -f "$d"; printf '%s\n' "$d"; }
  have podman && { part podman; echo yes; }
  for f in /etc/docker/daemon.json /etc/docker/daemon.json[.~]* /etc/docker/daemon.json-*; do
    settings_of "$(id -u)" "$(id -g)" "$f"
  done
  part no_cgroups
  grep -sE '^[[:space:]]*no-cgroups[[:space:]]*=[[:space:]]*true' \
    /etc/nvidia-container-runtime/config.toml
  sec cdi
  for f in /etc/cdi/*.yaml /etc/cdi/*.json /var/run/cdi/*.yaml /var/run/cdi/*.json; do
    [ -r "$f" ] && grep -q 'nvidia\.com/' "$f" || continue
    part "$f"
    grep -aE '^[[:space:]"-]*(path|major|hostPath|cdiVersion)"?:' "$f" | head -n 500 |
      sed -E 's/^[[:space:]"-]*(path|major|hostPath|cdiVersion)"?:[[:space:]]*"?([^",]*)"?,?[[:space:]]*$/\1|\2/' |
      while IFS='|' read -r key value; do
        # Of what is there only the libraries that tell the driver's version matter.
        case $key:$value in
          hostPath:*/libcuda.so.*.*|hostPath:*/libnvidia-ml.so.*.*) ;;
          hostPath:*) [ ! -e "$value" ] || continue ;;
        esac
        [ "$key" != hostPath ] || [ ! -e "$value" ] || key=library
        printf '%s|%s\n' "$key" "$value"
      done
  done
}

# Whether Docker's daemon is up. To ask it would start it, where systemd has its socket.
docker_runs() {
  have docker && first /run/docker.pid && [ -d "/proc/$line" ]
}

# What it says of itself, its images, and the containers that run.
docker_daemon() {
  sec docker_daemon
  part group; getent group docker | cut -d: -f4
  docker_runs || { no docker_daemon "it does not run"; return; }
  part info
  bound 10 docker info --format '{{json .}}' 2>/dev/null || {
    no docker_daemon "docker info gave no answer"; return
  }
  part started; stat -c %Y /run/docker.pid
  part images
  bound 10 docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | head -n 200
  ids=$(bound 10 docker ps --no-trunc -q 2>/dev/null)
  [ -n "$ids" ] || return
  part running
  # shellcheck disable=SC2086 # ids carry no blanks
  bound 20 docker inspect --format \
    '{{.Name}}|{{.Config.Image}}|{{.HostConfig.Runtime}}|{{json .HostConfig.DeviceRequests}}' \
    $ids 2>/dev/null
}

# The other engines' own settings, and who may talk to Docker. Arguments: names of users.
engine_settings() {
  sec engine_settings
  f=/etc/containerd/config.toml
  [ -r $f ] && { part $f; grep -aE '^[[:space:]]*(version|imports)[[:space:]]*=' $f; }
  for f in /etc/containerd/conf.d/*.toml; do
    [ -r "$f" ] && { part "$f"; hidden "$f"; }
  done
  if have podman; then
    part podman_images
    bound 10 podman image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | head -n 200
  fi
  part sums
  sha256sum /etc/docker/daemon.json /etc/containerd/config.toml 2>/dev/null
  users=
  for user in "$@"; do
    id=$(getent passwd "$user") || continue
    uid=$(printf %s "$id" | cut -d: -f3) gid=$(printf %s "$id" | cut -d: -f4)
    home=$(printf %s "$id" | cut -d: -f6)
    linger='' socket='' subordinate=''
    [ ! -e "/var/lib/systemd/linger/$user" ] || linger=yes
    [ ! -S "/run/user/$uid/docker.sock" ] || socket=yes
    ! grep -q "^\($user\|$uid\):" /etc/subuid || subordinate=yes
    users="$users$user|$uid|$home|$linger|$socket|$subordinate|$gid
"
    for f in "$home/.config/docker/daemon.json" "$home/.config/systemd/user/docker.service"; do
      settings_of "$uid" "$gid" "$f"
    done
  done
  part users; printf %s "$users"
}

engines() {
  containers; sec nodes; device_nodes; docker_daemon; engine_settings "$@"
}
