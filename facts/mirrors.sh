# Asks mirrors for what a run wants of them, and measures by bytes how they give it. POSIX sh, behind
# frame.sh. Changes nothing: what is fetched lies in a folder of its own and goes away.
#
# Arguments: MOST SECONDS ENOUGH LIMIT: bytes and seconds of one file at most; bytes per second from
# which the later mirrors of a kind are not measured; seconds after which no further one is.
# From file 3 a line per mirror, its fields divided by tabs, "-" for none, mirrors of a kind together:
#   KIND FORM INDEX PATTERN FILE ROOT LOGIN
# FORM: page     INDEX is a page of links, of which that whose name fits PATTERN (grep -E) is fetched;
#       apt      INDEX is the folder of Release, FILE that of Packages, ROOT that of package names;
#       dnf      INDEX is the folder with repodata/;
#       file     FILE is fetched, and there is no index.
# LOGIN: a line of curl's configuration. $surroundings is set before: a file that is sourced.

ms() { IFS=' .' read -r s c _ </proc/uptime; echo "$s${c}0"; }
tab=$(printf '\t')

# take FILE ADDRESS BYTES SECONDS: the beginning of it. `is` gets status|first|seconds|type|address
# and curl's exit status, `said` its words.
take() {
  rm -f "$1"; : >"$1"; : >said
  if have curl; then
    # Its command line is in the list of processes: what it fetches, and as whom, it reads.
    { printf 'url = "%s"\n%s\n' "$2" "$login" | curl --config - --silent --show-error \
        --location --max-redirs 5 --globoff --proto '=http,https' --proto-redir '=http,https' \
        --connect-timeout 8 --max-time "$4" --speed-limit 1 --speed-time 8 \
        --range "0-$(($3 - 1))" --output /dev/fd/3 --write-out \
        '%{http_code}|%{time_starttransfer}|%{time_total}|%{content_type}|%{url_effective}\n' \
        2>said
      echo "$?"; } 3>&1 >is | head -c "$3" >"$1"
  elif [ -x "$apt" ] && [ -z "$login" ]; then
    began=$(ms)
    # apt fetches as a user of its own, who has this one folder.
    rm -rf fetched && mkdir -m 700 fetched && { chown _apt fetched 2>/dev/null || :; }
    (ulimit -f $(($3 / 512)); bound "$4" "$apt" -q -o Acquire::Retries=0 \
      -o Acquire::http::Timeout=8 -o Acquire::https::Timeout=8 \
      download-file "$2" "$PWD/fetched/it") >said 2>&1 </dev/null
    code=$?
    [ -L fetched/it ] || [ ! -f fetched/it ] || head -c "$3" fetched/it >"$1"
    [ -s "$1" ] && status=200 ||
      status=$(sed -n 's/^E:.*  *\([1-5][0-9][0-9]\)  .*/\1/p' said | head -n 1)
    took=$(($(ms) - began))
    printf '%s||%s.%03d||\n%s\n' "${status:-000}" $((took / 1000)) $((took % 1000)) $code >is
  else
    printf '000||0||\n127\n' >is
    echo 'curl is not on this host yet' >said
  fi
}
status() { cut -d'|' -f1 is | head -n 1; }
address() { head -n 1 is | cut -d'|' -f5-; }
site() { of=${1#*://}; of=${of%%/*}; printf %s "${of##*@}"; }
came() { case $(status) in 200 | 206) [ -s "$1" ] ;; *) return 1 ;; esac; }
size() { wc -c <"$1" | tr -d ' '; }

# tell PART FILE: what `take` found.
tell() {
  part "$1"
  printf '%s|%s|%s\n' "$(size "$2")" "$(sed -n 2p is)" "$(head -n 1 is | printable | cut -c 1-1000)"
  # Passwords in addresses are hidden; apt's words begin with E: or W:.
  { grep -a '^curl\|^[EW]:' said || tail -n 1 said; } | head -n 1 | printable |
    sed 's#://[^/"[:space:]]*@#://HIDDEN@#g' | cut -c 1-300
  part "$1_look"
  head -c 4096 "$2" | tr '\000' ' ' | grep -aqi '<!doctype html\|<html' && echo html
  head -c 65536 "$2" | tr '\000' ' ' | grep -aqiE \
    'captcha|checking your browser|enable javascript|just a moment|verify you are human|are you a robot' &&
    echo browser
}

# The link on the page whose file's name fits; its address from where the page really came.
link() {
  tag=$(tr -d '\r' <page | tr '<' '\n' | grep -ai '^a[[:space:]]' |
    grep -aE "[hH][rR][eE][fF]=[\"']([^\"']*/)?$1([#?][^\"']*)?[\"']" | head -n 1)
  href=$(printf '%s\n' "$tag" | sed -n "s/.*[hH][rR][eE][fF]=[\"']\([^\"']*\)[\"'].*/\1/p" |
    sed 's/#.*//; s/&amp;/\&/g')
  # It goes into curl's configuration.
  case $href in '' | *[!A-Za-z0-9._~:/%+=\&,@?-]*) href=; return 1 ;; esac
  case $tag in
    *metadata=\"false\"*) promised= ;;
    *data-dist-info-metadata* | *data-core-metadata*) promised=yes ;;
    *) promised= ;;
  esac
  at_page=$(address); at_page=${at_page:-$index}; at_page=${at_page%%[?#]*}
  case $href in
    *://*) ;;
    //*) href=${at_page%%//*}$href ;;
    /*) rest=${at_page#*://}; href=${at_page%%://*}://${rest%%/*}$href ;;
    *) href=${at_page%/*}/$href ;;
  esac
  # curl takes /../ out of an address by itself, apt does not.
  rest=${href#*://}
  href=${href%%://*}://${rest%%/*}$(printf '/%s\n' "${rest#*/}" |
    sed -e ':a' -e 's#/[^/]*/\.\./#/#' -e 'ta')
}

