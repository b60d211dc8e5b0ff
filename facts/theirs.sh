# Files of a user, read and written as that user: whoever may swap names in a folder leads us to
# nothing that they could not reach themselves. For root; the functions need setpriv and timeout.

# as_user UID GID SECONDS COMMAND...: with none of root's rights, for so long at most. The terminal
# and the groups of root stay behind.
as_user() {
  as_uid=$1 as_gid=$2 as_s=$3; shift 3
  if [ "$as_uid" = "$(id -u)" ]; then timeout -k 1 "$as_s" "$@"; return; fi
  timeout -k 1 "$as_s" setpriv --reuid "$as_uid" --regid "$as_gid" --clear-groups \
    --no-new-privs -- "$@"
}

# their UID GID FILE BYTES: one line: "whole BASE64", "absent", or "why" and the reason. A link is
# followed with the user's rights. What is opened is looked at, and not its name before; nobody can
# make it endless, or make us wait.
their() {
  # shellcheck disable=SC2016 # the inner shell's own
  said=$(as_user "$1" "$2" 5 sh -c '
    [ -e "$1" ] || [ -L "$1" ] || { echo absent; exit; }
    [ -e "$1" ] || { echo "why it is a link that leads nowhere"; exit; }
    [ -f "$1" ] || { echo "why it is no regular file"; exit; }
    look() {
      case $(stat -L -c %F /dev/stdin) in
      regular*) ;;
      *) echo "why it is no regular file"; return ;;
      esac
      size=$(stat -L -c %s /dev/stdin)
      [ "$size" -le "$2" ] || { echo "why it has $size bytes; read are $2 at most"; return; }
      printf "whole "; head -c "$2" | base64 -w 0; echo
    }
    look "$@" <"$1" || echo "why its user may not read it"
  ' sh "$3" "$4" 2>/dev/null </dev/null | timeout -k 1 8 head -c $(($4 * 2 + 200)))
  case $said in
  whole\ * | absent | why\ *) printf '%s\n' "$said" ;;
  '') echo "why it gave no answer within 5 s" ;;
  *) echo "why its answer cannot be read" ;;
  esac
}
