"""Where our things lie on a host."""

from __future__ import annotations

ROOT = "/opt/gpuwright"
ENVS = f"{ROOT}/envs"
CURRENT = f"{ROOT}/current"
"""The stable link: ``/opt/gpuwright/current/bin/python`` has the stack's torch."""
CACHE = "/var/cache/gpuwright/uv"
RECORD = "/var/lib/gpuwright/state.json"
ACCEPTANCE = "/var/lib/gpuwright/verify.json"
"""What deploys/verify.py said last."""
ASIDE = ".gpuwright-old"
"""Ending of files that were moved aside: neither apt nor dnf reads a file of that name."""
REPORT_UNIT = "gpuwright-report"
"""Service and timer by which a host writes its facts for the fleet's report."""
CUDNN = f"{ROOT}/cudnn-8"
ENVIRONMENT = f"{ROOT}/etc/cuda.sh"

MOVING = "/opt/gpuwright/etc/moving-driver-"
"""Beginning of the name of a mark that lies on the host while one driver goes and another comes;
the rest says which goes: ``535-from-nvidia``. A run that finds it goes on with the move."""
