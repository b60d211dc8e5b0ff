"""Whether a host must and may be rebooted in a run, and the reboot."""
