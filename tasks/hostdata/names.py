"""Names of host data that look misspelt. Without a word they would simply have no effect."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakSet

from pyinfra import logger
from pyinfra.api.host import Host

from stacks.catalog.decode import nearest
from tasks.hostdata import table

_ALIKE = 0.8
_told: WeakSet[Host] = WeakSet()


def misspelt(said: Iterable[str]) -> dict[str, str]:
    """Names that no deploy reads and that look like one that a deploy reads: to that one."""
    found, known = {}, table.rows()
    for name in said:
        if name in known or name.startswith(("_", "ssh_")):
            continue
        if close := nearest(name, known, count=1, alike=_ALIKE):
            found[name] = close[0]
    return found


def tell(host: Host) -> None:
    """Warn of such names, once per host and run. They may be the user's own, so nothing stops."""
    if host in _told:
        return
    _told.add(host)
    said: dict[str, object] = host.data.dict()  # type: ignore[no-untyped-call]
    for name, meant in misspelt(said).items():
        logger.warning(
            f'{host.print_prefix}DATA-NAME: no deploy of gpuwright reads the host data "{name}". '
            f'Did you mean "{meant}"?'
        )
