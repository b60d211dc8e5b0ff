kernels() {
  sec kernels
  part running; uname -r
  part images; exist /boot/vmlinuz-* /boot/vmlinux-* /lib/modules/*/vmlinuz
  part modules; exist /lib/modules/*
  part headers; exist /lib/modules/*/build/Makefile
  part compiler; grep -s '^CONFIG_CC_VERSION_TEXT=' /boot/config-* /dev/null
  part options
  grep -sE '^CONFIG_(PREEMPT_RT|PREEMPT_RT_FULL|XEN|PARAVIRT|MODULES)=y' \
    /boot/config-* /lib/modules/*/config /lib/modules/*/build/.config /dev/null
  part links; for f in /vmlinuz /boot/vmlinuz; do [ -L "$f" ] && readlink -f "$f"; done
  for f in /boot/grub/grubenv /boot/grub2/grubenv; do show "$f"; done
  for f in /boot/grub/grub.cfg /boot/grub2/grub.cfg; do
    [ -f "$f" ] || continue
    part "$f"
    if [ -r "$f" ]; then
      # GRUB takes each carriage return out (grub-core/normal/main.c, grub_file_getline).
      tr -d '\r' <"$f" |
        grep -E '^[[:space:]]*(set default=|menuentry |submenu |linux(efi|16)?[[:space:]]|\})'
    else
      no kernels.grub "$f: permission denied"
    fi
  done
  part entries; grep -sE '^(linux|version)[[:space:]]' /boot/loader/entries/*.conf /dev/null
  part choice
  grep -sE '^[[:space:]]*(export[[:space:]]+)?(GRUB_DEFAULT|GRUB_SAVEDEFAULT|UPDATEDEFAULT)=' \
    /etc/default/grub /etc/default/grub.d/*.cfg /etc/sysconfig/kernel /dev/null
}
