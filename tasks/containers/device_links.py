"""Links that let a container keep its GPUs when systemd reads its units again.

runc from 1.1.3 to 1.1.6 (Debian 12 has 1.1.5) tells systemd only of devices that have a link below
``/dev/char``, and the driver makes its device files without one. So systemd, which knows nothing of
the GPUs, takes them away at the next ``systemctl daemon-reload``, CDI or not
(opencontainers/runc issues 3671 and 3708; seen here with NVIDIA Container Toolkit 1.20.0).
"""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

from facts.engine_model import Engines, Node
from stacks.model.plan import Plan
from tasks.containers import look
from tasks.hostdata.containers import ContainerSettings
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step

RULE = "/etc/udev/rules.d/71-gpuwright-dev-char.rules"
LINKS = "/usr/bin/nvidia-ctk system create-dev-char-symlinks"
"""Makes a link for each device file that is there; with ``--create-all`` for all that can be."""
RULE_TEXT = (
    files.HEADER + "# When the driver comes: links for all the device files that it can have.\n"
    'ACTION=="add", DEVPATH=="/bus/pci/drivers/nvidia", '
    f'RUN+="{LINKS} --create-all"\n'
)


@step
def made(plan: Plan, settings: ContainerSettings) -> Commands:
    """Make the links that are missing, and let udev make them when the driver is loaded."""
    if plan.containers is None:
        return
    lines = []
    if files.differs(host_state(), RULE, RULE_TEXT):
        lines.append(files.write_script(RULE, RULE_TEXT))
        lines.append("{ udevadm control --reload 2>/dev/null || :; }")
    lines += [
        f"ln -sfn ../{shlex.quote(node.path.removeprefix('/dev/'))} "
        f"/dev/char/{node.major}:{node.minor}"
        for node in unlinked(look.engines(settings))
    ]
    if lines:
        yield StringCommand(" &&\n".join(lines))


def unlinked(engines_state: Engines) -> list[Node]:
    """NVIDIA's device files without a link."""
    return [node for node in engines_state.nodes if not node.linked]
