"""What speaks against a benchmark on a host, found before anything is measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facts.model.host import HostState
from facts.parse.images import ImageState
from stacks.model.messages import Conflict
from tasks.deploy import CONTAINER_HOST, GPU_HOST
from tasks.hostdata.benchmark import BenchmarkSettings
from tasks.steps.record import ImageRecord, read

MOST_NAMED = 5


def of_host(state: HostState, settings: BenchmarkSettings, users: Sequence[str]) -> list[Conflict]:
    """What the host itself lacks, or who else uses its GPUs.

    Args:
        state: The host.
        settings: What is asked for.
        users: ``PID NAME`` of each program that holds a GPU open.
    """
    found = []
    if state.current_venv is None:
        found.append(
            Conflict(
                "BENCH-NO-ENVIRONMENT",
                "this host has no managed environment with PyTorch, which is the native side",
                "there is no /opt/gpuwright/current",
                (
                    f"pyinfra INVENTORY {GPU_HOST}",
                    f"on a container host: {CONTAINER_HOST} with --data with_native=True",
                ),
                "docs/benchmark-hosts.md",
            )
        )
    if not settings.cpu and not state.driver.loaded:
        found.append(
            Conflict(
                "BENCH-NO-GPU",
                "no driver is loaded on this host, so there is no GPU to measure",
                "/proc/driver/nvidia/version is not there",
                (
                    f"pyinfra INVENTORY {GPU_HOST}",
                    "--data benchmark_cpu=2 measures tiny sizes on the CPU, and says so",
                ),
                "docs/benchmark-hosts.md",
            )
        )
    if users and not settings.cpu and not settings.anyway:
        named = ", ".join(users[:MOST_NAMED])
        more = f" and {len(users) - MOST_NAMED} more" if len(users) > MOST_NAMED else ""
        found.append(
            Conflict(
                "BENCH-GPUS-BUSY",
                "the GPUs of this host are in use",
                f"programs that hold them open (pid and name): {named}{more}",
                (
                    "wait until they have ended",
                    "--data anyway=busy measures beside them; the figures are theirs too then",
                ),
                "facts/gpu_users.py",
            )
        )
    return found


def image_name(exact: str, state: ImageState) -> str:
    """The image that is measured: the plan's own, else the last that a run put here; else empty."""
    noted = read(ImageRecord, state.record).exact
    known = (exact, noted if isinstance(noted, str) else "")
    return next((name for name in known if name and name in state.images), "")


def no_image(exact: str, state: ImageState) -> Conflict:
    """BENCH-NO-IMAGE: Docker answers, and has no image of this stack."""
    others = ", ".join(sorted(state.images)[:MOST_NAMED]) or "none of this name"
    return Conflict(
        "BENCH-NO-IMAGE",
        "the image of this stack is not on this host",
        f"looked for {exact}; Docker has {others}",
        ("pyinfra INVENTORY deploys/image.py",),
        "docs/image.md",
    )


def partner(
    host: str, against: str, ready: Mapping[str, bool], inventory: Sequence[str]
) -> Conflict | None:
    """BENCH-AGAINST: the other host is none that can be measured; None: it is one.

    Args:
        host: The host at hand.
        against: What its data name.
        ready: Hosts that were opened, to whether they can be measured.
        inventory: All hosts' names.
    """
    if against in ready and ready[against] and against != host:
        return None
    if against == host:
        why = "it is this very host, and no other host of the run names it"
    elif against not in inventory:
        why = "the inventory has no host of that name"
    elif against not in ready:
        why = "it is not in this run (--limit), or could not be read"
    else:
        why = "it cannot be measured: see its own lines"
    return Conflict(
        "BENCH-AGAINST",
        f'there is no host "{against}" to compare with',
        why,
        (f"pyinfra INVENTORY --limit {host},OTHER deploys/benchmark.py --data against=OTHER",),
        "docs/benchmark-hosts.md",
    )
