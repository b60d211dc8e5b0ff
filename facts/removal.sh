# What a removal goes by: what was there before, what we brought, what is there now. Functions for
# the frame that is sent before this; reads only. POSIX sh.

STATE=/var/lib/gpuwright
OURS=/opt/gpuwright

# The first lines of each file of a folder of notes, as parts named by the file.
notes() {
  for f in "$1"/*; do
    [ -f "$f" ] || continue
    part "${f##*/}"; cat "$f"
  done
}

before() { sec before; notes "$STATE/before"; }

brought() {
  sec brought; notes "$STATE/brought"
  sec pending
  # A transaction that was cut off: what it began with.
  [ ! -e "$STATE/brought/pending/groups" ] || notes "$STATE/brought/pending"
}

deb_packages() {
  part packages
  dpkg-query -W -f '${db:Status-Abbrev}\t${binary:Package}\t${Version}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}\n' 2>/dev/null
  part manual; apt-mark showmanual 2>/dev/null
  part holds; apt-mark showhold 2>/dev/null
}

rpm_packages() {
  part packages
  rpm -qa --qf 'ii \t%{NAME}.%{ARCH}\t%{VERSION}-%{RELEASE}\tno\t\t\n' 2>/dev/null
  part manual; bound 30 dnf -q --disablerepo='*' repoquery --userinstalled --qf '%{name}.%{arch}' 2>/dev/null
  part holds; sed -n 's/^\([^#!].*\)-[0-9][0-9]*:.*/\1/p' /etc/dnf/plugins/versionlock.list 2>/dev/null
}

# Keys of our repositories as rpm names them: dnf imports one when it first fetches from there, which
# may be beside any transaction.
rpm_keys() {
  part keys
  for f in /etc/pki/rpm-gpg/*gpuwright*; do
    [ -f "$f" ] || continue
    gpg --batch --show-keys --with-colons "$f" 2>/dev/null | awk -F: '$1 == "pub" { print tolower(substr($5, 9)) }'
  done
}

# What rpm would refuse to take out, for packages that stay need it: each is left aside until the
# rest can go. Lines "PACKAGE|WHO NEEDS IT".
rpm_needed() {
  part needed
  [ -s "$STATE/brought/came" ] || return
  set --
  while read -r name version _; do
    label=${name%.*}-$version.${name##*.}
    case $name in gpg-pubkey.*) label=gpg-pubkey-$version ;; esac
    # It may have moved to another version since; of kernels and keys another one is another package.
    rpm -q "$label" >/dev/null 2>&1 || case $name in
      kernel* | gpg-pubkey.*) continue ;;
      *) label=$(rpm -q --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\n' "$name" 2>/dev/null) || continue ;;
    esac
    set -- "$@" "$label"
  done <"$STATE/brought/came"
  turns=0
  while [ $# -gt 0 ] && [ $turns -lt 60 ]; do
    turns=$((turns + 1))
    said=$(rpm -e --test "$@" 2>&1) && return
    kept=
    for pair in $(printf '%s\n' "$said" | sed -n 's/^[[:space:]]*\(.*\) is needed by (installed) \(.*\)$/\1|\2/p' | tr ' ' '~'); do
      capability=$(printf %s "${pair%|*}" | tr '~' ' ')
      case $capability in /*) ;; *) capability=${capability%% [<>=]*} ;; esac
      for label in $(rpm -q --whatprovides "$capability" 2>/dev/null); do
        for one in "$@"; do
          [ "$one" = "$label" ] || continue
          printf '%s|%s\n' "$label" "${pair##*|}"
          kept="$kept $label "
        done
      done
    done
    [ -n "$kept" ] || return
    count=$#
    while [ "$count" -gt 0 ]; do
      count=$((count - 1))
      one=$1; shift
      case $kept in *" $one "*) ;; *) set -- "$@" "$one" ;; esac
    done
  done
}

now() {
  sec now
  if red_hat; then rpm_packages; rpm_needed; rpm_keys; else deb_packages; fi
  # Of the system's own, which packages make.
  part users; awk -F: '$3 < 1000 { print $1 }' /etc/passwd
  part groups; awk -F: '$3 < 1000 { print $1 }' /etc/group
  part docker_group; getent group docker | cut -d: -f4 | tr ',' '\n'
  part pinned
  sed -n 's/^Package: //p' /etc/apt/preferences.d/gpuwright* 2>/dev/null | tr ' ' '\n' | grep -v '[*?]'
  [ ! -e "$OURS/etc/kernel-holds" ] || cat "$OURS/etc/kernel-holds"
  part locks; sed -n 's/^# \(gpuwright[a-z ]*\): begin.*/\1/p' /etc/dnf/plugins/versionlock.list 2>/dev/null
}

