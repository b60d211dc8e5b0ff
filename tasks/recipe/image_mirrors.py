"""The mirrors that an image is made from, chosen by who fetches: the host, or this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.parse.mirrors import MirrorReading
from stacks.model.image import ImagePlan
from tasks.mirrors import asking, settling, standing
from tasks.mirrors.questions import Question
from tasks.python import locks
from tasks.recipe import opening
from tasks.steps.refusal import Refused


def settled(host: Host, state: HostState, here: bool = False) -> None:
    """Choose among several mirrors for the image that the host's data ask for.

    Args:
        host: The host whose data name them.
        state: What the probe saw of it.
        here: Whether this machine fetches, for a bundle, and not the host.

    Raises:
        Refused: MIRROR-NONE, or there is no image for this host.
        StackError, ValueError, OSError: As `tasks.recipe.opening.asked`.
    """
    if not any(one.left[1:] for one in standing.of_host(host).values()):
        return

    def plan_with(mirrors: Mapping[str, str]) -> ImagePlan:
        found = opening.resolved(state, host.data, mirrors)
        if found.plan is None:
            raise Refused(*found.conflicts)
        return found.plan

    first = plan_with({})
    lock = locks.text(host.data, first.torch.lock) if first.torch.locked else ""
    ask = _here if here else asking.asked
    default = None if here else state.pip_index
    settling.settled(host, settling.Wants(plan_with, lock, default, ask))


def _here(questions: Sequence[Question]) -> tuple[MirrorReading, ...]:
    try:
        return asking.asked_here(questions)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
