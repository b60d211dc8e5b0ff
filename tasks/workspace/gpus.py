"""Which GPUs each workspace gets, and the words by which Docker is asked for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from facts.workspace_model import SeenContainer, SeenGpu, WorkspaceState
from tasks.hostdata.workspace_values import Workspace, WorkspaceSettings

_VOID = "NVIDIA_VISIBLE_DEVICES=void"
"""NVIDIA's runtime gives nothing then, though an image asks for all (nvidia-container-toolkit,
internal/config/image: ``void`` is no request). It counts where that runtime is the default one."""


class TooFewError(ValueError):
    """A workspace asks for GPUs that are not there, or that others have."""


def shared_out(
    settings: WorkspaceSettings, there: Sequence[SeenGpu], seen: Iterable[SeenContainer]
) -> dict[str, str]:
    """What each user gets: ``all``, ids with commas, or an empty string for none.

    Ids are given as they are asked for. A count gets GPUs that no other workspace of this host has
    by id or count; what a workspace has already, it keeps where that still fits.

    Args:
        settings: The host's workspaces.
        there: The host's GPUs.
        seen: Containers of ours, those of users that are not named now among them.

    Raises:
        TooFewError: With the numbers.
    """
    named = {w.user for w in settings.workspaces} | set(settings.absent)
    had = {c.user: c.gpus for c in seen}
    known = {gpu.uuid for gpu in there} | {gpu.index for gpu in there if gpu.index}
    taken = {gpu for user, gpus in had.items() if user not in named for gpu in _ids(gpus, there)}
    given: dict[str, str] = {}
    for workspace in settings.workspaces:
        if workspace.gpus.kind == "all":
            given[workspace.user] = "all"
        elif workspace.gpus.kind == "ids":
            lacking = [i for i in workspace.gpus.ids if i not in known]
            if lacking:
                raise TooFewError(
                    f"{workspace.user} asks for {', '.join(lacking)}; {_listed(there)}"
                )
            given[workspace.user] = ",".join(workspace.gpus.ids)
            taken |= _ids(given[workspace.user], there)
    cards = [gpu.index for gpu in there if gpu.index]
    counted = [w for w in settings.workspaces if w.gpus.kind == "count"]
    # Who keeps what they have goes first, so that nobody takes it from them.
    for workspace in sorted(counted, key=lambda w: not _fits(w, had.get(w.user, ""), cards)):
        before = had.get(workspace.user, "").split(",")
        if _fits(workspace, ",".join(before), cards) and not taken & set(before):
            mine = before if workspace.gpus.count else []
        else:
            mine = [gpu for gpu in cards if gpu not in taken][: workspace.gpus.count]
        if len(mine) < workspace.gpus.count:
            others = sorted(taken & set(cards))
            raise TooFewError(
                f"{workspace.user} asks for {workspace.gpus.count}; {_listed(there)}"
                + (f"; {', '.join(others)} are other workspaces'" if others else "")
            )
        taken |= set(mine)
        given[workspace.user] = ",".join(mine)
    return given


def words(ask: Sequence[str], gpus: str) -> tuple[str, ...]:
    """Words of ``docker create`` that give a container these GPUs.

    Args:
        ask: The plan's words for all GPUs (`stacks.model.containers.ContainerPlan.ask`).
        gpus: ``all``, ids with commas, or an empty string.
    """
    if not gpus:
        return ("--env", _VOID)
    if gpus == "all":
        return tuple(ask)
    found: list[str] = []
    for word in _apart(ask):
        if word.startswith("nvidia.com/gpu="):
            found.pop()  # its --device
            for gpu in gpus.split(","):
                found += ["--device", f"nvidia.com/gpu={gpu}"]
        elif word == "NVIDIA_VISIBLE_DEVICES=all":
            found.append(f"NVIDIA_VISIBLE_DEVICES={gpus}")
        elif word == "all":
            # Docker reads this word as CSV; the quotes keep several ids together.
            found.append(f'"device={gpus}"')
        else:
            found.append(word)
    return tuple(found)


def in_compose(ask: Sequence[str], gpus: str) -> dict[str, Any]:
    """The same as keys of a service in a Compose file."""
    if not gpus:
        return {"environment": dict([_VOID.split("=")])}
    listed = gpus.split(",")
    if "--gpus" in _apart(ask):
        given = {"count": "all"} if gpus == "all" else {"device_ids": listed}
        return reserved("nvidia", given)
    if any(word.startswith("nvidia.com/gpu=") for word in _apart(ask)):
        # Compose 2.26 (Debian 13) hands a CDI name below `devices` on as a path: "no such file".
        return reserved("cdi", {"device_ids": [f"nvidia.com/gpu={gpu}" for gpu in listed]})
    return {"runtime": "nvidia", "environment": {"NVIDIA_VISIBLE_DEVICES": gpus}}


def reserved(driver: str, given: dict[str, Any]) -> dict[str, Any]:
    """Keys of a service in a Compose file that reserve GPUs by a driver of Docker's."""
    device = {"driver": driver, **given, "capabilities": ["gpu"]}
    return {"deploy": {"resources": {"reservations": {"devices": [device]}}}}


def expected(state: WorkspaceState, gpus: str) -> int:
    """How many GPUs a container should see; of MIG slices at least the one that they are of."""
    if gpus == "all":
        return sum(1 for gpu in state.gpus or () if gpu.index)
    ids = [gpu for gpu in gpus.split(",") if gpu]
    whole = [gpu for gpu in ids if not gpu.startswith("MIG-")]
    return len(whole) or min(1, len(ids))


def _apart(ask: Sequence[str]) -> list[str]:
    """``--device=x`` and ``--device x`` are the same: options and values as words of their own."""
    found: list[str] = []
    for word in ask:
        option, equals, value = word.partition("=")
        found += [option, value] if equals and option.startswith("--") else [word]
    return found


def _fits(workspace: Workspace, had: str, cards: Sequence[str]) -> bool:
    """Whether what a workspace had is of the right number, and still there."""
    ids = [gpu for gpu in had.split(",") if gpu]
    return len(ids) == workspace.gpus.count and set(ids) <= set(cards)


def _ids(gpus: str, there: Sequence[SeenGpu]) -> set[str]:
    """Indices of GPUs that were given by index or UUID; ``all`` claims none."""
    by_uuid = {gpu.uuid: gpu.index for gpu in there}
    return {by_uuid.get(gpu, gpu) for gpu in gpus.split(",") if gpu and gpu != "all"}


def _listed(there: Sequence[SeenGpu]) -> str:
    cards = [gpu for gpu in there if gpu.index]
    if not cards:
        return "this host has none"
    names = sorted({gpu.name for gpu in cards})
    return f"this host has {len(cards)} ({', '.join(names)}), counted from 0"