# Files that carry our name, where deploys put them, and what was moved aside. Of units, which others
# name after us too, those that are ours.
files() {
  sec files
  part named
  find /etc/modprobe.d /etc/apt /etc/yum.repos.d /etc/pki/rpm-gpg /etc/profile.d \
    /etc/dkms /etc/udev/rules.d /usr/share/keyrings /etc/modules-load.d /etc/update-motd.d \
    /etc/motd.d /etc/docker /etc/containerd -maxdepth 2 -name '*gpuwright*' ! -type d 2>/dev/null
  find /etc/systemd/system /etc/default/grub.d /etc/containers/containers.conf.d -maxdepth 2 \
    ! -type d \( -name 'gpuwright-guard.*' -o -name 'gpuwright-workspace@*' \
    -o -name gpuwright-pull.service -o -name 'gpuwright-report.*' -o -name gpuwright.conf -o -name gpuwright-proxy.conf \
    -o -name 'zz-gpuwright.cfg*' \) 2>/dev/null
  [ ! -e /etc/gpuwright/host-data.json ] || echo /etc/gpuwright/host-data.json
  [ ! -L /etc/dkms/no-autoinstall ] || [ "$(readlink /etc/dkms/no-autoinstall)" != /run/gpuwright-dkms-deferred ] || echo /etc/dkms/no-autoinstall
  part aside
  find /etc /usr/local -maxdepth 4 -name '*.gpuwright-old' ! -type d 2>/dev/null
  part folders
  for d in "$OURS" "$STATE" /var/cache/gpuwright; do
    [ -d "$d" ] && printf '%s|%s\n' "$d" "$(bound 60 du -sm "$d" 2>/dev/null | cut -f1)"
  done
  if [ -e "$STATE/brought/paths" ]; then
    while IFS= read -r d; do
      case $d in /usr/local/cuda-*) ;; *) continue ;; esac
      [ -d "$d" ] && printf '%s|%s\n' "$d" "$(bound 60 du -sm "$d" 2>/dev/null | cut -f1)"
    done <"$STATE/brought/paths"
  fi
  part entries
  for f in "$OURS"/* "$OURS"/lib/* "$STATE"/*; do [ -e "$f" ] && echo "$f"; done
  part environments; for d in "$OURS"/envs/*; do [ -d "$d" ] && echo "${d##*/}"; done
  part loader
  grep -ls '^# kept out by gpuwright: ' /etc/ld.so.conf.d/*.conf 2>/dev/null
  part textfile
  folder=$(sed -n "s/^TEXTFILE=//p" "$OURS/etc/kernel-guard" 2>/dev/null | tr -d "'\"")
  told=$(sed -n 's/^ *"textfile_folder": "\([^"\\]*\)",\{0,1\}$/\1/p' "$OURS/pull/settings.json" 2>/dev/null | head -n 1)
  for d in "$folder" "$told" /var/lib/prometheus/node-exporter /var/lib/node_exporter/textfile_collector; do
    [ -n "$d" ] || continue
    for f in "$d/gpuwright.prom" "$d/gpuwright_pull.prom"; do [ ! -e "$f" ] || echo "$f"; done
  done
  part written
  [ ! -e "$STATE/brought/written" ] || while read -r sum f; do
    [ -f "$f" ] || continue
    if [ "$(bound 10 sha256sum <"$f" | cut -d ' ' -f 1)" = "$sum" ]; then echo "ours|$f"; else echo "changed|$f"; fi
  done <"$STATE/brought/written"
  part made
  [ ! -e "$STATE/brought/made" ] || while IFS= read -r d; do
    # What others have put there stays, and the folder with it.
    [ -d "$d" ] && [ -z "$(find "$d" -xdev ! -type d ! -name 'gpuwright*.prom' 2>/dev/null | head -n 1)" ] && echo "$d"
  done <"$STATE/brought/made"
  part settings
  for f in /etc/docker/daemon.json "$STATE/before/files/etc/docker/daemon.json"; do
    [ ! -f "$f" ] || printf '%s|%s\n' "$f" "$(hidden "$f" | tr '\n' ' ')"
  done
  part stream; first /etc/dnf/modules.d/nvidia-driver.module && cat /etc/dnf/modules.d/nvidia-driver.module
  part stream_before; cat "$STATE/before/files/etc/dnf/modules.d/nvidia-driver.module" 2>/dev/null
  part repositories; for f in /etc/yum.repos.d/*gpuwright*.repo; do [ -e "$f" ] && basename "$f" .repo; done
  part initramfs
  for f in "$OURS/etc/initramfs-due" "$STATE/removal/initramfs-due"; do [ -e "$f" ] && echo "$f"; done
}

engines() {
  sec engines
  part workspaces
  for d in "$STATE"/workspaces/*/; do
    { [ -e "$d/secrets" ] || [ -e "$d/record.json" ]; } && basename "$d"
  done
  # What a workspace leaves that is gone: a home that somebody has used.
  part homes
  for d in "$STATE"/workspaces/*/home; do [ -n "$(ls -A "$d" 2>/dev/null)" ] && echo "$d"; done
  have docker && bound 20 docker version >/dev/null 2>&1 || return
  part containers
  bound 20 docker ps -a --format '{{.Names}}|{{.State}}|{{.Label "org.gpuwright.workspace"}}' 2>/dev/null
  part images; bound 20 docker images --no-trunc --format '{{.Repository}}:{{.Tag}}' 2>/dev/null
  part volumes; bound 20 docker volume ls -q 2>/dev/null
  part image_record; tr '\n' ' ' <"$STATE/image.json" 2>/dev/null
}

# Units of ours that work now; one that has done its work stays "active (exited)". "?": nobody says.
units() {
  sec units
  part running
  have systemctl || return
  listed=$(bound 20 systemctl list-units --plain --no-legend \
    --state=activating,active,deactivating,reloading 'gpuwright-*.service' 2>/dev/null) || listed='?'
  printf '%s\n' "$listed" | awk '$4 != "exited" { print $1 }'
}

removal() { before; brought; now; files; engines; units; }
