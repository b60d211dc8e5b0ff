"""A person gets a workspace on a container host: JupyterLab behind a token, with GPUs.

    pyinfra inventories/lab.py deploys/workspace.py --data workspace_user=alice
    pyinfra -y --data workspace_user=alice --data rollback=1 inventories/lab.py deploys/workspace.py

A second run changes nothing. Host data: ``workspaces`` (a list) or ``workspace_user``,
``workspace_port``, ``workspace_code``, ``workspace_gpus`` …, ``workspaces_absent``, ``rollback``,
``gate`` (a host that has passed ``deploys/verify.py``): ``docs/workspace.md``. The host needs
Docker and the image first: ``deploys/container_host.py`` and ``deploys/image.py``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.acceptance import gate
from tasks.workspace import report, service, workspace_opening, workspace_verdict

work = workspace_opening.for_this_host() if gate.passed(report) else None

if work is not None:
    settings, ask = work.settings, work.ask
    service.preconditions_met(
        settings=settings, deferred=work.deferred, name="Preconditions are met"
    )
    service.removed(settings=settings, name="Workspaces taken away")
    service.program(settings=settings, name="Workspace unit")
    service.secrets(settings=settings, ask=ask, name="Tokens and keys")
    service.container_defined(settings=settings, ask=ask, name="Containers described")
    service.running(settings=settings, ask=ask, name="Workspaces up")
    workspace_verdict.report_verdict(
        settings=settings, ask=ask, ssh_route=work.ssh_route, name="Verdict"
    )
