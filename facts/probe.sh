# The probe: everything cheap about one host, in one round trip. POSIX sh, reads only.
#
# Output: a first line «##gpuwright-probe 1 NONCE», then sections of lines, then «##NONCE end».
#   ##NONCE NAME        a section begins
#   ##NONCE @TITLE      a part of the section begins (a file, one tool's output)
#   ##NONCE !FIELD WHY  this field could not be read
# The nonce is new each time, so that no file's content can pass for a mark. Bytes that are not
# printable ASCII become «?», because the other side reads lines of text.
#
# Run as it is (`sh probe.sh`) or by facts/host.py, which passes: USER UID SUDO-ERROR.

export LC_ALL=C LANG=C DEBIAN_FRONTEND=noninteractive
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077
OURS=/opt/gpuwright

sec() { printf '##%s %s\n' "$N" "$1"; }
part() { printf '##%s @%s\n' "$N" "$1"; }
no() { f=$1; shift; printf '##%s !%s %s\n' "$N" "$f" "$(printf %s "$*" | tr '\n' ' ')"; }
have() { command -v "$1" >/dev/null 2>&1; }
# First line of a small file into $line; false where it cannot be read.
first() { line=; [ -r "$1" ] && { IFS= read -r line <"$1" || [ -n "$line" ]; } 2>/dev/null; }
# A limit for what may hang.
bound() { if have timeout; then timeout -k 1 "$@"; else shift; "$@"; fi; }
# Contents of files as parts, passwords in addresses hidden; «$a\» ends the last line.
show() {
  for f in "$@"; do
    [ -f "$f" ] || continue
    part "$f"
    [ -r "$f" ] || { no "file:$f" "permission denied"; continue; }
    # shellcheck disable=SC1003 # sed's own backslash
    sed -e 's#://[^/@[:space:]]*@#://HIDDEN@#g' -e '$a\' "$f" 2>/dev/null
  done
}
# Existing paths among the arguments, one per line (patterns that match nothing fall away).
exist() { for f in "$@"; do if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\n' "$f"; fi; done; }

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
  if have cloud-init; then
    part cloud_init
    exist /etc/cloud/cloud-init.disabled /run/cloud-init/disabled /run/cloud-init/enabled
    show /run/cloud-init/status.json /run/cloud-init/result.json
  fi
}

pci() {
  sec pci
  if [ ! -d /sys/bus/pci/devices ]; then
    no pci "/sys/bus/pci/devices does not exist: this machine shows no PCI bus"; return
  fi
  found=
  for d in /sys/bus/pci/devices/*; do
    first "$d/vendor" || continue
    [ "$line" = 0x10de ] || continue
    found=1 device='' class='' sv='' sd=''
    first "$d/device" && device=$line
    first "$d/class" && class=$line
    first "$d/subsystem_vendor" && sv=$line
    first "$d/subsystem_device" && sd=$line
    driver=$(readlink "$d/driver" 2>/dev/null)
    printf '%s|%s|%s|%s|%s|%s\n' "${d##*/}" "$device" "$class" "$sv" "$sd" "${driver##*/}"
  done
  [ -n "$found" ] || return
  if have lspci; then part lspci; bound 5 lspci -Dmm -d 10de: 2>/dev/null
  else no pci.name "lspci (pciutils) is not installed"; fi
}

