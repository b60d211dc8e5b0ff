# What would the package manager do, and what do its sources have? Changes nothing on the host.
# Where the lists of packages are old, they are read anew into a folder of their own, in memory.
# Arguments: options of apt-get, the file that is touched when lists are read, kernel releases,
# metapackages of kernel headers; the last two are words in one argument each.
# shellcheck disable=SC2086 # words, all over
set -u
LC_ALL=C
export LC_ALL
flags=$1 stamp=$2 kernels=$3 metapackages=$4
own=
part() { printf '== %s\n' "$1"; }
trap '[ -z "$own" ] || rm -rf "$own"' EXIT
trap 'exit 1' HUP INT TERM

fresh() { # the files that tell when lists were read, then the places that say where they are from
  read=$(find $1 -maxdepth 0 -mmin -720 2>/dev/null | head -n 1)
  [ -n "$read" ] && [ -z "$(find $2 -newer "$read" 2>/dev/null | head -n 1)" ]
}

apt_lists() {
  set -- "/var/lib/apt/lists/partial /var/lib/apt/periodic/update-success-stamp $stamp"
  if fresh "$1" "/etc/apt/sources.list /etc/apt/sources.list.d" &&
    [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' 2>/dev/null | head -n 1)" ]
  then return; fi
  if ! own=$(mktemp -d /run/gpuwright-lists.XXXXXX 2>&1) || ! mkdir -p "$own/lists/partial"; then
    part unread
    echo "$own"
    own=
    return
  fi
  # What the host lets run after an update would change it.
  printf '#clear APT::Update::%s;\n' Pre-Invoke Post-Invoke Post-Invoke-Success >"$own/conf"
  lists="-c $own/conf -o Dir::State::Lists=$own/lists -o Acquire::GzipIndexes=true \
    -o Dir::Cache::pkgcache=$own/packages.bin -o Dir::Cache::srcpkgcache="
  if said=$(timeout 120 apt-get -q update $lists -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
    -o Acquire::https::Timeout=20 -o APT::Update::Error-Mode=any 2>&1); then return; fi
  part unread
  printf '%s\n' "$said" | grep '^[EW]:' | head -n 3
  # One dead source takes nothing from what the others have answered.
  [ -n "$(find "$own/lists" -maxdepth 1 -name '*_Packages*' | head -n 1)" ] || lists=
}

# headers_in LINES BEFORE: whether there is a line for each kernel, behind these words.
headers_in() {
  part headers
  for kernel in $kernels; do
    if printf '%s\n' "$1" | grep -qxF -- "$2$kernel"
    then echo "$kernel yes"; else echo "$kernel no"; fi
  done
}

apt_outlook() {
  lists=
  apt_lists
  part unfetchable
  dpkg-query -W -f '${db:Status-Abbrev}|${binary:Package}|${Version}\n' 2>/dev/null |
    sed -n 's/^..R|//p' | while IFS='|' read -r name version; do
    apt-cache $lists madison "$name" 2>/dev/null | awk -F' *[|] *' -v v="$version" \
      '$2 == v && $3 ~ / Packages$/ { f = 1 } END { exit !f }' || echo "$name|$version"
  done
  part simulation
  timeout 120 apt-get -s $flags $lists -o Debug::NoLocking=1 --no-install-recommends --fix-broken install 2>&1 |
    grep '^Remv \|^E: '
  part check
  timeout 120 apt-get check $lists -q -o Debug::NoLocking=1 2>&1 | grep '^ [a-z0-9]'
  [ -n "$kernels" ] || return
  names=$(printf 'linux-headers-%s\n' $kernels)
  offered=$(apt-cache $lists madison $names 2>/dev/null | sed -n 's/^ *//; s/ *|.* Packages$//p')
  headers_in "$offered" linux-headers-
  part newest
  images=$(printf '%s\n' $metapackages | sed 's/^linux-headers-/linux-image-/')
  # Of a metapackage and of its image the release: "linux-image-amd64 image 6.1.0-56-amd64".
  apt-cache $lists depends --important $metapackages $images 2>/dev/null | sed -n \
    -e '/^linux-/{s/^linux-image-/linux-headers-/;h;d;}' \
    -e 's/^ *|*Depends: <*linux-\(headers\|image\)-\([0-9][^ >]*\)>*$/\1 \2/' \
    -e 't found' -e d -e ':found' -e G -e 's/\(.*\)\n\(.*\)/\2 \1/p'
}

dnf_outlook() {
  [ -n "$kernels" ] || return
  options="--setopt=skip_if_unavailable=False"
  if fresh "/var/cache/dnf $stamp" "/etc/yum.repos.d /etc/dnf/dnf.conf"; then options="$options -C"
  else
    own=$(mktemp -d /run/gpuwright-lists.XXXXXX) || return
    options="$options --setopt=cachedir=$own"
  fi
  if ! found=$(timeout 120 dnf -q repoquery $options \
    --qf '%{name} %{version}-%{release}.%{arch}' kernel kernel-devel 2>&1); then
    part unread
    printf '%s\n' "$found" | head -n 3
    return
  fi
  headers_in "$found" 'kernel-devel '
  part newest
  dnf -q repoquery $options --latest-limit=1 --qf '%{name} %{version}-%{release}.%{arch}' \
    kernel kernel-devel 2>/dev/null | sed -n \
    -e 's/^kernel-devel \([0-9]\)/kernel-devel headers \1/p' -e 's/^kernel \([0-9]\)/kernel-devel image \1/p'
}

if [ -n "$flags" ]; then apt_outlook; else dnf_outlook; fi
part end
