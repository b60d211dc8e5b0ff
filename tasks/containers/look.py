"""One look at the host's containers, shared as the state of the host is."""

from __future__ import annotations

from pyinfra.api.host import Host

from facts.engine_model import Engines
from facts.engines import ContainerEngines
from tasks.hostdata.containers import ContainerSettings
from tasks.steps.step import fact, last_seen


def engines(settings: ContainerSettings) -> Engines:
    """Engines, toolkit and CDI specs, as last seen, or seen now if something may have changed.

    Args:
        settings: Names the users that are asked about.
    """
    found: Engines | None = fact(ContainerEngines, users=_users(settings))
    return found or Engines(unread={"engines": "the host did not answer"})


def seen_last(host: Host, settings: ContainerSettings) -> Engines | None:
    """As `engines`, without a look: what was seen last in this run, whatever has changed since."""
    found: Engines | None = last_seen(host, ContainerEngines, users=_users(settings))
    return found


def _users(settings: ContainerSettings) -> tuple[str, ...]:
    return tuple(name for name in (*settings.users, settings.rootless) if name)
