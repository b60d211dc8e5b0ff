"""What a host's jobs take from a bundle: judged first, and within reach from then on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyinfra import logger
from pyinfra.api.host import Host
from pyinfra.connectors.local import LocalConnector

from facts.model.host import HostState
from facts.model.outlook import Outlook
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.hostdata import host as host_data
from tasks.offline import index, shortage, tunnel, wants
from tasks.offline.shortage import Opened
from tasks.offline.wants import Wants
from tasks.python import locks
from tasks.steps import around
from tasks.steps.refusal import Refused
from tasks.steps.surroundings import Bundle


@dataclass(frozen=True)
class Supply:
    """One host's bundle, as its data name it."""

    folder: Path
    at: str
    """Where the host finds it; empty: through the connection of the run."""
    key: str
    """The only key that it may have; empty: its manifest's."""


def named(host: Host) -> Supply | None:
    """The bundle that this host's data name; None: it takes from the network.

    Raises:
        ValueError: Host data are not as expected.
    """
    folder = host_data.bundle(host.data)
    if folder is None:
        return None
    return Supply(folder, host_data.bundle_at(host.data), host_data.bundle_key(host.data))


def opened(host: Host, state: HostState, plan: Plan, supply: Supply) -> Opened:
    """The bundle, for a host of this plan's release.

    Raises:
        Refused: It is none for this host.
    """
    if state.package_manager.kind != "apt":
        raise Refused(not_apt(state))
    found, conflicts = shortage.opened(supply.folder, wants.release_of(plan), supply.key)
    if found is None:
        raise Refused(*conflicts)
    return found


def outlook(bundle: Opened, kernels: list[str], metapackages: tuple[str, ...]) -> Outlook:
    """What the bundle has of the kernels' headers, as a package manager would tell of its sources.

    Args:
        bundle: The bundle.
        kernels: Those that lack headers.
        metapackages: Of headers.
    """
    return Outlook(
        headers=index.headers_of(bundle.debs, kernels) if kernels else None,
        newest=index.newest_kernels(bundle.debs, metapackages),
    )


def supplied(host: Host, state: HostState, plan: Plan, supply: Supply, bundle: Opened) -> None:
    """Let the host's jobs take all from its bundle from here on.

    Raises:
        Refused: It lacks something, or is spoiled.
        OSError: The plan's lock cannot be read.
    """
    wanted = wanted_by(host, state, plan)
    if conflicts := shortage.conflicts(bundle, wanted, elsewhere=bool(supply.at)):
        raise Refused(*conflicts)
    files = wants.files(wanted, bundle.manifest)

    def reach() -> Bundle:
        if supply.at:
            address = supply.at
        elif isinstance(host.connector, LocalConnector):
            address = str(supply.folder.absolute())
        else:
            address = tunnel.opened(host, supply.folder, files)
        return Bundle(address, wanted.index, wants.LINKS, bundle.key)

    around.supply(host, reach)
    way = supply.at or "through the connection of this run"
    logger.info(
        f"{host.print_prefix}all comes from the bundle {supply.folder}, {way}; signed by "
        f"{bundle.manifest.key}. Package sources of the host stay as they are"
    )


def wanted_by(host: Host, state: HostState, plan: Plan) -> Wants:
    """What this host needs of a bundle.

    Raises:
        OSError: The plan's lock cannot be read.
    """
    return wants.of_plan(state, plan, locks.text(host.data, plan.torch.lock) if plan.torch else "")


def not_apt(state: HostState) -> Conflict:
    """BUNDLE-RELEASE: no bundle holds packages for this host."""
    return Conflict(
        "BUNDLE-RELEASE",
        "a bundle holds no packages for this host",
        f"{state.system.pretty or state.system.os} has {state.package_manager.kind}; bundles are "
        "for hosts with apt so far",
        (
            "set up a mirror of its repositories that the host reaches, and leave the host data "
            "bundle out",
        ),
        shortage.DOCS,
    )
