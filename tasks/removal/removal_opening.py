"""What a removal does on the host at hand, told before it does; or its refusal."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path

from pyinfra import logger
from pyinfra.api.host import Host

from facts.gpu_users import GpuUsers
from facts.host import HostProbe
from facts.model.host import HostState
from facts.removal import Removal
from facts.removal_model import Traces
from stacks.model.messages import Conflict
from tasks.host import opening
from tasks.hostdata.removal import RemovalSettings, removal_settings
from tasks.layout import REPORT_UNIT
from tasks.removal import operations, package_set, wording
from tasks.removal.removal_plan import RemovalPlan
from tasks.steps import ending, job, screen
from tasks.steps.refusal import Refused
from tasks.steps.step import fact, last_seen, leave_unnoted

HERE = (Path(__file__).resolve().parents[2], Path(sys.prefix).resolve())
"""This gpuwright, and the environment of its Python."""
_STOPPED = (
    *("gpuwright-guard.", "gpuwright-workspace@", "gpuwright-pull.", f"{REPORT_UNIT}."),
    *("gpuwright-unguard.", "gpuwright-removal.", "gpuwright-settings."),
)
"""Units that a step stops, or those of a removal that was cut off: its next run waits for them."""
BOOT = Path("/proc/sys/kernel/random/boot_id")


def for_this_host() -> RemovalSettings | None:
    """What else is to go from the host at hand; None: nothing is to be done, or it was refused."""
    return opening.opened(_work)


def _work(host: Host, state: HostState) -> RemovalSettings | None:
    settings = removal_settings(host.data)
    leave_unnoted(host)
    plan = operations.plan_now(settings)
    for line in wording.lines(plan):
        logger.info(f"{host.print_prefix}{line}")
    traces: Traces = fact(Removal)
    found = from_inside(plan, state.system.boot_id) or conflicts(plan, traces, fact(GpuUsers))
    if found:
        raise Refused(*found)
    if not plan:
        return None
    ending.at_end(lambda: _told(host, plan))
    return settings


def from_inside(
    plan: RemovalPlan, boot_id: str | None, here: tuple[Path, ...] = HERE, own: str | None = None
) -> tuple[Conflict, ...]:
    """What speaks against a removal by a gpuwright that lies in a folder that goes.

    Args:
        plan: What would go.
        boot_id: That of the host.
        here: Where this gpuwright and its Python lie.
        own: The boot id of the machine on which it runs; None: it is read.
    """
    if own is None:
        with contextlib.suppress(OSError):
            own = BOOT.read_text(encoding="ascii").strip()
    inside = [p for p in here for folder, _ in plan.folders if p.is_relative_to(folder)]
    if not inside or boot_id is None or boot_id != own:
        return ()
    source = shlex.quote(str(here[0]))
    return (
        Conflict(
            "REMOVE-FROM-INSIDE",
            f"this gpuwright runs from {inside[0]}, which is to go",
            "it would take itself away in the middle of its work",
            (
                "run it from another machine, or from a copy: "
                f"cp -a {source} /root/gpuwright && cd /root/gpuwright && .venv/bin/python -m "
                "pyinfra inventories/here.py deploys/remove.py",
            ),
            "docs/first-boot.md",
        ),
    )


def conflicts(
    plan: RemovalPlan, traces: Traces, gpu_users: list[str] | None
) -> tuple[Conflict, ...]:
    """What speaks against a removal now.

    Args:
        plan: What would go.
        traces: What is there.
        gpu_users: Programs that use a GPU; None: nobody could look.
    """
    found = _at_work(traces.running)
    drives = any("nvidia" in one.name for one in plan.packages.goes)
    if drives and gpu_users is None:
        gpu_users = ["programs that could not be listed"]
    running = sorted(c.name for c in traces.containers if c.running and c.workspace)
    kept = [] if plan.workspaces else [name for name in running if drives]
    if drives and gpu_users:
        found.append(
            Conflict(
                "REMOVE-GPU-BUSY",
                f"the GPU is in use by {wording.listed(tuple(gpu_users))}",
                "the driver is to go, and they would lose it in the middle of their work",
                ("let them end, or stop them (kill PID, docker stop NAME), and run this again",),
                "docs/remove.md",
            )
        )
    elif kept:
        found.append(
            Conflict(
                "REMOVE-GPU-BUSY",
                f"workspaces run: {wording.listed(tuple(kept))}",
                "the driver and the container toolkit are to go, and they have their GPUs by them",
                (
                    "take them away too: --data also=workspaces",
                    "or stop them: systemctl stop 'gpuwright-workspace@*'",
                ),
                "docs/remove.md",
            )
        )
    gone = {package_set.bare(one) for one in plan.packages.goes}
    if gone & {"docker.io", "docker-ce"} and (left := _left_in_docker(plan, traces)):
        found.append(
            Conflict(
                "REMOVE-ENGINE-USED",
                f"Docker has {wording.listed(left)}",
                "without it nobody can use them, and its packages may take their data along",
                (
                    "omit engine in --data also=…",
                    "or take them away first: docker rm, docker volume rm, docker image rm; of "
                    "ours: --data also=workspaces,images,engine",
                ),
                "docs/remove.md",
            )
        )
    return tuple(found)


def _at_work(units: tuple[str, ...]) -> list[Conflict]:
    """Jobs that outlive their connection, and work in folders that are to go."""
    jobs = tuple(unit for unit in units if not unit.startswith(_STOPPED))
    if not jobs:
        return []
    if "?" in jobs:
        return [
            Conflict(
                "REMOVE-JOB-RUNS",
                "whether a job of gpuwright's runs on the host is not known",
                "systemctl list-units gave no answer within 20 s",
                ("find out why (systemctl list-units 'gpuwright-*'), and run this again",),
                "docs/remove.md",
            )
        ]
    name = jobs[0].removeprefix("gpuwright-").removesuffix(".service")
    return [
        Conflict(
            "REMOVE-JOB-RUNS",
            f"a job of gpuwright's runs on the host: {wording.listed(jobs)}",
            "it works in folders that are to go, and would put things back that are gone",
            (
                f"let it end: tail -f {job.FOLDER}/{name}/log",
                f"or stop it: systemctl stop {shlex.join(jobs)}",
            ),
            "docs/remove.md",
        )
    ]


def _left_in_docker(plan: RemovalPlan, traces: Traces) -> tuple[str, ...]:
    """Containers, volumes and images that do not go before their engine."""
    spaces = set(plan.workspaces)
    containers = sorted(c.name for c in traces.containers if c.workspace not in spaces)
    images = sorted(set(traces.images) - set(plan.images))
    return (
        *(f"container {name}" for name in containers),
        *(f"volume {name}" for name in traces.volumes),
        *(f"image {name}" for name in images),
    )


def _told(host: Host, plan: RemovalPlan) -> bool:
    """Say how it ended; False where it did not come to its end."""
    run_now = ending.this_run()
    if run_now is None or not run_now.is_executing:
        return True
    failed = host in run_now.failed_hosts
    if failed:
        screen.say([f"{host.name}: the removal is not complete; run the same command again"])
        return False
    state = last_seen(host, HostProbe)
    lines = [f"{host.name}: removed; what stays was named above"]
    if state is not None and state.driver.loaded:
        lines.append(
            f"{host.name}: the NVIDIA module is still loaded: reboot it when it suits (reboot)"
        )
    screen.say(lines)
    return True
