# What workspaces answer on their ports, and what they see. Functions for the frame that is sent
# before this; `answers` is called with the seconds to wait, and for each workspace with
# "USER ADDRESS LAB TENSORBOARD SSH GPUS": ports (0: not asked) and whether GPUs are asked for.
#
# bash opens the connection, so that the host needs no client; the token goes from its file into
# the request, and into no process's words.

# HTTP status of a path; 0 where nothing answers.
status() {
  # shellcheck disable=SC2016 # bash's own
  code=$(bound 8 bash -c '
    exec 3<>"/dev/tcp/$1/$2" || exit 1
    {
      printf "GET %s HTTP/1.0\r\nHost: localhost\r\n" "$3"
      [ -z "$4" ] || printf "Authorization: token %s\r\n" "$(head -c 4096 "$4" | tr -d "\r\n")"
      printf "\r\n"
    } >&3
    IFS=" " read -r _ code _ <&3 && printf %s "${code%%[!0-9]*}"
  ' bash "$1" "$2" "$3" "$4" 2>/dev/null)
  printf %s "${code:-0}"
}

banner() {
  # shellcheck disable=SC2016 # bash's own
  bound 8 bash -c 'exec 3<>"/dev/tcp/$1/$2" && IFS= read -r line <&3 && printf %s "${line%?}"' \
    bash "$1" "$2" 2>/dev/null
}

# "running", unless the container ended, or ends again and again.
alive() {
  docker inspect -f '{{if gt .RestartCount 2}}failing{{else}}{{.State.Status}}{{end}}' "$1" 2>/dev/null
}

# The three ports of one workspace, once all that were asked for answer or the time is over.
ask() {
  lab=0 board=0 said=
  while :; do
    [ "$lab" = 200 ] || lab=$(status "$2" "$3" /api)
    [ "$4" = 0 ] || [ "$board" = 200 ] || board=$(status "$2" "$4" /)
    [ "$5" = 0 ] || [ -n "$said" ] || said=$(banner "$2" "$5")
    if [ "$lab" = 200 ]; then
      { [ "$4" = 0 ] || [ "$board" = 200 ]; } && { [ "$5" = 0 ] || [ -n "$said" ]; } && return
    fi
    [ "$(alive "gpuwright-workspace-$1")" = running ] || return
    [ "$(date +%s)" -lt "$deadline" ] || return
    sleep 1
  done
}

answers() {
  sec answers
  deadline=$(($(date +%s) + $1)); shift
  while [ $# -ge 6 ]; do
    token=/var/lib/gpuwright/workspaces/$1/secrets/jupyter_token
    name=gpuwright-workspace-$1
    ask "$@"
    part "$1"
    printf 'lab|%s\n' "$lab"
    [ "$4" = 0 ] || printf 'tensorboard|%s\n' "$board"
    [ "$5" = 0 ] || printf 'ssh|%s\n' "$said"
    if [ "$lab" = 200 ]; then
      printf 'without|%s\n' "$(status "$2" "$3" /api/status)"
      printf 'with|%s\n' "$(status "$2" "$3" /api/status "$token")"
      if [ "$6" = yes ]; then
        if list=$(bound 60 docker exec "$name" nvidia-smi -L 2>&1 </dev/null); then
          printf 'gpus|%s\n' "$(printf '%s\n' "$list" | grep -c '^GPU ')"
        else printf 'why|%s\n' "$(printf '%s\n' "$list" | tail -n 1)"; fi
      fi
    else
      printf 'state|%s\n' "$(alive "$name")"
      # An empty pattern would match every line; then nothing is shown, which is safe.
      docker logs --tail 25 "$name" 2>&1 | bound 5 grep -avF -f "$token" | cut -c 1-300 | sed 's/^/log|/'
    fi
    shift 6
  done
}
