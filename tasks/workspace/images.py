"""Which image a workspace runs: the one of its tag, or one that it ran before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facts.workspace_model import WorkspaceState
from stacks.model.requests import Stack
from tasks.hostdata.workspace_values import Workspace
from tasks.steps.record import WorkspaceRecord, read
from tasks.steps.rollback import earlier

Past = tuple[str, str]
"""Id and name of an image."""


def tag_of(stack: Stack) -> str:
    """The tag of the stack's own image: ``v2.9``."""
    torch = stack.torch
    return "v" + ".".join(torch.version.split(".")[:2]) if torch else "latest"


def history(record: Mapping[str, Any]) -> list[Past]:
    """Images that a workspace has run, oldest first."""
    known = read(WorkspaceRecord, record).images or ()
    return [(image.id, image.name or "") for image in known if image.id]


def target(state: WorkspaceState, workspace: Workspace, rollback: int) -> str | None:
    """Id of the image to run; None where it is not on the host, or there is none so far back.

    Args:
        state: What is on the host.
        workspace: What is asked for.
        rollback: How many images to go back from the tag's own.
    """
    newest = state.images.get(workspace.reference)
    if not rollback:
        return newest
    known = [image for image, _ in _history(state, workspace) if image != newest]
    if newest is not None:
        known.append(newest)
    kept = [image for image in known if image in state.image_ids]
    return earlier(kept, rollback)


def name_of(state: WorkspaceState, workspace: Workspace, image: str) -> str:
    """A name for an image id: the workspace's own where it has it, else any, else the id."""
    if state.images.get(workspace.reference) == image:
        return workspace.reference
    names = [name for name, found in state.images.items() if found == image]
    past = [name for known, name in _history(state, workspace) if known == image]
    return next(iter(sorted(names) + past), image)


def remembered(state: WorkspaceState, workspace: Workspace, image: str) -> list[Past]:
    """The history with this image in it: what the record is to say."""
    known = _history(state, workspace)
    if any(one == image for one, _ in known):
        return known
    return [*known, (image, name_of(state, workspace, image))]


def _history(state: WorkspaceState, workspace: Workspace) -> list[Past]:
    seen = state.workspaces.get(workspace.user)
    return history(seen.record) if seen else []
