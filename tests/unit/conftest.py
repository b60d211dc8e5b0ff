"""What all unit tests run with.

Hypothesis: a slow or busy machine is no failure of what is tried. Scripts that run here ask
this machine's apt, whatever lists it has.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

os.environ.setdefault("APT_CONFIG", str(Path(__file__).with_name("apt.conf")))
os.environ["GPUWRIGHT_CACHE"] = "off"  # nothing of a test is kept for the next one
