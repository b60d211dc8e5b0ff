packages() {
  sec packages
  if red_hat; then rpm_packages
  elif have dpkg-query; then
    part dpkg
    dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Architecture}|${Version}\n' 2>/dev/null ||
      no packages "dpkg-query failed"
    part architecture; dpkg --print-architecture
    part foreign; [ -r /var/lib/dpkg/arch ] && cat /var/lib/dpkg/arch
    part audit; bound 10 dpkg --audit 2>&1 | head -n 20
    part periodic
    if have apt-config; then bound 5 apt-config dump APT::Periodic 2>/dev/null
    else no package_manager.unattended_upgrades "apt-config is not installed"; fi
    part now; date +%s
    part lists
    stat -c '%Y' /var/lib/apt/lists /var/lib/apt/lists/partial \
      /var/lib/apt/periodic/update-success-stamp 2>/dev/null
    part indexes; exist /var/lib/apt/lists/*_Packages* /var/lib/apt/lists/*Release | head -n 1
    origins
  else
    no packages "neither dpkg-query nor rpm is installed"
  fi
}

# Which archive an installed NVIDIA package comes from: one apt-cache call, only if there is any.
origins() {
  names=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' '*nvidia*' '*cuda*' 'libcudnn*' \
    'libnccl*' 'nsight*' 'datacenter-gpu*' 2>/dev/null |
    sed -n 's/^.[iHUFW]..\{0,1\}|//p')
  [ -n "$names" ] || return
  have apt-cache || { no packages.origin "apt-cache is not installed"; return; }
  part policy
  # shellcheck disable=SC2086 # package names carry no blanks
  bound 3 apt-cache policy $names 2>/dev/null | grep -vE '^  (Installed|Candidate|Version table)' ||
    no packages.origin "apt-cache policy gave no answer within 3 s"
  part releases; grep -s -m 1 '^Origin:' /var/lib/apt/lists/*Release /dev/null
}

rpm_packages() {
  part rpm
  list=$(bound 20 rpm -qa --qf 'ii |%{NAME}|%{ARCH}|%{EPOCHNUM}:%{VERSION}-%{RELEASE}|%{VENDOR}\n') ||
    no packages "rpm -qa failed"
  printf '%s\n' "$list"
  part now; date +%s
  part lists; stat -c '%Y' /var/cache/dnf/*/repodata 2>/dev/null
  part indexes; exist /var/cache/dnf/*/repodata/repomd.xml | head -n 1
  show /etc/dnf/plugins/versionlock.conf /etc/dnf/plugins/versionlock.list /etc/dnf/modules.d/*.module
  rpm_origins
}

# dnf's own history says which repository a package came from; its Python can read that.
rpm_origins() {
  printf '%s\n' "$list" | grep -qE '^ii \|(kmod-)?(lib)?(nvidia|cuda|cudnn|nccl)' || return
  db=/var/lib/dnf/history.sqlite
  [ -r $db ] || { no packages.origin "$db cannot be read"; return; }
  dnf=$(command -v dnf) && first "$dnf"
  case $line in '#!/'*python*) python=$(printf %s "${line#??}" | cut -d' ' -f1) ;; *) python=python3 ;; esac
  part from
  bound 5 "$python" - $db 2>/dev/null <<'PYTHON' || no packages.origin "dnf's history was not read"
import sqlite3
import sys

rows = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True).execute(
    "SELECT rpm.name, rpm.version || '-' || rpm.release, repo.repoid FROM trans_item"
    " JOIN rpm ON rpm.item_id = trans_item.item_id JOIN repo ON repo.id = trans_item.repo_id"
    " WHERE rpm.name LIKE '%nvidia%' OR rpm.name LIKE '%cuda%' OR rpm.name LIKE 'libcudnn%'"
    " OR rpm.name LIKE 'libnccl%' ORDER BY trans_item.id"
)
for row in rows:
    print("%s|%s|%s" % row)
PYTHON
}

apt_state() {
  sec sources
  show /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources
  if red_hat; then show /etc/yum.repos.d/*.repo; fi
  part releases
  grep -sE '^(Origin|Label|Suite|Codename|Version|Components|Date):' /var/lib/apt/lists/*Release \
    /dev/null
  part brought; if red_hat; then
    for f in /etc/yum.repos.d/*.repo; do
      owner=$(rpm -qf --qf '%{NAME}' "$f" 2>/dev/null) && printf '%s|%s\n' "$f" "$owner"
    done
  fi
  sec locks
  if [ -r /proc/locks ]; then
    set -- /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
      /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock
    part stat; stat -c '%i|%n' "$@"
    # apt and dpkg take fcntl locks (POSIX); other processes' commands are none of our business.
    held=$(grep -E ":($(stat -c '%i' "$@" | tr '\n' '|')none) " /proc/locks | grep ' POSIX ')
    part proc; [ -z "$held" ] || printf '%s\n' "$held"
    part commands
    for p in $(printf '%s\n' "$held" | sed -n 's/^[0-9]*: POSIX *[A-Z]* *[A-Z]* *\([0-9]*\) .*/\1/p' | sort -u); do
      [ -r "/proc/$p/cmdline" ] || continue
      printf '%s|' "$p"; tr '\000\n' '  ' <"/proc/$p/cmdline" | cut -c 1-200
    done
  else no package_manager.locks "/proc/locks cannot be read"; fi
  # dnf writes its process into files, and leaves them behind when it is killed.
  part pids
  for f in /var/cache/dnf/*_lock.pid /var/lib/dnf/rpmdb_lock.pid; do
    line=; first "$f" || continue
    [ -r "/proc/$line/cmdline" ] || continue
    printf '%s|%s|%s\n' "$line" "$f" "$(tr '\000\n' '  ' <"/proc/$line/cmdline" | cut -c 1-200)"
  done
}
