# What people put on a host by hand, and only its adoption asks about. POSIX sh, reads only. It is sent
# behind frame.sh.
#
# PyTorch is known by the names of folders alone: no file of a user is opened, so nobody can lead root
# anywhere. Homes may lie on a slow server, so the look has an end.

pytorch() {
  sec pytorch
  # shellcheck disable=SC2016 # the inner shell's own
  N=$N bound 10 sh -c '
    set -- /usr/lib/python3/dist-packages
    for p in /usr /usr/local "/usr/local/*" "/usr/local/*/envs/*" "/opt/*" "/opt/*/*" \
      "/opt/*/envs/*" "/srv/*" "/srv/*/*" "/srv/*/.[!.]*" "/srv/*/envs/*" \
      "/root/*" "/root/.[!.]*" "/root/*/*" "/root/*/.[!.]*" "/root/*/envs/*" \
      "/root/.[!.]*/versions/*" "/home/*/*" "/home/*/.[!.]*" "/home/*/*/*" "/home/*/*/.[!.]*" \
      "/home/*/*/envs/*" "/home/*/.[!.]*/versions/*"; do
      set -- "$@" $p/lib/python3.*/site-packages $p/lib/python3.*/dist-packages \
        $p/lib64/python3.*/site-packages
    done
    for s in "$@"; do
      case $s in /opt/gpuwright/*) continue ;; esac
      [ -d "$s" ] || continue
      for t in "$s"/torch-*.dist-info "$s"/torch-*.egg-info; do
        [ -e "$t" ] || continue
        # One environment under two names, such as lib64 -> lib, counts once.
        real=$(readlink -f "$s")
        case "$seen" in *"|$real|"*) break ;; esac
        seen="$seen|$real|"
        printf "##%s @site %s\n" "$N" "$s"
        prefix=${s%%/lib/*}; prefix=${prefix%%/lib64/*}
        [ ! -d "$prefix/conda-meta" ] || echo conda
        [ ! -e "$prefix/pyvenv.cfg" ] || echo venv
        set -- "$s"/*.dist-info
        echo "packages $#"
        for d in "$s"/torch*-info "$s"/triton-*-info "$s"/nvidia_*-info "$prefix"/conda-meta/pytorch-*.json \
          "$prefix"/conda-meta/cuda-toolkit-*.json; do
          [ ! -e "$d" ] || printf "%s\n" "${d##*/}"
        done
        break
      done
    done | head -n 2000
  ' </dev/null 2>/dev/null || no pytorch "the look at folders with Python packages did not end in 10 s"
}

nccl() {
  sec nccl
  # /etc/nccl.conf is NCCL's own (NCCL user guide, Environment Variables).
  grep -HnsE '^[[:space:]]*(export[[:space:]]+)?NCCL_[A-Z0-9_]+[[:space:]]*=' /etc/nccl.conf \
    /etc/environment /etc/profile /etc/profile.d/*.sh /etc/environment.d/*.conf \
    /opt/gpuwright/etc/nccl.env /dev/null | cut -c 1-400 | head -n 200 | hidden -
}

handmade() { pytorch; nccl; }
