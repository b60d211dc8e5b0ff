"""NVIDIA's driver: its packages, its modules, and what goes on at the next boot."""
