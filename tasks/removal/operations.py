"""The steps of a removal. Each looks again, so that a removal which was cut off goes on."""

from __future__ import annotations

import shlex

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.removal import Removal
from facts.removal_model import Traces
from tasks.containers import daemon_json
from tasks.containers.daemon_json import DaemonJsonError
from tasks.hostdata.removal import RemovalSettings
from tasks.removal import removal_plan, scripts, settings_back
from tasks.removal.removal_plan import RemovalPlan
from tasks.steps import job, sending, theirs
from tasks.steps.before import BEFORE
from tasks.steps.step import Commands, fact, host_state, run, step
from tasks.steps.theirs import TheirsError
from tasks.workspace import service

_READ_AGAIN = "! systemctl -q is-active docker || systemctl reload docker"


def plan_now(settings: RemovalSettings) -> RemovalPlan:
    """What is to be done on the host at hand, as it is now."""
    traces: Traces = fact(Removal)
    return removal_plan.chart(traces, bool(host_state().driver.loaded), settings)


def _manager() -> str:
    return host_state().package_manager.kind


@step
def pull_stopped(settings: RemovalSettings) -> Commands:
    """The unit by which a host provisions itself: it would make again what is about to go."""
    plan = plan_now(settings)
    if plan.pull:
        yield StringCommand(scripts.pull(plan))


@step
def report_stopped(settings: RemovalSettings) -> Commands:
    """The timer of the report: it would call, and fail, for ever."""
    plan = plan_now(settings)
    if plan.report:
        yield StringCommand(scripts.report(plan))


@step
def guard_stopped(settings: RemovalSettings) -> Commands:
    """The guard first: it would build modules for what is about to go."""
    plan = plan_now(settings)
    if plan.guard:
        yield job.complete(job.Job("unguard", "kernel guard", scripts.guard(plan)))


@step
def workspaces_removed(settings: RemovalSettings) -> Commands:
    """Workspaces, where host data name them; a home that somebody has used stays."""
    plan = plan_now(settings)
    if plan.workspaces:
        yield StringCommand(service.removal(plan.workspaces))


@step
def images_removed(settings: RemovalSettings) -> Commands:
    """Our images, where host data name them."""
    plan = plan_now(settings)
    if plan.images:
        yield StringCommand(scripts.images(plan.images))


@step
def released(settings: RemovalSettings) -> Commands:
    """End our holds: what stays of the set may move again."""
    plan = plan_now(settings)
    if plan.unhold or plan.hold_files or plan.locks:
        yield StringCommand(scripts.holds(plan))


@step
def docker_as_before(settings: RemovalSettings) -> Commands:
    """Take our keys out of Docker's settings; Docker reads them again without a restart."""
    plan = plan_now(settings)
    if plan.docker_text is not None:
        keys = frozenset(plan.docker_keys)
        yield FunctionCommand(_docker_as_before, (keys,), {})


@step
def containerd_as_before(settings: RemovalSettings) -> Commands:
    """Put containerd's files back, before rpm would keep what we wrote under another name."""
    plan = plan_now(settings)
    if plan.containerd:
        yield StringCommand(scripts.containerd(plan.containerd))


def _docker_as_before(state: object, host: Host, keys: frozenset[str]) -> bool:
    path = daemon_json.PATH
    try:
        now = theirs.read(host, theirs.ROOT, path)
        before = theirs.read(host, theirs.ROOT, f"{BEFORE}/files{path}")
        text = settings_back.without_ours(now, before, keys)
    except (DaemonJsonError, TheirsError) as error:
        logger.error(f"{host.print_prefix}DAEMON-JSON: {path}: {error}")
        return False
    old = f"rm -f {path}.gpuwright-old"
    if text is None:
        return run(host, old)[0]
    if not text:
        good, said = run(host, f"rm -f {path} && {old} && {{ {_READ_AGAIN}; }}")
    else:
        good, said = run(host, f"readlink -m {path}")
        target = said.strip()
        if good:
            good, said = sending.put(host, f"{target}.gpuwright-new", text)
        if good:
            new, name = shlex.quote(f"{target}.gpuwright-new"), shlex.quote(target)
            keep = f"chown --reference={name} {new} && chmod --reference={name} {new}"
            good, said = run(host, f"{keep} && mv {new} {name} && {old} && {{ {_READ_AGAIN}; }}")
    if not good:
        logger.error(f"{host.print_prefix}{path} could not be written: {said}")
    return good


@step
def packages_purged(settings: RemovalSettings) -> Commands:
    """Purge what our transactions brought, and nothing else."""
    plan = plan_now(settings)
    if not plan.account:
        return
    count = len(plan.packages.goes)
    text = scripts.packages(plan, _manager())
    yield job.complete(job.Job("removal", f"{count} packages and what came with them", text))


@step
def settings_as_before(settings: RemovalSettings) -> Commands:
    """Our files go, files that were moved aside come back, the initramfs is made again."""
    plan = plan_now(settings)
    if plan.settings:
        text = scripts.settings(plan, _manager())
        yield job.complete(job.Job("settings", "settings and repositories", text))


@step
def folders_removed(settings: RemovalSettings) -> Commands:
    """Our folders, and last of all the notes by which this removal knew what to do."""
    plan = plan_now(settings)
    if plan.folders:
        yield StringCommand(scripts.folders(plan))
