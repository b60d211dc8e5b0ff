"""What the host's package manager would do, asked before anything is touched."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.model.outlook import Outlook
from facts.outlook import PackageOutlook
from stacks.model.plan import Plan
from tasks.containers import engine_state
from tasks.driver import state as driver_state
from tasks.packages import apt, lists, repair_state
from tasks.steps.step import fact, this_host
from tasks.verify.parts import parts

_asked: WeakKeyDictionary[Host, Outlook] = WeakKeyDictionary()


def needed(state: HostState, plan: Plan) -> bool:
    """Whether the package manager will have work: something is broken, or still to come.

    A finished host costs no further round trip.
    """
    return bool(
        repair_state.is_broken(state)
        or any(part.asks_repository for part in parts(state, plan))
        or engine_state.to_come(state, plan)
    )


def asked(state: HostState, plan: Plan) -> Outlook:
    """Its answers; empty where the host was lost meanwhile."""
    driver = plan.driver
    lacking = driver_state.kernels_without_headers(state, driver) if driver else []
    found: Outlook | None = fact(
        PackageOutlook,
        options=apt.SETTINGS if state.package_manager.kind == "apt" else "",
        stamp=lists.STAMP,
        kernels=tuple(lacking),
        metapackages=(driver.headers or ("kernel-devel",)) if driver and lacking else (),
    )
    # A host that was lost has none: pyinfra has said so.
    _asked[this_host()] = found or Outlook()
    return _asked[this_host()]


def unmet() -> tuple[str, ...]:
    """What packages of the host at hand lacked before anything was touched, in apt's words."""
    return _asked.get(this_host(), Outlook()).complaints
