"""What is not as it should be with a workspace, from what it answers. Pure."""

from __future__ import annotations

from facts.workspace_model import Answer, WorkspaceState
from tasks.finding import Finding
from tasks.hostdata.workspace_values import WorkspaceSettings
from tasks.workspace import gpus
from tasks.workspace.placing import Place

REFUSED = (401, 403)
"""What JupyterLab answers who has no token (403; 401 is what a proxy before it would say)."""


def findings(
    state: WorkspaceState, settings: WorkspaceSettings, place: Place, answer: Answer | None
) -> list[Finding]:
    """All differences between a workspace and what was asked for."""
    workspace = place.workspace
    where = f"{workspace.address}:{workspace.port}"
    logs = f"docker logs --tail 50 {workspace.container}"
    again = f"systemctl restart {workspace.unit}"
    interrupts = f"what runs in the workspace of {workspace.user}"
    found: list[Finding] = []
    if answer is None or answer.lab != 200:
        status = answer.status if answer else "unknown"
        found.append(
            Finding(
                "WORKSPACE-DOWN",
                "CRITICAL",
                f"JupyterLab of {workspace.user} does not answer",
                f"HTTP status {answer.lab if answer else 0} on {where}; its container is {status}",
                f"see why: {logs}; then {again}",
                interrupts,
            )
        )
        return found
    if answer.without_token not in REFUSED:
        found.append(
            Finding(
                "WORKSPACE-UNLOCKED",
                "CRITICAL",
                f"JupyterLab of {workspace.user} lets in who has no token",
                f"HTTP status {answer.without_token} on {where} without a token, 403 expected",
                f"stop it: systemctl stop {workspace.unit}; rebuild the image with "
                "deploys/image.py",
                interrupts,
            )
        )
    elif answer.with_token != 200:
        found.append(
            Finding(
                "WORKSPACE-TOKEN",
                "CRITICAL",
                f"JupyterLab of {workspace.user} refuses the token of its file",
                f"HTTP status {answer.with_token} on {where}: the file was changed after its start",
                again,
                interrupts,
            )
        )
    found += _others(place, answer, logs)
    found += _gpus(state, place, answer, again, interrupts)
    if settings.rollback:
        found.append(
            Finding(
                "ROLLED-BACK",
                "WARN",
                f"{workspace.user} works in an earlier image",
                place.made.image,
                "run without rollback to return to the tag's own",
                interrupts,
            )
        )
    return found


def _others(place: Place, answer: Answer, logs: str) -> list[Finding]:
    workspace = place.workspace
    silent = []
    if workspace.tensorboard_port is not None and answer.tensorboard != 200:
        silent.append(("TensorBoard", workspace.tensorboard_port))
    if workspace.ssh_keys and not (answer.ssh or "").startswith("SSH-2.0"):
        silent.append(("sshd", workspace.ssh_port))
    return [
        Finding(
            "WORKSPACE-SILENT",
            "WARN",
            f"{what} of {workspace.user} does not answer",
            f"nothing on {workspace.address}:{port}",
            f"see why: {logs}",
        )
        for what, port in silent
    ]


def _gpus(
    state: WorkspaceState, place: Place, answer: Answer, again: str, interrupts: str
) -> list[Finding]:
    wanted = gpus.expected(state, place.made.gpus)
    if answer.gpus is None and not place.made.gpus:
        return []
    if answer.gpus is not None and answer.gpus >= wanted:
        return []
    sees = "none" if answer.gpus is None else str(answer.gpus)
    return [
        Finding(
            "WORKSPACE-BLIND",
            "CRITICAL",
            f"the container of {place.workspace.user} does not see its GPUs",
            f"{wanted} expected, {sees} seen" + (f": {answer.gpus_why}" if answer.gpus_why else ""),
            f"{again}; if that does not help: pyinfra INVENTORY deploys/driver_doctor.py",
            interrupts,
        )
    ]


def proof(place: Place, answer: Answer | None) -> str:
    """What was seen to work, in one line."""
    workspace = place.workspace
    if answer is None or answer.lab != 200 or answer.without_token not in REFUSED:
        return "none (see the findings)"
    said = [f"JupyterLab answers on {workspace.address}:{workspace.port}, only with its token"]
    if answer.tensorboard == 200:
        said.append("TensorBoard answers")
    if (answer.ssh or "").startswith("SSH-2.0"):
        said.append("sshd answers")
    if place.made.gpus:
        said.append(f"nvidia-smi in the container lists {answer.gpus or 0} GPUs")
    else:
        said.append("no GPU was asked for")
    return "; ".join(said)
