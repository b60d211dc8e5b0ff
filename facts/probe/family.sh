# Either family may have the other's package manager installed, as a tool: os-release decides.
red_hat() {
  command -v rpm >/dev/null || return 1
  command -v dpkg-query >/dev/null || return 0
  # shellcheck disable=SC1091 # the host's own
  case " $(. /etc/os-release 2>/dev/null; printf %s "${ID-} ${ID_LIKE-}") " in
    *" rhel "*|*" fedora "*|*" centos "*) return 0 ;;
  esac
  return 1
}
