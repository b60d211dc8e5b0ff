# Asks package repositories for their key, and for the versions of some packages. POSIX sh.
#
# Arguments: PACKAGES, then KIND KEY INDEX PACKAGES-INDEX for each repository: whole addresses of
# its key file and of the folders with its index (apt: Release; dnf: repodata/) and with apt's
# Packages. From file 3 a line for each repository: how its program is told a user and a password,
# as apt's auth.conf or curl's configuration has it; empty where it needs none. What is fetched lies
# in a folder of its own below /tmp and goes away; the output has the form of facts/probe/head.sh.
# $surroundings is set before: a file that is sourced, or nothing.

export LC_ALL=C LANG=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022

sec() { printf '##%s %s\n' "$N" "$1"; }
part() { printf '##%s @%s\n' "$N" "$1"; }
# The reason in one line, with passwords in addresses hidden.
no() {
  printf '##%s !repository%s %s\n' "$N" "$1" \
    "$(printf %s "$2" | tr '\n' ' ' | sed 's#://[^/"[:space:]]*@#://HIDDEN@#g' | cut -c 1-400)"
}
bound() { if command -v timeout >/dev/null; then timeout -k 5 "$@"; else shift; "$@"; fi; }

# get FILE ADDRESS [KIB]: with the program that the package manager itself would use, and its proxy.
# What is longer than so many KiB (an index: 256 MiB) is not fetched to its end.
get() {
  rm -f "$1"
  (ulimit -f $((${3:-262144} * 2)); fetched "$@") && return
  [ ! -e "$1" ] || [ "$(wc -c <"$1")" -lt $((${3:-262144} * 1024)) ] ||
    printf 'curl: it is longer than %s KiB\n' "${3:-262144}" >said
  return 1
}
fetched() {
  if [ -x /usr/lib/apt/apt-helper ] && [ "$kind" = apt ]; then
    bound 120 /usr/lib/apt/apt-helper -q -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
      -o Acquire::https::Timeout=20 ${login:+-o "Dir::Etc::netrc=$folder/login"} \
      download-file "$2" "$1" >said 2>&1 && [ -s "$1" ]
  else
    proxy=$(sed -n 's/^proxy[ =]*//p' /etc/dnf/dnf.conf 2>/dev/null | head -n 1)
    # Its command line is in the list of processes; the proxy's address may hold a password too.
    printf 'url = "%s"\n%s\n%s\n' "$2" "$login" "${proxy:+proxy = \"$proxy\"}" |
      curl --config - -fsSL --retry 2 --connect-timeout 20 --max-time 120 -o "$1" \
        >said 2>&1 && [ -s "$1" ]
  fi
}
failed() {
  no "$1" "$2 cannot be fetched: $(grep '^E: Failed\|^curl' said || tail -n 2 said)"
}

opened() {
  case $1 in
    *.gz) gzip -dc "$2" ;; *.xz) xz -dc "$2" ;; *.zst) zstd -qdc "$2" ;; *.bz2) bzip2 -dc "$2" ;;
    *) cat "$2" ;;
  esac
}

wanted() { awk -F'|' -v names="$packages" '
  BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) want[list[i]] = 1 }
  $1 in want'; }

# NVIDIA's container toolkit has an InRelease only, and no Packages.gz; the release file tells what
# there is.
apt_offer() {
  get release "${index}Release" 16384 || get release "${index}InRelease" 16384 ||
    { failed "$1" "${index}Release"; return; }
  part label; sed -n 's/^Label:[[:space:]]*//p' release | head -n 1 | cut -c 1-200
  name=Packages.gz
  for end in .gz .xz ''; do
    grep -q " ${list#"$index"}Packages$end\$" release || continue
    name=Packages$end; break
  done
  # By this name apt opens it, on a bare host too, which has no xz.
  get "$name" "$list$name" || { failed "$1" "$list$name"; return; }
  part offer
  /usr/lib/apt/apt-helper cat-file "$name" | awk '/^Package: / { name = $2 } /^Version: / { print name "|" $2 }' | wanted
}

# createrepo's metadata: repomd.xml names the file that lists the packages.
dnf_offer() {
  get repomd "${index}repodata/repomd.xml" 4096 || { failed "$1" "${index}repodata/repomd.xml"; return; }
  primary=$(tr '\n' ' ' <repomd | sed 's/<data /\n&/g' |
    sed -n 's/^<data [^>]*type="primary".*<location [^>]*href="\([^"]*\)".*/\1/p' | head -n 1)
  [ -n "$primary" ] || { no "$1" "${index}repodata/repomd.xml names no list of packages"; return; }
  get index "$index$primary" || { failed "$1" "$index$primary"; return; }
  part offer
  opened "$primary" index | tr '\n' ' ' | sed 's/<package /\n&/g' | sed -n \
    's/.*<name>\([^<]*\)<\/name>.*<version [^>]*ver="\([^"]*\)"[^>]*rel="\([^"]*\)".*/\1|\2-\3/p' |
    wanted
}

nowhere() {
  at=0
  while [ $# -ge 4 ]; do
    sec "repository $at"
    no $at "no folder can be made for what is fetched: $around"
    shift 4; at=$((at + 1))
  done
  printf '##%s end\n' "$N"
}

main() {
  N=; IFS= read -r N </proc/sys/kernel/random/uuid || N=$$-$(date +%s)
  printf '##gpuwright-probe 1 %s\n' "$N"
  packages=$1; shift
  around=$(mktemp -d 2>&1) && cd "$around" || { nowhere "$@"; return; }
  # shellcheck disable=SC1090,SC2154 # host data's proxy, of the run at work
  [ -z "$surroundings" ] || . "$surroundings"
  # apt fetches as its own user, who must be able to write here.
  folder=$(mktemp -d) && cd "$folder" && chmod 755 . && { chown _apt . 2>/dev/null || :; }
  at=0
  while [ $# -ge 4 ]; do
    kind=$1 index=$3 list=$4 login=
    IFS= read -r login <&3 || :
    [ -z "$login" ] || (umask 077; printf '%s\n' "$login" >login)
    sec "repository $at"
    if get "$folder/key" "$2" 1024; then
      part key; base64 <key
      case $kind in apt) apt_offer $at ;; *) dnf_offer $at ;; esac
    else failed $at "$2"; fi
    shift 4; at=$((at + 1))
  done
  cd / && rm -rf "$folder" "$around"
  printf '##%s end\n' "$N"
}

main "$@" </dev/null
