"""Driver packages of several versions on one host: which is meant, which packages stray. Pure."""

from __future__ import annotations

import re
from collections import Counter

from tasks.faults.catalog import Method
from tasks.health.case import Case
from tasks.packages.installed import upstream
from tasks.packages.manager import manager_for
from tasks.packages.transaction import Installation, Transaction
from tasks.steps.record import HostRecord, read

_DRIVER = re.compile(r"^\d{3}\.\d+(\.\d+)?$")


def by_package(case: Case) -> dict[str, str]:
    """Installed packages that carry the driver's version, with that version."""
    found = {p.name: upstream(p.version) for p in case.driver_packages}
    return {name: version for name, version in found.items() if _DRIVER.match(version)}


def meant(case: Case) -> str | None:
    """The version that all should be of: the plan's, else the record's, else that of the most.

    The record's and the plan's count only where a package of it is here: no other is brought in
    under this name.
    """
    here = Counter(by_package(case).values())
    if not here:
        return None
    plan = case.plan.driver if case.plan else None
    noted = read(HostRecord, case.state.record).versions
    wanted = (
        plan.version if plan and plan.versions else None,
        (noted.driver if noted else None) or None,
    )
    return next((w for w in wanted if w in here), here.most_common(1)[0][0])


def strays(case: Case) -> dict[str, str]:
    """Packages of another version than the one that is meant, with theirs."""
    version = meant(case)
    return {name: v for name, v in by_package(case).items() if v != version}


def moves(case: Case, method: Method) -> bool:
    """Whether this way brings other libraries than those of the module that is loaded.

    What uses the GPU then goes on, but nothing new can begin: so it asks first, as a reload does.
    """
    plan = case.plan.driver if case.plan else None
    if not case.loaded or case.container:
        return False
    if method == "plan":
        return bool(plan and plan.versions and plan.version != case.loaded)
    return method == "converge" and meant(case) != case.loaded


def script(case: Case) -> str:
    """Shell that brings the strays to the version that is meant, and nothing else."""
    version, names = meant(case), sorted(strays(case))
    manager = manager_for(case.state)
    transaction = Transaction(
        ours=tuple(sorted(by_package(case))),
        pins=tuple((name, f"{version}-*") for name in names),
        back=True,
    )
    return manager.install(
        Installation(
            [manager.named(name, f"{version}-*") for name in names], transaction=transaction
        )
    )
