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
