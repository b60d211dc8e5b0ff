login() {
  sec login
  part user; printf '%s\n' "${1:-$(id -un)}"
  part uid; printf '%s\n' "${2:-$(id -u)}"
  part effective; id -u
  part sudo_error; [ -z "$3" ] || printf '%s\n' "$3"
}

system() {
  sec system
  show /etc/os-release
  part uname; uname -nrm
  part glibc; getconf GNU_LIBC_VERSION 2>/dev/null || no system.glibc "getconf knows no GNU libc"
  part boot_id
  if first /proc/sys/kernel/random/boot_id; then printf '%s\n' "$line"
  else no system.boot_id "/proc/sys/kernel/random/boot_id cannot be read"; fi
  part machine; if [ -s /etc/machine-id ]; then sha256sum </etc/machine-id | cut -c1-32; fi
  part pid_namespace; readlink /proc/self/ns/pid
  part cpus; getconf _NPROCESSORS_ONLN 2>/dev/null || no system.cpus "getconf failed"
  part memory; grep '^MemTotal:' /proc/meminfo 2>/dev/null ||
    no system.memory_mb "/proc/meminfo cannot be read"
  part cmdline
  if first /proc/cmdline; then printf '%s\n' "$line"
  else no system.cmdline "/proc/cmdline cannot be read"; fi
  part systemd; if [ -d /run/systemd/system ]; then echo yes; else echo no; fi
  part container
  if first /run/systemd/container; then printf '%s\n' "$line"
  elif [ -e /.dockerenv ]; then echo docker
  elif [ -e /run/.containerenv ]; then echo podman
  elif have systemd-detect-virt; then bound 3 systemd-detect-virt -c
  else no system.container "systemd-detect-virt is not installed"; fi
  part virtual_machine
  if have systemd-detect-virt; then bound 3 systemd-detect-virt -v
  else no system.virtual_machine "systemd-detect-virt is not installed"; fi
  part clock; date +%s
  # Who answers for names; with no server named, the C library asks this machine (resolv.conf(5)).
  part resolver
  if grep -qs '^[[:space:]]*nameserver[[:space:]]' /etc/resolv.conf; then echo resolv.conf
  elif [ -S /run/systemd/resolve/io.systemd.Resolve ] &&
    grep -qs '^hosts:.*resolve' /etc/nsswitch.conf; then echo systemd-resolved
  elif grep -qs ':0035 ' /proc/net/udp /proc/net/udp6; then echo local
  else echo none; fi
  part names
  sed 's/#.*//' /etc/hosts 2>/dev/null | awk '{ for (i = 1; i <= NF; i++) print $i }' | head -n 500
  if have cloud-init; then
    part cloud_init
    exist /etc/cloud/cloud-init.disabled /run/cloud-init/disabled /run/cloud-init/enabled
    show /run/cloud-init/status.json /run/cloud-init/result.json
  fi
}
