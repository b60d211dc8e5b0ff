"""The driver and the toolkit move only when we move them, and always as a whole.

A hold alone is not enough: unattended-upgrades and a changed dependency have moved parts of a held
driver (lyulyul/shine-cluster issue 50), and a pinned metapackage does not pin its parts
(dstackai/dstack pull request 2355). So every package of the set is held, pinned to its version,
and kept out of unattended-upgrades. On the Red Hat family dnf's versionlock does all three.

Containers are a group of their own, with files of their own: a host may be run through either
deploy, and neither undoes what the other holds.
"""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

from stacks.model.plan import Plan
from tasks.holds.sets import (
    GROUPS,
    _coming,
    _planned,
    _released,
    held_set,
    patterns,
    pins_text,
    to_come,
    unattended_text,
)
from tasks.packages import versionlock
from tasks.steps import files, job
from tasks.steps.step import Commands, executing, host_state, step


@step
def kept_from_unattended_upgrades(plan: Plan) -> Commands:
    """Blacklist the set for unattended-upgrades, also where that is not installed yet."""
    state = host_state()
    if state.package_manager.kind == "dnf":
        return  # dnf-automatic asks versionlock, as dnf itself does
    due = [
        files.write_script(group.unattended, content)
        for group in GROUPS
        if patterns(plan, group)
        and files.differs(state, group.unattended, content := unattended_text(plan, group))
    ]
    if due:
        yield StringCommand(" &&\n".join(due))


@step
def held(plan: Plan) -> Commands:
    """Hold every package of the set and pin it to the version that is there."""
    for group in GROUPS:
        state = host_state()
        if not patterns(plan, group):
            continue
        packages = held_set(state, plan, group)
        if state.package_manager.kind == "dnf":
            if to_come(state, plan, group) or not versionlock.right(state, packages):
                lock = versionlock.script(state, packages, group.block)
                yield job.complete(job.Job("lock", "version lock", lock))
            continue
        content = pins_text(packages, _planned(plan, group))
        missing = [p.name for p in packages if p.name not in state.package_manager.holds]
        coming = not executing() and _coming(state, plan, group)
        differs = files.differs(state, group.pins, content)
        if packages and not missing and not differs and not coming:
            continue
        script = f"{_released(packages, group)}\n{files.write_script(group.pins, content)}"
        if missing:
            script += f" && apt-mark hold {shlex.join(missing)} >/dev/null"
        yield StringCommand(script)
