"""A person gets a workspace on a container host: JupyterLab behind a token, with GPUs.

    pyinfra inventories/lab.py deploys/workspace.py --data workspace_user=alice
    pyinfra -y --data workspace_user=alice --data rollback=1 inventories/lab.py deploys/workspace.py

A second run changes nothing. Host data: ``workspaces`` (a list) or ``workspace_user``,
``workspace_port``, ``workspace_code``, ``workspace_gpus`` …, ``workspaces_absent``, ``rollback``:
``docs/workspace.md``. The host needs Docker and the image first: ``deploys/container_host.py`` and
``deploys/image.py``.
"""

from tasks.workspace import service, workspace_opening, workspace_verdict

work = workspace_opening.for_this_host()

if work is not None:
    wishes, ask = work.wishes, work.ask
    service.possible(wishes=wishes, deferred=work.deferred, name="Nothing stands in the way")
    service.removed(wishes=wishes, name="Workspaces taken away")
    service.program(wishes=wishes, name="Workspace unit")
    service.secrets(wishes=wishes, ask=ask, name="Tokens and keys")
    service.described(wishes=wishes, ask=ask, name="Containers described")
    service.running(wishes=wishes, ask=ask, name="Workspaces up")
    workspace_verdict.given(wishes=wishes, ask=ask, way=work.way, name="Verdict")
