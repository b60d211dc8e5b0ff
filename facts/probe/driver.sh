# What the loaded driver tells of each GPU's compute capability: branch 470 does not know the field
# (huggingface/candle issue 733). nvidia-smi loads a module and makes device files that are missing
# (nvidia-modprobe(1)), and this look changes nothing; so it runs only where both are there.
capability() {
  [ -d /sys/module/nvidia ] && [ -e /dev/nvidiactl ] && have nvidia-smi || return
  set -- /dev/nvidia[0-9]*; [ -e "$1" ] || return; nodes=$#
  set -- /proc/driver/nvidia/gpus/*; [ "$nodes" -ge $# ] || return
  part capability
  said=$(bound 10 nvidia-smi --query-gpu=pci.bus_id,compute_cap --format=csv,noheader 2>&1); code=$?
  if [ $code = 0 ]; then
    printf '%s\n' "$said" | grep -E '^[0-9A-Fa-f:.]{12,16}, [0-9]{1,2}\.[0-9]$' | head -n 64
  else
    no driver.capabilities "nvidia-smi ended with $code:" \
      "$(printf '%s\n' "$said" | head -n 1 | cut -c 1-200)"
  fi
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
  capability
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

# Of files of one name the first one counts (modprobe.d(5)): one in /etc, or a link to /dev/null there,
# hides what a package brings.
modprobe_d() {
  sec modprobe_d
  set -- /
  names=/
  for f in /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf \
    /usr/lib/modprobe.d/*.conf /lib/modprobe.d/*.conf; do
    [ -e "$f" ] || [ -L "$f" ] || continue
    case $names in *"/${f##*/}/"*) continue ;; esac
    names=$names${f##*/}/
    set -- "$@" "$f"
  done
  shift
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
  # `dkms status` starts hundreds of processes; its tree says the same (dkms(8), "DKMS tree").
  part tree
  find /var/lib/dkms/ -mindepth 1 -maxdepth 4 \( -type d -o -type l \) ! -path '*/source/*' \
    ! -path '*/build/*' -printf '%P|%l\n' 2>/dev/null
  part logs; exist /var/lib/dkms/*/*/build/make.log
}
