# Second look at a host, for its driver's sake: logs, copies, device files, containers. POSIX sh,
# reads only. It is sent behind frame.sh and engines.sh.
#
# Arguments: the kernels whose headers and initramfs are looked into.

build_logs() {
  sec build_logs
  for f in /var/lib/dkms/nvidia*/*/build/make.log; do
    [ -r "$f" ] || continue
    part "$f"
    # The first line names the kernel, the last ones the end; an error may stand anywhere.
    head -n 1 "$f"
    { grep -aiE 'error|compiler differs|unrecognized command|no space left|killed|cannot allocate|out of memory|not found|version check|implicit declaration|no member|too (few|many) arguments' "$f" |
      head -n 30; tail -n 6 "$f"; } | cut -c 1-300
  done
}

kernel_log() {
  sec kernel_log
  part uptime; first /proc/uptime && printf '%s\n' "${line%% *}"
  part lines
  words='nvrm|nvidia|nouveau|xid|key was rejected|unsigned module|lockdown|gsp_|out of memory|oom-kill'
  if dmesg >/dev/null 2>&1; then
    dmesg 2>/dev/null | grep -aiE "$words" | tail -n 200 | cut -c 1-300
  elif [ -e /run/systemd/container ]; then no kernel_log "a container has no kernel log of its own"
  elif have journalctl; then
    bound 5 journalctl -k -b -q --no-pager -o short-monotonic 2>/dev/null |
      grep -aiE "$words" | tail -n 200 | cut -c 1-300
  else no kernel_log "dmesg cannot read it and there is no journal"; fi
}

# What the package manager offers is known only where it has lists.
headers() {
  sec headers
  for k in "$@"; do
    d=/lib/modules/$k
    [ -d "$d" ] && [ ! -e "$d/build/Makefile" ] || continue
    offered='?'
    if have apt-cache && [ -n "$(find /var/lib/apt/lists -name '*Packages*' 2>/dev/null | head -n 1)" ]; then
      offered=$(bound 5 apt-cache policy "linux-headers-$k" 2>/dev/null |
        sed -n 's/^ *Candidate: *//p' | grep -v '(none)')
    elif have dnf; then
      offered=$(bound 15 dnf -q -C repoquery --qf '%{version}-%{release}' "kernel-devel-$k" \
        2>/dev/null) || offered='?'
    fi
    printf '%s|%s|%s\n' "$k" "$(readlink "$d/build" 2>/dev/null)" "$offered"
  done
}

