"""The environment with PyTorch: interpreter, uv, locks, and what torch says."""
