settings() {
  sec settings
  grep -siE '^[^#]*(cuda|cudnn|nvidia)' /etc/ld.so.conf /etc/ld.so.conf.d/*.conf /dev/null
  grep -s . /etc/ld.so.preload /dev/null
  grep -sE '^[^#]*(LD_LIBRARY_PATH|LD_PRELOAD|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES)=' \
    /etc/environment /etc/profile /etc/bash.bashrc /etc/profile.d/*.sh /etc/environment.d/*.conf \
    /etc/default/locale /etc/security/pam_env.conf /dev/null
  sec pip
  show /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME/.pip/pip.conf" "$HOME/.config/pip/pip.conf"
  [ -z "$PIP_INDEX_URL" ] || { part PIP_INDEX_URL; printf '%s\n' "$PIP_INDEX_URL" |
    sed 's#://[^/"[:space:]]*@#://HIDDEN@#'; }
}
