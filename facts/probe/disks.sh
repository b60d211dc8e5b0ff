disks() {
  sec disks
  set --
  for p in / /usr /var /opt /tmp /boot /home; do [ -d "$p" ] && set -- "$@" "$p"; done
  part paths; printf '%s\n' "$@"
  part blocks; bound 5 df -Pk "$@" 2>/dev/null || no mounts "df gave no answer within 5 s"
  part inodes; bound 5 df -Pi "$@" 2>/dev/null || no mounts.free_inodes "df -i failed"
  # Root is told of a file system that is mounted read-only, and of nothing else (access(2)).
  part unwritable; for p in "$@" /var/tmp; do [ ! -d "$p" ] || [ -w "$p" ] || printf '%s\n' "$p"; done
  part modes; stat -c '%a|%n' /tmp /var/tmp 2>/dev/null
  # Whose the folders are that lead to root's own files; a link's target counts.
  part owners; stat -Lc '%u|%g|%a|%U|%n' /opt "$OURS" "$OURS/lib" "$OURS/envs" /var /var/lib /var/lib/gpuwright 2>/dev/null
}
