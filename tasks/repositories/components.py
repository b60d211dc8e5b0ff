"""Archive components that the driver and the toolkit need, from where the host gets the rest."""

from __future__ import annotations

from stacks.model.plan import Plan
from tasks.packages import dnf
from tasks.packages.transaction import Installation
from tasks.repositories import archive_asking, archives
from tasks.steps import around, files, job
from tasks.steps.step import Commands, host_state, step, this_host, write

EPEL = "epel-release"
"""Brings EPEL's key and ``.repo`` file; Rocky and Alma have it in their own ``extras``."""


@step
def components(plan: Plan) -> Commands:
    """Enable missing components (contrib, non-free …) for the archives that the host uses already.

    The host's own files stay as they are: ours adds the missing components with the same address,
    suites, key and options. A host that takes from a bundle keeps its sources as they are.
    """
    if around.leaves_sources(this_host()):
        return
    state = archive_asking.identified(this_host(), host_state())
    if state.package_manager.kind == "dnf":
        if archives.epel_due(state, plan):
            script = dnf.refresh_if_stale() + "\n" + dnf.install(Installation([EPEL]))
            yield job.complete(job.Job("epel", "EPEL", script, progress=dnf.progress()))
        return
    content = archives.sources_text(state, archives.wanted(plan))
    if content is None or not files.differs(state, archives.SOURCES, content):
        return
    yield write(archives.SOURCES, content)
