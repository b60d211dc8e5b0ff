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
    /etc/apt/auth.conf.d/*gpuwright* \
    /etc/yum.repos.d/*gpuwright* /etc/pki/rpm-gpg/*gpuwright* \
    /etc/profile.d/*gpuwright* /etc/systemd/system/*gpuwright* /etc/systemd/system/*/*gpuwright* \
    /etc/dkms/*gpuwright* /etc/udev/rules.d/*gpuwright* /usr/share/keyrings/*gpuwright* \
    /etc/modules-load.d/*gpuwright* /etc/update-motd.d/*gpuwright* \
    /etc/default/grub.d/*gpuwright* "$OURS"/etc/* \
    /etc/containers/containers.conf.d/*gpuwright* "$OURS"/bin/* "$OURS"/envs/*/bin/gpuwright-selftest
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
    # What follows the status is the digest of the job that ended so.
    line=; first "$f"; d=${f%/exit}; printf '%s|%s\n' "${d##*/}" "${line%% *}"
  done
}
