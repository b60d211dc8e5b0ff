# Programs with a GPU's device file open, and whose they are. As root; it changes nothing.
find /proc/[0-9]*/fd -lname '/dev/nvidia*' 2>/dev/null | cut -d/ -f3 | sort -un | while read -r pid; do
  name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
  case $name in
  nvidia-persiste* | nv-fabricmanage* | nv-hostengine* | dcgm-exporter* | nvidia-gridd* | \
    nvidia-topology* | nvlsm*) continue ;;
  esac
  owner=$(stat -c '%U' "/proc/$pid" 2>/dev/null) || continue
  [ "$owner" != UNKNOWN ] || owner=$(stat -c 'uid %u' "/proc/$pid" 2>/dev/null) || continue
  id=$(grep -oE '(docker|libpod|crio|cri-containerd)[-/][0-9a-f]{64}' "/proc/$pid/cgroup" \
    2>/dev/null | head -n 1)
  id=$(printf %.12s "${id##*[-/]}")
  printf '%s|%s|%s|%s\n' "$pid" "$owner" "$id" "$name"
done
