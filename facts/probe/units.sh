units() {
  sec units
  if [ ! -d /run/systemd/system ]; then
    no units "systemd does not run here"; no jobs "systemd does not run here"; return
  fi
  bound 5 systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,ExecMainStatus,Result \
    nvidia-persistenced.service nvidia-fabricmanager.service unattended-upgrades.service \
    apt-daily.timer apt-daily-upgrade.timer dnf-automatic.timer dnf-automatic-install.timer docker.service containerd.service \
    nvidia-dcgm.service dcgm.service nvidia-cdi-refresh.service nvidia-cdi-refresh.path cloud-init.service \
    gpuwright-guard.path 'gpuwright-*.service' 2>/dev/null || {
    no units "systemctl gave no answer within 5 s"; no jobs "systemctl gave no answer within 5 s"
  }
}
