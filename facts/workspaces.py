"""Workspaces on a host, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.workspaces.Workspaces
"""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.sections import ProbeError
from facts.parse.workspaces import answers, workspace_state
from facts.script import as_root, text
from facts.workspace_model import Answer, WorkspaceState

_CALL = '\nframed {} "$@" </dev/null 2>/dev/null | printable\n'


def workspaces_command(users: Sequence[tuple[str, str]] = (), ports: Sequence[int] = ()) -> str:
    """The shell text: as root, through ``sudo -n``, or else with fewer rights."""
    words = [word for user, code in users for word in ("user", user, code)]
    words += [word for port in ports for word in ("port", str(port))]
    return as_root(text("frame", "workspaces") + _CALL.format("workspaces"), words)


class Workspaces(FactBase[WorkspaceState]):
    """Users, folders, ports, images, GPUs and the workspaces that are there. Reads only.

    + users: pairs of a user and their folder of code (empty: ``code`` in their home)
    + ports: ports of the host, to learn who listens there

    No token is read. An answer that is cut off fails this host alone.
    """

    @override
    def command(self, users: Sequence[tuple[str, str]] = (), ports: Sequence[int] = ()) -> str:
        return workspaces_command(users, ports)

    @override
    def process(self, output: list[str]) -> WorkspaceState:
        try:
            return workspace_state(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot look at this host's workspaces: {error}") from error


class WorkspaceAnswers(FactBase[dict[str, Answer]]):
    """What workspaces answer, by user, once they do: with the token and without.

    + asked: for each workspace user, address, ports of JupyterLab, TensorBoard and sshd (0: not
      asked), and whether it should see GPUs
    + seconds: how long to wait for all of them together
    """

    @override
    def command(self, asked: Sequence[tuple[str, str, int, int, int, bool]], seconds: int) -> str:
        words = [str(seconds)]
        for user, address, lab, board, ssh, gpus in asked:
            words += [user, address, str(lab), str(board), str(ssh), "yes" if gpus else "no"]
        script = text("frame", "workspace_answers") + _CALL.format("answers")
        return as_root(script, words)

    @override
    def process(self, output: list[str]) -> dict[str, Answer]:
        try:
            return answers(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot ask this host's workspaces: {error}") from error
