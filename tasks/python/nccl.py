"""NCCL's settings for the programs of a host: logins, units, containers."""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

from facts.model.host import HostState
from tasks.hostdata.nccl import NcclSettings
from tasks.layout import ROOT
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step

SHELL = f"{ROOT}/etc/nccl.sh"
"""For shells: ``. /opt/gpuwright/etc/nccl.sh``."""
PLAIN = f"{ROOT}/etc/nccl.env"
"""For ``docker run --env-file`` and systemd's ``EnvironmentFile=``."""
PROFILE = "/etc/profile.d/gpuwright-nccl.sh"
"""For logins."""


@step
def written(settings: NcclSettings) -> Commands:
    """The files with NCCL's settings; none where host data set nothing.

    Args:
        settings: What host data set.
    """
    state = host_state()
    wanted = texts(settings)
    script = [
        files.write_script(path, text)
        for path, text in wanted.items()
        if files.differs(state, path, text)
    ]
    if script:
        yield StringCommand(files.joined(script))
    if gone := stale(state, wanted):
        yield StringCommand(f"rm -f {' '.join(gone)}")


def texts(settings: NcclSettings) -> dict[str, str]:
    """Path to text; nothing where nothing is set."""
    if not settings.values:
        return {}
    exports = "".join(f"export {name}={shlex.quote(v)}\n" for name, v in settings.values.items())
    return {
        SHELL: files.HEADER + exports,
        PLAIN: files.HEADER + "".join(f"{name}={v}\n" for name, v in settings.values.items()),
        PROFILE: f"{files.HEADER}[ ! -r {SHELL} ] || . {SHELL}\n",
    }


def stale(state: HostState, wanted: dict[str, str]) -> list[str]:
    """Files of an earlier run that are not to be there."""
    return [p for p in (PROFILE, SHELL, PLAIN) if p in state.managed_files and p not in wanted]
