jetson() {
  sec jetson
  show /etc/nv_tegra_release
  # The kernel links the first to the second (Documentation/devicetree, "usage-model").
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
