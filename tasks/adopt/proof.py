"""What was written is read as a run would read it, and resolved on the host as if it were bare."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from facts.model.host import HostState
from stacks.model.plan import Plan, Resolution
from stacks.model.requests import Stack
from tasks.adopt.bare import bare
from tasks.host import resolution
from tasks.host.components import Components


class Difference(NamedTuple):
    """A value of the plan that is not the host's."""

    what: str
    here: str
    planned: str

    @property
    def text(self) -> str:
        """``driver version: here 535.183.01, planned 535.309.01``."""
        return f"{self.what}: here {self.here}, planned {self.planned}"


def resolved(state: HostState, stack_text: str, group_text: str, containers: bool) -> Resolution:
    """The plan, or the conflicts, that these two files lead to on this host without its software.

    Args:
        state: What the probe saw.
        stack_text: Text of the stack's file.
        group_text: Text of the file of group data.
        containers: Whether it is planned as a container host.

    Raises:
        StackError: The stack's file says something that no stack may say.
        ValueError: The group data say something that no host data may say.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adopted.yaml"
        path.write_text(stack_text, encoding="utf-8")
        data = {**read(group_text), "stack": str(path)}
        return resolution.resolved(bare(state), data, containers=containers)


def read(group_text: str) -> dict[str, Any]:
    """The values of a file of group data, without running it: the stack's path is not among them.

    Raises:
        ValueError: A value is no literal.
    """
    found = {}
    for node in ast.parse(group_text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name != "stack":
                found[name] = ast.literal_eval(node.value)
    return found


def differences(seen: Components, stack: Stack, plan: Plan) -> list[Difference]:
    """Where the plan is not what is on the host, in parts that the stack asks for.

    Args:
        seen: What is on the host.
        stack: What is asked for.
        plan: What comes of it on a bare host.
    """
    pairs = [
        *_driver(seen, plan),
        *_cuda(seen, plan),
        *_cudnn(seen, plan),
        *_torch(seen, stack, plan),
        *_containers(seen, plan),
    ]
    return [pair for pair in pairs if pair.here != pair.planned]


def _driver(seen: Components, plan: Plan) -> Iterator[Difference]:
    here, planned = seen.driver, plan.driver
    if planned is None:
        return
    if here is None:
        yield Difference("driver", "none", f"{planned.version} from {planned.origin}")
        return
    yield Difference("driver version", here.version, planned.version)
    if here.flavour:  # without a module nothing tells
        yield Difference("driver flavour", here.flavour, planned.flavour)
    yield Difference("driver origin", here.origin, planned.origin)


def _cuda(seen: Components, plan: Plan) -> Iterator[Difference]:
    if plan.cuda is None:
        return
    here = [c for c in seen.cuda if c.version == plan.cuda.version]
    if not here:
        return
    one = next((c for c in here if c.path == plan.cuda.prefix), here[0])
    if one.path == plan.cuda.prefix and one.origin == "files":
        return  # unpacked there, as the plan does
    yield Difference(f"origin of CUDA {one.version}", one.origin, plan.cuda.origin)


def _cudnn(seen: Components, plan: Plan) -> Iterator[Difference]:
    if plan.cudnn is None or not seen.cudnn:
        return
    wanted = plan.cudnn
    one = next((c for c in seen.cudnn if c.path.rstrip("/") == wanted.prefix), seen.cudnn[0])
    # A header tells three numbers of four.
    whole = f"{wanted.version}.".startswith(f"{one.version}.")
    yield Difference("cuDNN version", wanted.version if whole else one.version, wanted.version)
    yield Difference("place of cuDNN", one.path.rstrip("/"), wanted.prefix)


def _torch(seen: Components, stack: Stack, plan: Plan) -> Iterator[Difference]:
    if plan.torch is None or stack.torch is None:
        return
    same = [t for t in seen.torch if t.version == stack.torch.version]
    here = next((t for t in same if t.variant == stack.torch.variant), same[0] if same else None)
    if here is None:
        return
    yield Difference("PyTorch version", here.version, plan.torch.version)
    if here.variant:
        yield Difference("build of PyTorch", here.variant, plan.torch.variant)
    if here.python:
        yield Difference("Python", here.python, plan.torch.python)


def _containers(seen: Components, plan: Plan) -> Iterator[Difference]:
    if plan.containers is None:
        return
    there = {engine.name: engine for engine in seen.engines}
    for planned in plan.containers.engines:
        if here := there.get(planned.engine):
            yield Difference(f"{here.name} version", here.version, planned.version)
            yield Difference(f"origin of {here.name}", here.origin, planned.origin)
    if seen.toolkit:
        yield Difference("container toolkit", seen.toolkit, plan.containers.toolkit.version)
