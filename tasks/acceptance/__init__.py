"""Does a host pass: its GPUs' health, a kernel that was checked, and how fast they are."""
