# Which packages does the host's own apt take for these names, from its own sources and from further
# ones, and where do they lie? POSIX sh. Nothing on the host changes: sources, settings and lists are
# in a folder of /run that goes away.
#
# Arguments: SURROUNDINGS, a file that is sourced before (or nothing); SOURCES, further ones as deb822
# with @OWN@ for the folder; WITHOUT, files of sources that are not read; PINS, preferences; OFFERED, names that are taken where a source has them;
# KEYS and then for each key NAME and BASE64; then, one argument each, the names of a transaction.
# shellcheck disable=SC2086 # words, all over
set -u
LC_ALL=C LANG=C
export LC_ALL LANG
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022
part() { printf '== %s\n' "$1"; }
own=$(mktemp -d /run/gpuwright-closure.XXXXXX) || exit 1
trap 'rm -rf "$own"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$own" && cd "$own" || exit 1
mkdir -p lists/partial cache/archives/partial sources keys
# shellcheck disable=SC1090 # of the run at work
[ -z "$1" ] || . "$1"
for file in /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  # Ours stand among the further ones, with keys that were checked.
  case " $3 $file " in *" $file "*" $file "* | *" /etc/apt/sources.list.d/gpuwright-"*) continue ;; esac
  [ ! -f "$file" ] || cp "$file" sources/
done
# What the host has read of its archives need not come again, where it is still the same.
cp /var/lib/apt/lists/*_InRelease /var/lib/apt/lists/*_Packages* lists/ 2>/dev/null || :
printf %s "$2" | sed "s#@OWN@#$own#g" >sources/gpuwright-of-a-bundle.sources
printf %s "$4" >pins
[ ! -e /etc/apt/preferences ] || cat /etc/apt/preferences >>pins
offered=$5 keys=$6
shift 6
while [ "$keys" -gt 0 ]; do
  printf %s "$2" | base64 -d >"keys/$1"
  keys=$((keys - 1))
  shift 2
done
: >bare
# What the host lets run after an update would change it.
{
  printf '#clear APT::Update::%s;\n' Pre-Invoke Post-Invoke Post-Invoke-Success
  cat <<END
Dir::Etc::SourceParts "$own/sources";
Dir::Etc::Preferences "$own/pins";
Dir::State::Lists "$own/lists";
Dir::Cache "$own/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
APT::Cmd::Pattern-Only "true";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::ForceHash "SHA256";
END
} >conf
if ! timeout 300 apt-get -q update -c conf -o APT::Update::Error-Mode=any >said 2>&1; then
  part unread
  grep '^[EW]:' said | sed 's#://[^/[:space:]]*@#://HIDDEN@#g' | head -n 3 | cut -c 1-400
fi

# taken STATUS NAME…: what apt would bring to a host with these packages.
taken() {
  status=$1
  shift
  if timeout 120 apt-get install -s -c conf -o Dir::State::status="$status" "$@" >sim 2>complaint; then
    awk '/^Inst / { name = $2; version = $3; if (version ~ /^\[/) version = $4
      sub(/^\(/, "", version); print name "=" version }' sim >>names
    timeout 120 apt-get install --print-uris -q -c conf -o Dir::State::status="$status" "$@" \
      2>/dev/null | grep "^'" >>uris
    return 0
  fi
  return 1
}

: >names
: >uris
: >lacking
more=
for name in $offered; do
  ! apt-cache -c conf madison "$name" 2>/dev/null | grep -q ' Packages$' || more="$more $name"
done
for ask in "$@" "$more"; do
  [ -n "$ask" ] || continue
  # For a bare host of this release: everything, down to the C library.
  taken "$own/bare" $ask || { grep -h '^E: \|^ ' complaint sim | head -n 20 | cut -c 1-300; } >>lacking
  # For this one: what it has may decide between packages that can stand for each other.
  taken /var/lib/dpkg/status $ask || :
done
if [ -s lacking ]; then part lacking; cat lacking; fi
part uris
sort -u uris
part show
sort -u names | xargs -r apt-cache show -c conf -o Dir::State::status="$own/bare" 2>/dev/null
part end
