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
