main() {
  N=; first /proc/sys/kernel/random/uuid && N=$line
  [ -n "$N" ] || N=$$-$(date +%s)
  printf '##gpuwright-probe 1 %s\n' "$N"
  login "$@"; system; pci; kernels; driver; modprobe_d; libraries; dkms_tree; packages; apt_state
  secure_boot; toolkits; dnn; compilers; ours; disks; units; jetson; settings
  printf '##%s end\n' "$N"
}

main "$@" </dev/null 2>/dev/null | tr '\000-\010\013-\037\177-\377' '?'
