"""One look at the host's containers, shared as the state of the host is."""

from __future__ import annotations

from facts.engine_model import Engines
from facts.engines import ContainerEngines
from tasks.hostdata.containers import ContainerSettings
from tasks.steps.step import fact


def engines(settings: ContainerSettings) -> Engines:
    """Engines, toolkit and CDI specs, as last seen, or seen now if something may have changed.

    Args:
        settings: Names the users that are asked about.
    """
    names = tuple(name for name in (*settings.users, settings.rootless) if name)
    found: Engines | None = fact(ContainerEngines, users=names)
    return found or Engines(unread={"engines": "the host did not answer"})
