"""What the host at hand collects for hosts like it, or its refusal."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from pyinfra import logger
from pyinfra.api.host import Host

from facts.closure import Closure, PackageClosure
from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.bundle import bundle_conflicts
from tasks.bundle.host_work import HostWork
from tasks.host import plans
from tasks.offline import index, manifest, shortage, supplying
from tasks.offline.manifest import BundleError
from tasks.offline.wants import Wants
from tasks.packages.apt_transaction import PRIORITY
from tasks.repositories import apt_files, archive_asking, archives, offers
from tasks.steps import around
from tasks.steps.refusal import Refused
from tasks.steps.step import fact


def work(host: Host, state: HostState, folder: Path) -> HostWork | None:
    """All that hosts like this one take for its plan; None: the host was lost.

    Its own apt is asked, with its own sources and those of the plan, in a folder of its own: the
    host stays as it is.

    Raises:
        Refused: There is no plan for it, or its apt finds not all.
        StackError, ValueError, OSError: As in `plans.decided`.
    """
    if state.package_manager.kind != "apt":
        raise Refused(supplying.not_apt(state))
    try:
        manifest.read(folder)
    except BundleError as error:
        raise Refused(bundle_conflicts.unreadable(error)) from error
    plan, _ = plans.decided(host, state, for_jetsons=False, containers=False, online=True)
    wanted = supplying.wanted_by(host, state, plan)
    found: Closure | None = fact(PackageClosure, **_question(host, state, plan, wanted))
    if found is None:
        return None
    try:
        debs = tuple(index.read(found.text))
    except ValueError as error:
        raise Refused(_not_found(str(error))) from None
    missing = [name for ask in wanted.asks for name in index.lacking(debs, ask)]
    why = found.lacking or found.unread
    if missing or any(deb.sha256 not in found.addresses for deb in debs):
        raise Refused(_not_found(f"{shortage.some(missing)}: {why or 'no source has it'}"))
    if found.unread:
        logger.warning(f"{host.print_prefix}a source was not read: {found.unread}")
    said = HostWork(
        host.name,
        *(folder, plan, wanted, debs, found.addresses),
        state.package_manager.architecture or "amd64",
    )
    if conflicts := bundle_conflicts.room(said, manifest.read(folder)):
        raise Refused(*conflicts)
    size = sum(deb.size for deb in debs) >> 20
    logger.info(
        f"{host.print_prefix}{len(debs)} packages of {size:,} MiB, {len(wanted.locks)} locks and "
        f"{len(wanted.tarballs)} tarballs for hosts of {wanted.release} go to {folder}"
    )
    return said


def _question(host: Host, state: HostState, plan: Plan, wanted: Wants) -> dict[str, Any]:
    state = archive_asking.identified(host, state)
    sources = archives.sources_text(state, archives.wanted(plan)) or ""
    pins = "".join(
        f"Package: {names}\nPin: version {version}\nPin-Priority: {PRIORITY}\n\n"
        for names, version in wanted.pins
    )
    keys, without = [], []
    for repository in plan.repositories:
        keyring = offers.keyring(plan, repository)
        if isinstance(keyring, tuple):
            raise Refused(*keyring)
        name = f"{repository.name}.gpg"
        keys.append((name, base64.b64encode(keyring).decode()))
        sources += "\n" + apt_files.sources_text(repository, f"@OWN@/keys/{name}")
        pins += "\n" + apt_files.pins_text(repository)
        without += [source.file for source in apt_files.others(state, repository)]
    return {
        "asks": wanted.asks,
        "offered": wanted.offered,
        "sources": sources,
        "without": tuple(dict.fromkeys(without)),
        "keys": tuple(keys),
        "pins": pins,
        "surroundings": around.file(host),
    }


def _not_found(why: str) -> Conflict:
    return Conflict(
        "BUNDLE-FETCH",
        "the host's apt does not find all that a bundle for it must hold",
        why,
        (
            "see what it says there: apt-get update; then run the same command again",
            "or collect on another host of the same release that reaches its archives",
        ),
        shortage.DOCS,
    )
