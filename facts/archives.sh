# Asks archives of the host's own sources for their Release files, all at once. POSIX sh.
#
# Arguments: SURROUNDINGS, a file that is sourced before (or nothing), then FILE ADDRESS for each
# archive: the source file that names it, and the address of the folder with its Release file, where
# HIDDEN@ stands for a user and password that are in that file. The output has the form of
# facts/probe/head.sh.

export LC_ALL=C LANG=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022

hidden() { sed 's#://[^/[:space:]]*@#://HIDDEN@#g'; }
bound() { if command -v timeout >/dev/null; then timeout -k 5 "$@"; else shift; "$@"; fi; }

# get FILE ADDRESS: with apt's own program, so its proxy, passwords and certificates count.
get() {
  bound 40 /usr/lib/apt/apt-helper -q -o Acquire::Retries=1 -o Acquire::http::Timeout=15 \
    -o Acquire::https::Timeout=15 download-file "$2" "$1" >"$1.said" 2>&1 && [ -s "$1" ]
}

# The address with what is hidden in it, from the file that names it.
whole() {
  case $2 in
    *://HIDDEN@*)
      rest=$(printf %s "${2#*://HIDDEN@}" | cut -d/ -f1 | sed 's/[].*^$[]/\\&/g')
      user=$(sed -n "s#.*://\\([^/[:space:]]*\\)@$rest\\([/[:space:]].*\\)\\{0,1\\}\$#\\1#p" "$1" | head -n 1)
      printf '%s://%s@%s\n' "${2%%://*}" "$user" "${2#*://HIDDEN@}" ;;
    *) printf '%s\n' "$2" ;;
  esac
}

ask() {
  address=$(whole "$2" "$3")
  if get "$1.in" "${address}InRelease" || get "$1.out" "${address}Release"; then
    {
      printf '##%s @release\n' "$N"
      cat "$1.in" "$1.out" 2>/dev/null | head -n 200 |
        grep -E '^(Origin|Label|Suite|Codename|Version|Components|Date):' | cut -c 1-400
    } >"$1.told"
  else
    why=$(grep -h '^E: Failed' "$1.in.said" | sed 's/^E: Failed to fetch [^ ]* *//' | head -n 1)
    [ -n "$why" ] || why=$(tail -n 1 "$1.in.said")
    printf '##%s !archive%s %s\n' "$N" "$1" "$(printf %s "${why:-no answer within 40 s}" | hidden | cut -c 1-400)" >"$1.told"
  fi
}

main() {
  N=; IFS= read -r N </proc/sys/kernel/random/uuid || N=$$-$(date +%s)
  printf '##gpuwright-probe 1 %s\n' "$N"
  # apt fetches as its own user, who must be able to write here.
  folder=$(mktemp -d) && cd "$folder" && chmod 755 . && { chown _apt . 2>/dev/null || :; } || {
    printf '##%s asked\n##%s !asked no folder can be made below /tmp\n##%s end\n' "$N" "$N" "$N"
    return
  }
  # shellcheck disable=SC1090 # of the run at work
  [ -z "$1" ] || . "$1"
  shift
  at=0
  while [ $# -ge 2 ]; do
    ask $at "$1" "$2" &
    shift 2; at=$((at + 1))
  done
  wait
  last=$at at=0
  printf '##%s asked\n' "$N"
  while [ $at -lt $last ]; do
    printf '##%s archive %s\n' "$N" $at
    [ ! -f $at.told ] || cat $at.told
    at=$((at + 1))
  done
  cd / && rm -rf "$folder"
  printf '##%s end\n' "$N"
}

main "$@" </dev/null
