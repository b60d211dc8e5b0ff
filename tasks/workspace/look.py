"""One look at a host's workspaces, with what its data ask for."""

from __future__ import annotations

from typing import cast

from facts.workspace_model import Answer, WorkspaceState
from facts.workspaces import WorkspaceAnswers, Workspaces
from tasks.hostdata.workspace_values import WorkspaceSettings
from tasks.steps.step import fact
from tasks.workspace.placing import Place

PATIENCE_S = 180
"""JupyterLab's first start reads some hundred files of a slow disk."""


def workspace_state(settings: WorkspaceSettings) -> WorkspaceState:
    """What there is of these workspaces, kept until a step changes the host."""
    users = [(w.user, w.code) for w in settings.workspaces]
    ports = sorted({port for w in settings.workspaces for port in w.ports.values()})
    return cast(WorkspaceState, fact(Workspaces, users=tuple(users), ports=tuple(ports)))


def answers(places: tuple[Place, ...]) -> dict[str, Answer]:
    """What the workspaces answer, waited for."""
    asked = tuple(
        (
            place.workspace.user,
            {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(a := place.workspace.address, a),
            place.workspace.ports["JupyterLab"],
            place.workspace.ports.get("TensorBoard", 0),
            place.workspace.ports.get("ssh", 0),
            bool(place.made.gpus),
        )
        for place in places
    )
    return cast(dict[str, Answer], fact(WorkspaceAnswers, asked=asked, seconds=PATIENCE_S))
