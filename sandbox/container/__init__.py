"""Hosts that are containers of systemd-nspawn, and what container engines in them need."""