kernels() {
  sec kernels
  part running; uname -r
  part images; exist /boot/vmlinuz-* /boot/vmlinux-* /lib/modules/*/vmlinuz
  part modules; exist /lib/modules/*
  part headers; exist /lib/modules/*/build/Makefile
  part compiler; grep -s '^CONFIG_CC_VERSION_TEXT=' /boot/config-* /dev/null
  part links; for f in /vmlinuz /boot/vmlinuz; do [ -L "$f" ] && readlink -f "$f"; done
  for f in /boot/grub/grubenv /boot/grub2/grubenv; do show "$f"; done
  for f in /boot/grub/grub.cfg /boot/grub2/grub.cfg; do
    [ -f "$f" ] || continue
    part "$f"
    if [ -r "$f" ]; then
      grep -E '^[[:space:]]*(set default=|menuentry |submenu |linux(efi|16)?[[:space:]]|\})' "$f"
    else
      no kernels.grub "$f: permission denied"
    fi
  done
  part entries; grep -sE '^(linux|version)[[:space:]]' /boot/loader/entries/*.conf /dev/null
  part choice
  grep -sE '^[[:space:]]*(export[[:space:]]+)?(GRUB_DEFAULT|GRUB_SAVEDEFAULT|UPDATEDEFAULT)=' \
    /etc/default/grub /etc/default/grub.d/*.cfg /etc/sysconfig/kernel /dev/null
}

driver() {
  sec driver
  if [ ! -d /sys/module ]; then no driver.loaded "/sys/module does not exist: sysfs is not mounted"
  else
    part loaded
    for m in nvidia nvidia_uvm nvidia_drm nvidia_modeset nvidia_peermem nouveau; do
      [ -d "/sys/module/$m" ] || continue
      line=; first "/sys/module/$m/version"; printf '%s|%s\n' "$m" "$line"
    done
  fi
  part proc; [ -r /proc/driver/nvidia/version ] && cat /proc/driver/nvidia/version
  part nodes; exist /dev/nvidia*
  part runfile
  exist /usr/bin/nvidia-uninstall /usr/local/bin/nvidia-uninstall /var/log/nvidia-installer.log
  part firmware; exist /lib/firmware/nvidia/[0-9]*
  part files
  files=$(find /lib/modules/ -maxdepth 8 -name 'nvidia*.ko*' ! -name 'nvidiafb.ko*' \
    ! -name 'nvidia-wmi*' 2>/dev/null)
  [ -n "$files" ] || return
  printf '%s\n' "$files"
  part modinfo
  # shellcheck disable=SC2086 # paths under /lib/modules carry no blanks
  if have modinfo; then
    bound 20 modinfo $files 2>/dev/null | grep -E '^(filename|name|version|vermagic|license|signer):'
  else no driver.modules "modinfo (kmod) is not installed"; fi
}

modprobe_d() {
  sec modprobe_d
  set -- /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf
  [ -L /lib ] || set -- "$@" /lib/modprobe.d/*.conf
  grep -sE '^[[:space:]]*(blacklist|install|options)[[:space:]]+(nouveau|nvidia)' "$@" /dev/null
}

libraries() {
  sec libraries
  if ! have ldconfig; then no driver.libraries "ldconfig is not installed"; return; fi
  part ldconfig
  list=$(ldconfig -p 2>/dev/null |
    grep -E '^[[:space:]]+lib(cuda|nvidia-ml|nvidia-ptxjitcompiler|nvidia-nvvm|cudart|cudnn|nccl|cublas|cublasLt)(_[a-z_]+)?\.so')
  [ -n "$list" ] || return
  printf '%s\n' "$list"
  part real
  # shellcheck disable=SC2046 # library paths carry no blanks
  readlink -m $(printf '%s\n' "$list" | sed 's/.*=> //')
}

dkms_tree() {
  sec dkms
  [ -d /var/lib/dkms ] || return
  # `dkms status` starts hundreds of processes; its tree says the same (dkms(8), «DKMS tree»).
  part tree
  find /var/lib/dkms/ -mindepth 1 -maxdepth 4 \( -type d -o -type l \) ! -path '*/source/*' \
    ! -path '*/build/*' -printf '%P|%l\n' 2>/dev/null
  part logs; exist /var/lib/dkms/*/*/build/make.log
}

# Either family may have the other's package manager installed, as a tool: os-release decides.
red_hat() {
  have rpm || return 1
  have dpkg-query || return 0
  # shellcheck disable=SC1091 # the host's own
  case " $(. /etc/os-release 2>/dev/null; printf %s "$ID $ID_LIKE") " in
    *" rhel "*|*" fedora "*|*" centos "*) return 0 ;;
  esac
  return 1
}

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

