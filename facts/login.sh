# What an ordinary login finds: the variables that it gets, whether it reaches the environment, and
# which torch its Python takes. POSIX sh, reads only. It is sent behind frame.sh, with a function
# login_program before it that prints facts/onhost/login_view.py.
#
# A login here is a shell that PAM's own files and /etc/profile have gone over, as nobody: any user
# who may do no more than others. Neither su nor runuser is asked, as each opens a session.

NOBODY=65534
CURRENT=/opt/gpuwright/current
VARIABLES='PYTHON[A-Z]*|LD_[A-Z_]*|(CUDA|NVIDIA)_VISIBLE_DEVICES'

# What pam_env sets for every login: NAME=VALUE, one per line (pam_env.conf(5), environment(5)).
pam_variables() {
  sed -nE -e 's/^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*=.*)$/\2/p' \
    /etc/environment /etc/default/locale 2>/dev/null |
    sed -E -e "s/=[\"'](.*)[\"']?[[:space:]]*$/=\\1/" -e "s/[\"'][[:space:]]*$//"
  sed -nE 's/^[[:space:]]*([A-Za-z_]+)[[:space:]]+.*(DEFAULT|OVERRIDE)="?([^"[:space:]]*).*$/\1=\3/p' \
    /etc/security/pam_env.conf 2>/dev/null
}

# Where such a variable is written down for everybody.
variable_files() {
  grep -sE "^[^#]*\<($VARIABLES)([= ]|$)" /etc/environment /etc/security/pam_env.conf /etc/profile \
    /etc/profile.d/*.sh /etc/bash.bashrc /etc/bashrc /etc/environment.d/*.conf /etc/zsh/zshenv \
    /etc/csh.cshrc /etc/csh.login /etc/default/locale /dev/null | head -n 20 | cut -c 1-300
}

# Each folder on the way to a file, from the root down.
folders() {
  way=${1%/*}; list=
  while [ -n "$way" ]; do list="$way $list"; way=${way%/*}; done
  printf '%s\n' "$list"
}

login() {
  sec login
  part files; variable_files
  [ -e $CURRENT/bin/python ] || return
  [ "$(id -u)" = 0 ] || { no login "only root can look as another user does"; return; }
  have setpriv || { no login "setpriv (util-linux) is not installed"; return; }
  shell=/bin/sh; [ ! -x /bin/bash ] || shell=/bin/bash
  way="$(folders "$(readlink -f $CURRENT)/bin/python") $(folders $CURRENT/bin/python)"
  nodes=; for f in /dev/nvidiactl /dev/nvidia0 /dev/nvidia-uvm; do
    if [ -c $f ]; then nodes="$nodes $f"; fi; done
  set -- HOME=/nonexistent USER=nobody LOGNAME=nobody SHELL=$shell TERM=dumb \
    PATH=/usr/local/bin:/usr/bin:/bin
  while IFS= read -r variable; do
    [ -z "$variable" ] || set -- "$@" "$variable"
  done <<END
$(pam_variables)
END
  program=$(login_program)
  part view
  # A profile may print what it likes: only lines with our mark count.
  # shellcheck disable=SC2016 # for the shell of the login to expand
  (cd / && umask 022 && bound 240 setpriv --reuid $NOBODY --regid $NOBODY --clear-groups \
    env -i "$@" $shell -l -c '
      for d in '"$way"'; do [ -x "$d" ] || { echo "gpuwright|stopped|$d"; exit 0; }; done
      for f in '"$nodes"'; do [ -r "$f" ] && [ -w "$f" ] || echo "gpuwright|device|$f"; done
      echo "gpuwright|reached|yes"
      "$0" - "$@" 2>&1
    ' $CURRENT/bin/python ${LOGIN_IMPORTS:+import} <<END
$program
END
  ) | cut -c 1-500 | tail -n 60
  part modes
  # shellcheck disable=SC2086 # our own paths carry no blanks
  stat -c '%n|%a %U:%G' $way $nodes 2>/dev/null
}