# What is small: the index, its day, and where the wanted file is.
first_look() {
  sec "mirror $at"
  case $form in
    page)
      take page "$index" 4194304 15; tell index page
      part link
      if came page && link "$pattern"; then
        echo found; [ -z "$promised" ] || echo metadata
        printf '%s\n' "$href" >"link.$at"
      fi ;;
    apt)
      take "release.$at" "${index}InRelease" 4194304 15
      came "release.$at" || take "release.$at" "${index}Release" 4194304 15
      tell index "release.$at"
      part date; sed -n 's/^Date: *//p' "release.$at" | head -n 1 | printable | cut -c 1-60 ;;
    dnf)
      take "repomd.$at" "${index}repodata/repomd.xml" 4194304 15; tell index "repomd.$at"
      part date
      tr '\n' ' ' <"repomd.$at" | sed -n 's/.*<timestamp>\([0-9]*\).*/\1/p' | head -n 1; echo ;;
  esac
}

# The file that is measured: one that is really wanted, or the first package that is long enough.
bytes() {
  sec "mirror $at"
  case $form in
    page) [ -s "link.$at" ] || return 0; file=$(cat "link.$at") ;;
    apt)
      for end in .gz .xz ''; do
        grep -aq " ${file#"$index"}Packages$end\$" "release.$at" || continue
        name=Packages$end; break
      done
      take "${name:=Packages}" "$file$name" "$most" "$seconds"; tell file "$name"
      came "$name" || return 0
      file=$(opened "$name" | awk -v most="$most" '/^Filename: / { f = $2 }
        /^Size: / { s = $2 } /^$/ { if (s >= most) { print f; exit } s = 0 }')
      case $file in '' | *[!A-Za-z0-9._/%+=:~-]*) return 0 ;; esac
      file=$root${file#./} ;;
    dnf)
      name=$(tr '\n' ' ' <"repomd.$at" | sed 's/<data /\n&/g' |
        sed -n 's/^<data [^>]*type="primary".*<location [^>]*href="\([^"]*\)".*/\1/p' | head -n 1)
      case $name in '' | *[!A-Za-z0-9._/%+=:~-]*) return 0 ;; esac
      take primary "$index$name" "$most" "$seconds"; tell file primary
      came primary || return 0
      file=$(case $name in *.gz) gzip -dc primary ;; *.zst) zstd -qdc primary ;; *.xz) xz -dc primary ;;
        *) cat primary ;; esac 2>/dev/null | tr '\n' ' ' | sed 's/<package /\n&/g' |
        sed -n 's/.*<size [^>]*package="\([0-9]*\)".*<location href="\([^"]*\)".*/\1 \2/p' |
        awk -v most="$most" '$1 >= most { print $2; exit }')
      case $file in '' | *[!A-Za-z0-9._/%+=:~-]*) return 0 ;; esac
      file=$index$file ;;
  esac
  take body "$file" "$most" "$seconds"
  # The package may be gone where the list of packages came: that counts, and is told as such.
  part measured; printf '%s\n' "${file##*/}" | printable | cut -c 1-200
  tell bytes body
  from=$(address) got=$(size body)
  rate=$(head -n 1 is | awk -F'|' -v got="$got" '($1 == 200 || $1 == 206) && $3 > 0 {
    printf "%d", got / $3 }')
  if [ -n "$promised_of" ]; then
    take page "$file.metadata" 262144 15; tell metadata page
    came page || rate=0
  fi
  # Only one that is beyond doubt spares the later ones a look.
  head -c 4096 body | tr '\000' ' ' | grep -aqi '<html' && rate=0
  case $index in -) index=$file ;; esac
  [ "$(site "$from")" = "$(site "$index")" ] || rate=0
  [ "${rate:-0}" -lt "$enough" ] || quick=yes
}
opened() {
  case $1 in *.gz) gzip -dc "$1" ;; *.xz) xz -dc "$1" ;; *) cat "$1" ;; esac 2>/dev/null
}

over() { [ $(($(ms) / 1000)) -ge "$end_s" ]; }
each() {
  at=-1
  while IFS=$tab read -r kind form index pattern file root login; do
    at=$((at + 1)) name=
    [ "$kind" = "$1" ] || continue
    "$2"
  done <asked
}
a_look() { over || { first_look; [ -z "$promised" ] || : >"promised.$at"; promised=; }; }
a_measurement() {
  promised_of=; [ ! -e "promised.$at" ] || promised_of=yes
  if [ -n "$quick" ]; then sec "mirror $at"; part left; echo enough; return; fi
  if over; then sec "mirror $at"; part left; echo time; return; fi
  bytes
}

mirrors() {
  most=$1 seconds=$2 enough=$3 end_s=$(($(ms) / 1000 + $4)) apt=/usr/lib/apt/apt-helper
  # shellcheck disable=SC1090,SC2154 # host data's proxy, of the run at work
  [ -z "$surroundings" ] || . "$surroundings"
  folder=$(mktemp -d) && cd "$folder" && chmod 711 . || return
  cat <&3 >asked
  promised=
  kinds=$(cut -f1 asked | awk '!seen[$0]++')
  for kind_now in $kinds; do
    quick=
    each "$kind_now" a_look
    each "$kind_now" a_measurement
  done
  cd / && rm -rf "$folder"
}