secure_boot() {
  sec secure_boot
  if [ ! -d /sys/firmware ]; then no secure_boot "/sys/firmware does not exist"; return; fi
  if [ ! -d /sys/firmware/efi ]; then
    # A container's runtime may lay an empty folder over /sys/firmware: that says nothing.
    set -- /sys/firmware/*
    if [ -e "$1" ]; then part no-efi; else no secure_boot "/sys/firmware is empty (masked?)"; fi
    return
  fi
  for f in /sys/firmware/efi/efivars/SecureBoot-*; do
    [ -r "$f" ] || continue
    part efivar; od -An -tu1 -j4 -N1 "$f"; return
  done
  if have mokutil; then part mokutil; bound 5 mokutil --sb-state 2>&1; return; fi
  no secure_boot "EFI machine, but no readable SecureBoot variable and no mokutil"
}

toolkits() {
  sec toolkits
  for d in /usr/local/cuda /usr/local/cuda-* /usr/lib/cuda /opt/cuda "$OURS"/cuda/*; do
    [ -d "$d" ] && [ ! -L "$d" ] || continue
    nvcc=$d/bin/nvcc
    [ -x "$nvcc" ] || { [ "$d" = /usr/lib/cuda ] && nvcc=/usr/lib/nvidia-cuda-toolkit/bin/nvcc; }
    part "toolkit $d"
    exist "$d/bin/cuda-uninstaller" "$d/include/cuda.h" "$d/lib64"
    show "$d/version.txt" "$d/version.json"
    [ -x "$nvcc" ] && { part "nvcc $nvcc"; bound 10 "$nvcc" --version </dev/null 2>&1 | tail -n 3; }
  done
  if [ -x /usr/lib/nvidia-cuda-toolkit/bin/nvcc ] && [ ! -d /usr/lib/cuda ]; then
    part "toolkit /usr/lib/nvidia-cuda-toolkit"
    part "nvcc /usr/lib/nvidia-cuda-toolkit/bin/nvcc"
    bound 10 /usr/lib/nvidia-cuda-toolkit/bin/nvcc --version </dev/null 2>&1 | tail -n 3
  fi
}

dnn() {
  sec cudnn_nccl
  part cuda_link; [ -L /usr/local/cuda ] && readlink -f /usr/local/cuda
  part macros
  set --
  for i in /usr/include /usr/include/*-linux-gnu /usr/local/include /usr/local/cuda/include \
    /usr/local/cuda-*/include /usr/local/cuda*/targets/*/include "$OURS"/cudnn/*/include; do
    [ -d "$i" ] || continue
    for h in cudnn_version.h cudnn.h nccl.h; do [ -f "$i/$h" ] && set -- "$@" "$i/$h"; done
  done
  [ $# -eq 0 ] ||
    grep -HE '^#define[[:space:]]+(CUDNN|NCCL)_(MAJOR|MINOR|PATCHLEVEL|PATCH)[[:space:]]' "$@"
  part libraries
  exist /usr/lib/*-linux-gnu/libcudnn*.so* /usr/lib/*-linux-gnu/libnccl*.so* \
    /usr/lib64/libcudnn*.so* /usr/lib64/libnccl*.so* /usr/local/lib/libcudnn*.so* \
    /usr/local/lib/libnccl*.so* /usr/local/cuda*/lib64/libcudnn*.so* \
    /usr/local/cuda*/lib64/libnccl*.so* "$OURS"/cudnn/*/lib/libcudnn*.so*
}

compilers() {
  sec compilers
  for c in /usr/bin/gcc /usr/bin/g++ /usr/bin/clang /usr/bin/clang++ /usr/bin/gcc-[0-9]* \
    /usr/bin/g++-[0-9]* /usr/bin/clang-[0-9]* /usr/bin/clang++-[0-9]* \
    /opt/rh/gcc-toolset-*/root/usr/bin/gcc /opt/rh/gcc-toolset-*/root/usr/bin/g++; do
    [ -x "$c" ] || continue
    case $c in *clang*) v=$(bound 5 "$c" -dumpversion 2>/dev/null) ;;
    *) v=$(bound 5 "$c" -dumpfullversion 2>/dev/null) ;; esac
    printf '%s|%s\n' "$c" "$v"
  done
  sec pythons
  for p in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] /usr/local/bin/python3.[0-9] \
    /usr/local/bin/python3.[0-9][0-9]; do
    [ -x "$p" ] && printf '%s|%s\n' "$p" "$(bound 5 "$p" -V 2>&1)"
  done
}

ours() {
  sec venvs
  part current; [ -L "$OURS/current" ] && readlink -f "$OURS/current"
  part cudnn_link; [ -L "$OURS/cudnn-8" ] && readlink -f "$OURS/cudnn-8"
  for d in "$OURS"/envs/*; do
    [ -d "$d" ] && [ ! -L "$d" ] || continue
    part "venv $d"
    exist "$d/.gpuwright-complete"
    grep -sE '^version(_info)?[[:space:]]*=' "$d/pyvenv.cfg"
    exist "$d"/lib/python3*/site-packages/*.dist-info
  done
  sec managed
  files=$(exist /etc/modprobe.d/*gpuwright* /etc/apt/preferences.d/*gpuwright* \
    /etc/apt/apt.conf.d/*gpuwright* /etc/apt/sources.list.d/*gpuwright* \
    /etc/yum.repos.d/*gpuwright* /etc/pki/rpm-gpg/*gpuwright* \
    /etc/profile.d/*gpuwright* /etc/systemd/system/*gpuwright* /etc/systemd/system/*/*gpuwright* \
    /etc/dkms/*gpuwright* /etc/udev/rules.d/*gpuwright* /usr/share/keyrings/*gpuwright* \
    /etc/modules-load.d/*gpuwright* /etc/update-motd.d/*gpuwright* \
    /etc/default/grub.d/*gpuwright* "$OURS"/etc/*
    find "$OURS/lib" -type f -size -128k 2>/dev/null)
  if [ -n "$files" ]; then
    printf '%s\n' "$files" | while IFS= read -r f; do
      if [ -f "$f" ] && [ ! -r "$f" ]; then no "managed_files:$f" "permission denied"; fi
      [ -f "$f" ] && printf '%s\000' "$f"
    done | xargs -0 -r sha256sum 2>/dev/null
  fi
  sec record
  show /var/lib/gpuwright/state.json
  sec jobs
  for f in /var/lib/gpuwright/jobs/*/exit; do
    [ -f "$f" ] || continue
    line=; first "$f"; d=${f%/exit}; printf '%s|%s\n' "${d##*/}" "$line"
  done
}

