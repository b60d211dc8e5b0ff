"""Kubernetes' nodes, by ``kubectl``.

A cordoned node does not say who has cordoned it. So this roll's id is an annotation beside it, and
only a node with that annotation is uncordoned. Pods that have asked for a GPU are waited for and
not evicted; ``kubectl drain`` moves the others, as far as their disruption budgets allow, and is
not forced: it refuses pods that nobody would make again, or whose local data would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuwright.roll.drains import DrainError, Standing, said
from stacks.model.plain import decoded, one_line

ANNOTATION = "gpuwright/roll"
RESOURCES = ("nvidia.com/",)
"""Beginnings of the resources by which pods ask for GPUs, slices of them, or shares."""
EVICT_S = 600
_OVER = ("Succeeded", "Failed")


def standing(node: object, pods: object, roll: str) -> Standing:
    """What ``kubectl get node`` and ``kubectl get pods`` say, as decoded JSON.

    Raises:
        DrainError: It is no node.
    """
    if not isinstance(node, Mapping) or not isinstance(spec := node.get("spec"), Mapping):
        raise DrainError("kubectl tells nothing of the node that could be read")
    notes = _mapping(_mapping(node.get("metadata")).get("annotations"))
    cordoned = spec.get("unschedulable") is True
    owner = notes.get(ANNOTATION)
    ours = cordoned and owner == roll
    by = ""
    if cordoned and not ours:
        by = f"roll {one_line(str(owner))}" if owner else "cordoned, nobody knows by whom"
    using = sorted(_users(pods))
    return Standing(cordoned, ours, by, f"pods {', '.join(using[:5])}" if using else "")


def _users(pods: object) -> Iterator[str]:
    items = _mapping(pods).get("items")
    for pod in items if isinstance(items, list) else ():
        named, spec = _mapping(_mapping(pod).get("metadata")), _mapping(_mapping(pod).get("spec"))
        if _mapping(_mapping(pod).get("status")).get("phase") in _OVER:
            continue
        for kind in ("containers", "initContainers"):
            all_of_it = spec.get(kind)
            for container in all_of_it if isinstance(all_of_it, list) else ():
                resources = _mapping(_mapping(container).get("resources"))
                asked = {**_mapping(resources.get("requests")), **_mapping(resources.get("limits"))}
                if any(str(key).startswith(RESOURCES) for key in asked):
                    yield one_line(f"{named.get('namespace')}/{named.get('name')}")
                    break
            else:
                continue
            break


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


@dataclass
class Kubernetes:
    """Cordons and uncordons nodes for one roll."""

    roll: str
    command: Sequence[str] = ("kubectl",)

    async def standing(self, node: str) -> Standing:
        """See `gpuwright.roll.drains.Scheduler`."""
        here = f"--field-selector=spec.nodeName={node}"
        seen = await self._json("get", "node", node)
        pods = await self._json("get", "pods", "--all-namespaces", here)
        return standing(seen, pods, self.roll)

    async def drain(self, node: str) -> None:
        """See `gpuwright.roll.drains.Scheduler`."""
        # One that an earlier roll has left on a node that is not cordoned means nothing any more.
        note = [f"{ANNOTATION}={self.roll}", "--overwrite"]
        await said([*self.command, "annotate", "node", node, *note])
        await said([*self.command, "cordon", node])

    async def empty(self, node: str) -> None:
        """See `gpuwright.roll.drains.Scheduler`."""
        words = ["drain", node, "--ignore-daemonsets", f"--timeout={EVICT_S}s"]
        await said([*self.command, *words], EVICT_S + 30)

    async def undrain(self, node: str) -> None:
        """See `gpuwright.roll.drains.Scheduler`."""
        await said([*self.command, "uncordon", node])
        await said([*self.command, "annotate", "node", node, f"{ANNOTATION}-"])

    def undrain_command(self, node: str) -> str:
        """See `gpuwright.roll.drains.Scheduler`."""
        kubectl = " ".join(self.command)
        return f"{kubectl} uncordon {node} && {kubectl} annotate node {node} {ANNOTATION}-"

    async def _json(self, *words: str) -> Any:
        text = await said([*self.command, *words, "-o", "json"])
        try:
            return decoded(text)
        except ValueError as error:
            raise DrainError(f"kubectl {' '.join(words)}: no JSON: {error}") from None
