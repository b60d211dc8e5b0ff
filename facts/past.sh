# What a host has kept of its past: who moved which package, and results of earlier runs. POSIX sh,
# reads only. It is sent behind frame.sh.

STATE=/var/lib/gpuwright
WORDS='nvidia|cuda|cudnn|nccl|linux-image|docker|containerd|podman|kernel-core|kmod-'

# The folder is root's; a link in it is none of ours, and no result is longer than this.
kept() {
  part "$1"
  [ -f "$2" ] && [ ! -L "$2" ] && head -c 300000 "$2"
  printf '\n'
}

results() {
  sec results
  kept verify $STATE/verify.json
  kept benchmark $STATE/benchmark.json
}

apt_log() {
  for f in /var/log/apt/history.log.2.gz /var/log/apt/history.log.1.gz; do
    [ -f $f ] && bound 5 gzip -dc $f | head -c 4000000
  done
  [ -f /var/log/apt/history.log ] && tail -c 4000000 /var/log/apt/history.log
}

moves() {
  sec moves
  part zone; date +%z
  part apt
  apt_log 2>/dev/null | awk -v RS= -v words="$WORDS" '$0 ~ words { print; print "" }' |
    grep -aE '^(Start-Date|Commandline|Requested-By|Install|Upgrade|Downgrade|Remove|Purge):' |
    cut -c 1-60000 | tail -n 300
  part dpkg
  for f in /var/log/dpkg.log.1 /var/log/dpkg.log; do [ -f $f ] && tail -c 4000000 $f; done 2>/dev/null |
    grep -aE '^[^ ]+ [^ ]+ (install|upgrade|remove|purge) ' | grep -aE "$WORDS" | cut -c 1-400 |
    tail -n 1500
  part dnf
  for f in /var/log/dnf.rpm.log.1 /var/log/dnf.rpm.log; do
    [ -f $f ] && tail -c 4000000 $f
  done 2>/dev/null |
    grep -aE ' SUBDEBUG (Installed|Upgrade|Upgraded|Downgrade|Downgraded|Erase|Erased|Removed): ' |
    grep -aE "$WORDS" | cut -c 1-400 | tail -n 1500
  part dnf_commands
  for f in /var/log/dnf.log.1 /var/log/dnf.log; do [ -f $f ] && tail -c 4000000 $f; done 2>/dev/null |
    grep -a ' DDEBUG Command: ' | cut -c 1-400 | tail -n 200
}

machine() {
  sec machine
  part cpu
  sed -n 's/^model name[[:space:]]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1 | cut -c 1-200
  part topology
  [ -d /sys/module/nvidia ] && have nvidia-smi &&
    bound 10 nvidia-smi topo -m 2>/dev/null </dev/null | head -n 60 | cut -c 1-400
}

past() { results; moves; machine; }
