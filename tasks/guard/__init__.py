"""The kernel guard: no reboot into a kernel that has no NVIDIA module without somebody knowing."""
