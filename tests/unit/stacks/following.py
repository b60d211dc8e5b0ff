"""A host's question, asked again after a person did what a remedy says.

Written apart from `stacks.follow`: this one changes host data as a person would, and reads the
stack's file anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stacks.model.change import Change
from stacks.model.host import Gpu, HostProfile
from stacks.model.image import ImageResolution
from stacks.model.messages import Conflict
from stacks.model.plan import Resolution
from stacks.requests import with_requests
from stacks.resolve import resolve
from stacks.resolve_image import image_plan
from tests.unit.stacks.hosts import CATALOG, stack_of

SEEN: dict[str, Any] = {
    "glibc": None,
    "pythons": None,
    "driver": None,
    "docker": None,
    "kernels": (),
    "kernel_next_boot": None,
    "security_pocket": None,
}
"""What is seen on a host, and is not known of another one."""


_ANSWERS: dict[str, Resolution | ImageResolution] = {}
"""By the question as `repr` writes it: many ways out lead many hosts to one and the same."""


@dataclass(frozen=True)
class Question:
    """A stack by name, a host and its data."""

    stack: str
    profile: HostProfile
    data: Mapping[str, Any] = field(default_factory=dict)
    containers: bool = False
    image: bool = False
    """Whether it is about an image for such hosts."""

    @property
    def answer(self) -> Resolution | ImageResolution:
        """The resolver's; a question that was asked before is not asked again."""
        words = repr(self)
        if words not in _ANSWERS:
            _ANSWERS[words] = self._asked()
        return _ANSWERS[words]

    def _asked(self) -> Resolution | ImageResolution:
        stack = with_requests(stack_of(self.stack), self.data, self.containers)
        return (image_plan if self.image else resolve)(stack, self.profile, CATALOG)

    def after(self, change: Change) -> Question:
        """The question of the host, or of the other one, once that is done."""
        data = dict(self.data)
        expected: Any = None
        like: Any = self.profile.gpu_like
        for name, value in change.data.items():
            if name == "expected_gpus":
                expected = value
            elif name == "gpu_like":
                like = value
            elif value is None:
                data.pop(name, None)
            elif name == "without":
                data[name] = [*dict.fromkeys((*data.get(name, ()), *value))]
            else:
                data[name] = value
        host: dict[str, Any] = {**change.host, "gpu_like": like}
        if "gpus" in host:
            host["gpus"] = tuple(map(_gpu, host["gpus"]))
        if "os" in host or "arch" in host:
            host = {**SEEN, **host}
        if expected:
            host["expected_gpus"] = tuple(Gpu(key) for key in expected)
        profile = replace(self.profile, **host)
        return replace(self, stack=change.stack or self.stack, profile=profile, data=data)


def _gpu(word: str) -> Gpu:
    return Gpu(None, word[5:]) if word.startswith("10de:") else Gpu(word)


@dataclass(frozen=True)
class End:
    """Where a person ends who always takes the first way out of the first conflict."""

    codes: tuple[str, ...]
    """Conflicts on the way, in their order."""
    last: Conflict | None
    """The one that is left, whose first way out is none of host data; None: a plan."""

    @property
    def ring(self) -> bool:
        """Whether a conflict came back."""
        return len(set(self.codes)) < len(self.codes)


def end_of(question: Question) -> End:
    """Follow the first remedies to their end; a conflict that comes back ends it too."""
    codes: list[str] = []
    while True:
        answer = question.answer
        if answer.plan is not None:
            return End(tuple(codes), None)
        conflict = answer.conflicts[0]
        codes.append(conflict.code)
        change = conflict.changes[0] if conflict.changes else None
        if change is None or codes.count(conflict.code) > 1:
            return End(tuple(codes), conflict)
        question = question.after(change)
