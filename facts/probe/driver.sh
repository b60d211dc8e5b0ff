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
  # `dkms status` starts hundreds of processes; its tree says the same (dkms(8), "DKMS tree").
  part tree
  find /var/lib/dkms/ -mindepth 1 -maxdepth 4 \( -type d -o -type l \) ! -path '*/source/*' \
    ! -path '*/build/*' -printf '%P|%l\n' 2>/dev/null
  part logs; exist /var/lib/dkms/*/*/build/make.log
}
