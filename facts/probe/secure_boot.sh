EFI=/sys/firmware/efi/efivars
SHIM=605dab50-e046-4300-abb6-3dd810dd8b23

secure_boot() {
  sec secure_boot
  part lockdown; cat /sys/kernel/security/lockdown
  part shim_lists; exist "$EFI"/MokListRT*"-$SHIM"
  part sig_enforce; cat /sys/module/module/parameters/sig_enforce
  part modules_disabled; cat /proc/sys/kernel/modules_disabled
  part modules_disabled_in
  grep -slE '^[[:space:]]*-?kernel[./]modules_disabled[[:space:]]*=[[:space:]]*1' /etc/sysctl.conf \
    /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf
  signing_keys
  if [ ! -d /sys/firmware ]; then no secure_boot "/sys/firmware does not exist"; return; fi
  if [ ! -d /sys/firmware/efi ]; then
    # A container's runtime may lay an empty folder over /sys/firmware: that says nothing.
    set -- /sys/firmware/*
    if [ -e "$1" ]; then part no-efi; else no secure_boot "/sys/firmware is empty (masked?)"; fi
    return
  fi
  for f in "$EFI"/SecureBoot-*; do
    [ -r "$f" ] || continue
    part efivar; od -An -tu1 -j4 -N1 "$f"
    # 1: somebody has switched shim's validation off, and the kernel takes any module then.
    part shim; od -An -tu1 -j4 -N1 "$EFI/MokSBStateRT-$SHIM"
    return
  done
  if have mokutil; then part mokutil; bound 5 mokutil --sb-state 2>&1; return; fi
  no secure_boot "EFI machine, but no readable SecureBoot variable and no mokutil"
}

variables() { for f in "$@"; do [ -r "$f" ] && od -An -v -tx1 "$f"; done | tr -d ' \n'; }

holds() {
  [ -n "$(exist "$EFI"/SecureBoot-*)" ] || [ ! -d /sys/firmware/efi ] || { echo '?'; return; }
  case "$1" in *"$2"*) echo yes ;; *) echo no ;; esac
}

# Certificates that modules may be signed with, the one that DKMS uses now first. `mokutil --test-key`
# calls a key that only waits for its enrolment enrolled; the variables tell them apart.
signing_keys() {
  set -- /etc/dkms/framework.conf /etc/dkms/framework.conf.d/*.conf
  said='[[:space:]]*=[[:space:]]*["'\'']\{0,1\}\(/[^]"'\''$|[:space:]]*\).*'
  cert=$(sed -n "s!^[[:space:]]*mok_certificate$said!\\1!p" "$@" | tail -n 1)
  private=$(sed -n "s!^[[:space:]]*mok_signing_key$said!\\1!p" "$@" | tail -n 1)
  set -- /var/lib/dkms/mok.pub /var/lib/shim-signed/mok/MOK.der
  # Ubuntu's dkms signs with the key of update-secureboot-policy.
  [ ! -x /usr/sbin/update-secureboot-policy ] || set -- "$2" "$1"
  set -- ${cert:+"$cert"} "$@" /etc/pki/akmods/certs/public_key.der
  lists=
  for der in "$@"; do
    [ -r "$der" ] && [ -f "$der" ] || continue
    [ -n "$lists" ] || {
      lists=$(variables "$EFI"/MokListRT*"-$SHIM" "$EFI"/db-*)-
      waiting=$(variables "$EFI/MokNew-$SHIM")
    }
    key=${der%.*}.key
    case $der in
      "$cert") key=${private:-$key} ;;
      *.der) key=${der%.der}.priv ;;
    esac
    [ "$der" != /etc/pki/akmods/certs/public_key.der ] || key=/etc/pki/akmods/private/private_key.priv
    hex=$(variables "$der")
    part key
    printf '%s|%s|%s|%s|%s\n' "$der" "$key" "$(stat -Lc %a "$key")" "$(holds "$lists" "${hex:-?}")" \
      "$(holds "$waiting" "${hex:-?}")"
    # Its names, among other things: what modinfo calls the signer is one of them.
    head -c 8192 "$der" | tr -c '[:print:]' '\n' | grep -E '.{4,}' | head -n 20
  done
}
