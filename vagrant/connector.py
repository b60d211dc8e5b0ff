"""pyinfra's `@vagrant` and `@vagrant/NAME`, with what its own connector drops.

That of pyinfra 3.10 (`pyinfra/connectors/vagrant.py`) leaves out what Vagrant says about host keys
and agents, keeps the quotes of a key's path, ends the run at a line that is none of Vagrant's, and
ends it for all hosts if one that is named is off. The seam is what each connector has:
`make_names_data`, which gives a name, data and groups per host.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pyinfra import logger
from pyinfra.api.exceptions import InventoryError
from pyinfra.connectors.vagrant import VagrantInventoryConnector

from tasks.steps import ending
from vagrant import asking
from vagrant.asking import Machines, VagrantError
from vagrant.ssh_config import Access

_PREFIX = "@vagrant"


@dataclass(frozen=True)
class Asked:
    """What a command line wants of Vagrant."""

    names: tuple[str, ...]
    """Machines; none: all that there are."""
    alone: bool
    """No other host is in the run."""


def install(words: Sequence[str]) -> None:
    """Take the place of pyinfra's own in this run, if its command line asks for Vagrant's hosts."""
    if wanted := asked(words):
        hosts = staticmethod(_Connector(wanted).hosts)
        VagrantInventoryConnector.make_names_data = hosts  # type: ignore[method-assign]


def asked(words: Sequence[str]) -> Asked | None:
    """What a command line wants of Vagrant; None: nothing."""
    for word in words:
        parts = word.split(",")
        ours = [part for part in parts if part.split("/")[0] == _PREFIX]
        if ours:
            names = () if _PREFIX in ours else tuple(part.partition("/")[2] for part in ours)
            return Asked(names, ours == parts)
    return None


class _Connector:
    """One run's look at Vagrant's machines."""

    def __init__(self, wanted: Asked) -> None:
        self._wanted = wanted
        self._machines = cache(self._ask)
        self._told: set[str] = set()

    def hosts(self, name: str | None = None) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """Name, data and groups of each machine that is meant and runs.

        A machine that is off is told and left out. Was it named, the run ends with an error after
        the other hosts had their turn.

        Raises:
            InventoryError: if Vagrant cannot be asked, or there is nobody to go on with.
        """
        try:
            machines = self._machines()
        except VagrantError as error:
            raise InventoryError(str(error)) from None
        if name is not None and name not in machines.states:
            raise InventoryError(
                f"{machines.folder / 'Vagrantfile'} has no machine {name!r}. "
                f"There are: {', '.join(machines.states)}"
            )
        meant = [name] if name is not None else [*machines.states]
        left = [why for each in meant if (why := machines.absence(each))]
        if self._wanted.alone and not machines.access:
            every = filter(None, map(machines.absence, self._wanted.names or machines.states))
            raise InventoryError(f"No machine of Vagrant's runs. {'; '.join(every)}")
        # pyinfra makes an inventory twice.
        for why in left:
            if why not in self._told:
                self._told.add(why)
                logger.warning(f"left out: {why}")
                if name is not None:
                    ending.at_end(lambda: False)
        for each in meant:
            if each in machines.access:
                groups = [*machines.options.groups.get(each, ()), _PREFIX]
                data = {**host_data(machines.access[each]), **machines.options.data.get(each, {})}
                yield f"{_PREFIX}/{each}", data, groups

    def _ask(self) -> Machines:
        logger.info("--> Asking Vagrant for its machines...")
        return asking.machines(self._wanted.names)


def host_data(access: Access) -> dict[str, Any]:
    """Host data of pyinfra's for the way to a machine, with nothing that Vagrant did not say."""
    data: dict[str, Any] = {"ssh_hostname": access.hostname, "ssh_port": access.port}
    if access.user:
        data["ssh_user"] = access.user
    if access.keys:
        data["ssh_key"] = next(filter(_there, access.keys), access.keys[0])
    if access.only_keys:
        data |= {"ssh_allow_agent": False, "ssh_look_for_keys": False}
    if access.checking:
        data["ssh_strict_host_key_checking"] = access.checking
    if access.known_hosts:
        data["ssh_known_hosts_file"] = access.known_hosts
    return data


def _there(key: str) -> bool:
    try:
        return asking.place(key).exists()
    except OSError:  # in a folder of somebody else's, say
        return False
