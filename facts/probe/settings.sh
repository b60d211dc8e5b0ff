settings() {
  sec settings
  grep -siE '^[^#]*(cuda|cudnn|nvidia)' /etc/ld.so.conf /etc/ld.so.conf.d/*.conf /dev/null
  grep -s . /etc/ld.so.preload /dev/null
  grep -sE '^[^#]*(LD_LIBRARY_PATH|LD_PRELOAD|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES)=' \
    /etc/environment /etc/profile /etc/bash.bashrc /etc/profile.d/*.sh /etc/environment.d/*.conf \
    /etc/default/locale /etc/security/pam_env.conf /dev/null
  # Of other programs than curl's proxies, only the names: their values may be secrets.
  part environment
  grep -nsiE '^[[:space:]]*(export[[:space:]]+|DefaultEnvironment=)?"?((https?|ftp|all|no)_proxy|(UV|PIP|PYTHON|CURL|REQUESTS|SSL_CERT)_?[A-Z_]*)=' \
    /etc/environment /etc/profile /etc/bash.bashrc /etc/profile.d/*.sh /etc/environment.d/*.conf \
    /etc/systemd/system.conf /etc/systemd/system.conf.d/*.conf /dev/null |
    sed -E 's/((UV|PIP|PYTHON|CURL|REQUESTS|SSL_CERT)_?[A-Z_]*=).*/\1/I' | hidden
  grep -nsiE '^[[:space:]]*proxy[[:space:]]*=' /etc/dnf/dnf.conf /etc/yum.conf /dev/null | hidden
  part uv; exist /etc/uv/uv.toml /etc/xdg/uv/uv.toml "$HOME/.config/uv/uv.toml"
  part apt_lines
  grep -nsiE 'Default-Release|[^a-z]proxy' /etc/apt/apt.conf /etc/apt/apt.conf.d/* /dev/null |
    grep -vE '^[^:]*:[0-9]*:[[:space:]]*(//|#[^a-z])' | hidden
  part apt
  if have apt-config; then
    bound 5 apt-config dump --no-empty 2>/dev/null |
      grep -iE '^(APT::Default-Release|Acquire::https?::([^ ]*::)?Proxy(::[^ ]*)?) ' | hidden
  fi
  show /etc/apt/preferences /etc/apt/preferences.d/*
  sec pip
  show /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME/.pip/pip.conf" "$HOME/.config/pip/pip.conf"
  [ -z "$PIP_INDEX_URL" ] || { part PIP_INDEX_URL; printf '%s\n' "$PIP_INDEX_URL" |
    sed 's#://[^/"[:space:]]*@#://HIDDEN@#'; }
}