disks() {
  sec disks
  set --
  for p in / /usr /var /opt /tmp /boot /home; do [ -d "$p" ] && set -- "$@" "$p"; done
  part paths; printf '%s\n' "$@"
  part blocks; bound 5 df -Pk "$@" 2>/dev/null || no mounts "df gave no answer within 5 s"
  part inodes; bound 5 df -Pi "$@" 2>/dev/null || no mounts.free_inodes "df -i failed"
}

units() {
  sec units
  if [ ! -d /run/systemd/system ]; then
    no units "systemd does not run here"; no jobs "systemd does not run here"; return
  fi
  bound 5 systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,ExecMainStatus,Result \
    nvidia-persistenced.service nvidia-fabricmanager.service unattended-upgrades.service \
    apt-daily.timer apt-daily-upgrade.timer dnf-automatic.timer dnf-automatic-install.timer docker.service containerd.service \
    nvidia-dcgm.service dcgm.service nvidia-cdi-refresh.service nvidia-cdi-refresh.path cloud-init.service \
    gpuwright-guard.path 'gpuwright-*.service' 2>/dev/null || {
    no units "systemctl gave no answer within 5 s"; no jobs "systemctl gave no answer within 5 s"
  }
}

jetson() {
  sec jetson
  show /etc/nv_tegra_release
  # The kernel links the first to the second (Documentation/devicetree, «usage-model»).
  for tree in /proc/device-tree /sys/firmware/devicetree/base; do
    [ -r "$tree/compatible" ] || continue
    part model; [ -r "$tree/model" ] && { cat "$tree/model"; echo; }
    part compatible; tr '\000' '\n' <"$tree/compatible"; echo
    break
  done
  have nvpmodel || [ -e /var/lib/nvpmodel/status ] || return
  part power
  if have nvpmodel; then bound 5 nvpmodel -q 2>/dev/null | head -n 4
  else no jetson.power_mode "nvpmodel is not installed"; fi
  show /var/lib/nvpmodel/status
  part power_names
  grep -sE '^[[:space:]]*<[[:space:]]*POWER_MODEL[[:space:]]+ID=' /etc/nvpmodel.conf /dev/null
}

settings() {
  sec settings
  grep -siE '^[^#]*(cuda|cudnn|nvidia)' /etc/ld.so.conf /etc/ld.so.conf.d/*.conf /dev/null
  grep -s . /etc/ld.so.preload /dev/null
  grep -sE '^[^#]*(LD_LIBRARY_PATH|LD_PRELOAD|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES)=' \
    /etc/environment /etc/profile /etc/bash.bashrc /etc/profile.d/*.sh /etc/environment.d/*.conf \
    /etc/default/locale /etc/security/pam_env.conf /dev/null
  sec pip
  show /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME/.pip/pip.conf" "$HOME/.config/pip/pip.conf"
  [ -z "$PIP_INDEX_URL" ] || { part PIP_INDEX_URL; printf '%s\n' "$PIP_INDEX_URL" |
    sed 's#://[^/@[:space:]]*@#://HIDDEN@#'; }
}

main() {
  N=; first /proc/sys/kernel/random/uuid && N=$line
  [ -n "$N" ] || N=$$-$(date +%s)
  printf '##gpuwright-probe 1 %s\n' "$N"
  login "$@"; system; pci; kernels; driver; modprobe_d; libraries; dkms_tree; packages; apt_state
  secure_boot; toolkits; dnn; compilers; ours; disks; units; jetson; settings
  printf '##%s end\n' "$N"
}

main "$@" </dev/null 2>/dev/null | tr '\000-\010\013-\037\177-\377' '?'
