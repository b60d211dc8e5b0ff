# The probe: everything cheap about one host, in one round trip. POSIX sh, reads only.
#
# Output: a first line "##gpuwright-probe 1 NONCE", then sections of lines, then "##NONCE end".
#   ##NONCE NAME        a section begins
#   ##NONCE @TITLE      a part of the section begins (a file, one tool's output)
#   ##NONCE !FIELD WHY  this field could not be read
# The nonce is new each time, so that no file's content can pass for a mark. Bytes that are not
# printable ASCII become "?", because the other side reads lines of text.
#
# Run as it is (`sh probe.sh`) or by facts/host.py, which passes: USER UID SUDO-ERROR.

export LC_ALL=C LANG=C DEBIAN_FRONTEND=noninteractive
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077
OURS=/opt/gpuwright

sec() { printf '##%s %s\n' "$N" "$1"; }
part() { printf '##%s @%s\n' "$N" "$1"; }
no() { f=$1; shift; printf '##%s !%s %s\n' "$N" "$f" "$(printf %s "$*" | tr '\n' ' ')"; }
have() { command -v "$1" >/dev/null 2>&1; }
# First line of a small file into $line; false where it cannot be read.
first() { line=; [ -r "$1" ] && { IFS= read -r line <"$1" || [ -n "$line" ]; } 2>/dev/null; }
# A limit for what may hang.
bound() { if have timeout; then timeout -k 1 "$@"; else shift; "$@"; fi; }
# Contents of files as parts, passwords in addresses hidden; "$a\" ends the last line. The carriage
# return of a file that was written on Windows is no part of a line: the readers of these files skip it.
show() {
  for f in "$@"; do
    [ -f "$f" ] || continue
    part "$f"
    [ -r "$f" ] || { no "file:$f" "permission denied"; continue; }
    [ "$(stat -L -c %s "$f")" -le 1048576 ] || { no "file:$f" "it has more than 1 MiB"; continue; }
    # shellcheck disable=SC1003 # sed's own backslash
    head -c 1048576 "$f" |
      sed -e 's#://[^/"[:space:]]*@#://HIDDEN@#g' -e 's/\r$//' -e '$a\' 2>/dev/null
  done
}
# Passwords in addresses, of text on its way out.
hidden() { sed 's#://[^/[:space:]]*@#://HIDDEN@#g'; }
# Existing paths among the arguments, one per line (patterns that match nothing fall away).
exist() { for f in "$@"; do if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\n' "$f"; fi; done; }
