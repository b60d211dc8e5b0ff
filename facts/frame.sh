# The frame of every look but the first: the language of probe/head.sh, in which sections, parts and
# reasons stand behind a nonce. POSIX sh, reads only. Scripts that need it are sent behind it.

export LC_ALL=C LANG=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
export PATH
umask 077

sec() { printf '##%s %s\n' "$N" "$1"; }
part() { printf '##%s @%s\n' "$N" "$1"; }
no() { f=$1; shift; printf '##%s !%s %s\n' "$N" "$f" "$(printf %s "$*" | tr '\n' ' ')"; }
have() { command -v "$1" >/dev/null 2>&1; }
first() { line=; [ -r "$1" ] && { IFS= read -r line <"$1" || [ -n "$line" ]; } 2>/dev/null; }
bound() { if have timeout; then timeout -k 1 "$@"; else shift; "$@"; fi; }
hidden() { sed -e 's#://[^/"[:space:]]*@#://HIDDEN@#g' -e 's/\r$//' -e "\$a\\" "$1" 2>/dev/null; }

# Everything that the functions named print, between the first mark and the last.
framed() {
  N=; first /proc/sys/kernel/random/uuid && N=$line
  [ -n "$N" ] || N=$$-$(date +%s)
  printf '##gpuwright-probe 1 %s\n' "$N"
  "$@"
  printf '##%s end\n' "$N"
}

printable() { tr '\000-\010\013-\037\177-\377' '?'; }