initramfs() {
  sec initramfs
  for k in "$@"; do
    for i in "/boot/initrd.img-$k" "/boot/initramfs-$k.img"; do
      [ -r "$i" ] || continue
      # An image that is younger than all that changed there holds no older copy: unpacking it to
      # see takes half of the doctor's time. A file that goes changes its folder.
      [ -n "$(find "/lib/modules/$k/" -mindepth 1 -cnewer "$i" \
        \( -type d -o -name 'nvidia*.ko*' \) 2>/dev/null | head -n 1)" ] || continue
      if have lsinitramfs; then list=$(bound 10 lsinitramfs -l "$i" 2>/dev/null)
      elif have lsinitrd; then list=$(bound 20 lsinitrd "$i" 2>/dev/null)
      else no initramfs "neither lsinitramfs nor lsinitrd is installed"; return; fi
      [ -n "$list" ] || { no initramfs "$i could not be listed in time"; continue; }
      printf '%s\n' "$list" | grep -aE '/nvidia(-current[^/]*|-[0-9][^/]*)?\.ko(\.[a-z0-9]+)?$' |
        while read -r _ _ _ _ size rest; do
          path=${rest##* }; path=${path#/}
          disk=/${path#usr/}; older=yes bytes=
          if [ -e "$disk" ]; then
            bytes=$(stat -L -c %s "$disk")
            # shellcheck disable=SC3013 # dash, bash and busybox have it
            [ "$i" -ot "$disk" ] || older=
          fi
          printf '%s|%s|%s|%s|%s|%s\n' "$k" "$i" "$path" "$size" "$older" "$bytes"
        done
    done
  done
}

# What gives a card of NVIDIA's to another driver at boot: left by a passthrough.
claims() {
  printf '%s\n' "$1" | sed 's/^/modprobe: /' |
    grep -E ': (options (vfio[-_]pci|pci[-_]stub) .*ids=.*10de:|softdep nvidia.* (vfio|pci[-_]stub))'
  for d in /sys/bus/pci/devices/*; do
    first "$d/vendor" && [ "$line" = 0x10de ] || continue
    first "$d/driver_override" && case $line in ''|'(null)'|nvidia*) ;; *)
      printf '%s: %s\n' "$d/driver_override" "$line" ;; esac
    first "/etc/driverctl.d/${d##*/}" && case $line in ''|nvidia*) ;; *)
      printf '%s: %s\n' "/etc/driverctl.d/${d##*/}" "$line" ;; esac
  done
  grep -sE '^[^#]*driver_override.*(vfio|pci-stub)|^[^#]*(vfio|pci-stub).*driver_override' \
    /etc/udev/rules.d/*.rules /etc/tmpfiles.d/*.conf /etc/rc.local /dev/null | cut -c 1-200
}

# What the kernels of the boot menu will be told of modules; the running one may know other words.
next_cmdline() {
  cat /boot/grub/grub.cfg /boot/grub2/grub.cfg /boot/grub2/grubenv /boot/loader/entries/*.conf \
    /etc/kernel/cmdline /boot/firmware/cmdline.txt 2>/dev/null |
    grep -oE '(modprobe\.blacklist|module_blacklist|rd\.driver\.blacklist|vfio[-_]pci\.ids|pci-stub\.ids)=[^[:space:]]+' |
    sort -u | head -n 20
}

loading() {
  sec loading
  part blocks
  set --
  if have modprobe; then
    set -- "$(modprobe -c 2>/dev/null)"
    printf '%s\n' "$1" | grep -E \
      '^(blacklist nvidia([-_]current)?$|alias nvidia off$|install nvidia([-_]current|[-_]uvm)? ([^ ]*/)?(false|true|:)( *| +#.*)$)'
  fi
  part claims; claims "$@"
  part next_cmdline; next_cmdline
  part gsp
  for f in /lib/firmware/nvidia/*/gsp_*.bin*; do [ -e "$f" ] && printf '%s\n' "$f"; done
  part majors; grep -s nvidia /proc/devices
  device_nodes
}

holders() {
  sec holders
  [ -e /dev/nvidiactl ] || [ -e /dev/nvidia0 ] || return
  part names
  docker_runs && bound 2 docker ps --no-trunc --format '{{.ID}} {{.Names}}' 2>/dev/null
  part pids
  bound 5 find /proc/[0-9]*/fd -lname '/dev/nvidia*' 2>/dev/null | cut -d/ -f3 | sort -un |
    while read -r p; do
      first "/proc/$p/comm" || continue
      name=$line
      id=$(grep -oE '(docker|libpod|crio|cri-containerd)[-/][0-9a-f]{64}' "/proc/$p/cgroup" \
        2>/dev/null | head -n 1)
      printf '%s|%s|%s\n' "$p" "$name" "${id##*[-/]}"
    done
}

daemons() {
  sec daemons
  part fabric
  for d in /sys/bus/pci/devices/*; do
    first "$d/vendor" && [ "$line" = 0x10de ] && first "$d/class" || continue
    case $line in 0x0680*)
      have journalctl && bound 5 journalctl -b -q --no-pager -o cat -u nvidia-fabricmanager \
        2>/dev/null | grep -aiE "don.t match|error|failed" | tail -n 5
      break ;;
    esac
  done
  # Without the module nvidia-smi would load it, and this look changes nothing.
  [ -d /sys/module/nvidia ] || return
  have nvidia-smi || return
  said=$(bound 20 nvidia-smi -L 2>&1 </dev/null); code=$?
  part smi; printf '%s\n' "$said" | head -n 40 | cut -c 1-200
  part smi_exit; printf '%s\n' $code
}

packages() {
  sec packages
  if have apt-get && have dpkg-query; then
    part broken
    # -s takes no lock.
    said=$(bound 10 apt-get -s -q check 2>&1 </dev/null) ||
      printf '%s\n' "$said" | grep -aE '^( |E:)' | head -n 12
  else no broken "there is no apt-get"; fi
  part upgrades
  [ -r /var/log/apt/history.log ] && awk -v RS= '/nvidia|cuda|docker|containerd/' \
    /var/log/apt/history.log 2>/dev/null | grep -aE '^(Start-Date|Commandline|Upgrade|Remove)' |
    cut -c 1-300 | tail -n 12
}

whole() {
  # Listing an initramfs can take as long as all the rest, so it runs beside it; its words come last.
  initramfs "$@" | {
    exec 3<&0 </dev/null
    build_logs; kernel_log; headers "$@"; loading; holders; daemons; packages; login; containers
    cat <&3
  }
}

framed whole "$@" </dev/null 2>/dev/null | printable
