# Whom a reboot would interrupt, one in a line. As root; it changes nothing.
seen=
for p in /proc/[0-9]*; do
  { read -r line <"$p/stat"; } 2>/dev/null || continue
  if ! [ "$p/root/." -ef /. ]; then
    # Another root: a container. Its device files may be on a file system of its own making.
    root=$(readlink "$p/ns/mnt" 2>/dev/null) || continue
    case " $seen " in *" $root "*) continue ;; esac
    timeout 2 test -e "$p/root/dev/nvidiactl" || [ $? -ne 1 ] || continue
    seen="$seen $root"
    id=$(grep -oE '(docker|libpod|crio|cri-containerd)[-/][0-9a-f]{64}' "$p/cgroup" 2>/dev/null |
      head -n 1)
    id=${id##*[-/]}
    name=
    case $id in ?*) name=$(timeout 5 docker inspect --format '{{.Name}}' "$id" 2>/dev/null) ;; esac
    name=${name#/}
    id=$(printf %.12s "$id")
    echo "container ${name:-${id:-of process ${p#/proc/}}} has GPUs"
    continue
  fi
  # proc(5): after the name, which may hold anything: state, parent, group, session, terminal.
  name=${line#*(}
  name=${name%)*}
  # shellcheck disable=SC2086 # these are words
  set -- ${line##*) }
  [ "$4" = "${p#/proc/}" ] && [ "$5" -ne 0 ] || continue
  case $name in *getty | login | sshd*) continue ;; esac
  major=$(($5 >> 8 & 0xfff)) minor=$(($5 & 0xff | $5 >> 12 & 0xfff00))
  case $major in
  13[6-9] | 14[0-3]) terminal=pts/$(((major - 136) * 256 + minor)) ;;
  4) terminal=tty$minor ;;
  *) terminal="a terminal" ;;
  esac
  owner=$(stat -c '%u %U' "$p" 2>/dev/null) || continue
  # A display manager's greeter and its like are nobody.
  [ "${owner%% *}" -eq 0 ] || [ "${owner%% *}" -ge 1000 ] || continue
  echo "${owner#* } is logged in ($terminal: $name)"
done
find /proc/[0-9]*/fd -lname '/dev/nvidia*' 2>/dev/null | cut -d/ -f3 | sort -un | while read -r pid; do
  name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
  case $name in
  nvidia-persiste* | nv-fabricmanage* | nv-hostengine* | dcgm-exporter* | nvidia-gridd* | \
    nvidia-topology* | nvlsm*) ;;
  *) echo "process $pid ($name) uses the GPU" ;;
  esac
done
