"""Read every host of a run, write stacks and host data of those alike, and tell what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from pyinfra.api.host import Host
from pyinfra.api.state import State

from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.handmade import HandmadeParts
from facts.handmade_model import Handmade
from facts.model.host import HostState
from stacks.load import StackError
from stacks.model.messages import Conflict
from stacks.model.plan import Resolution
from tasks.adopt import files, proof, texts, words
from tasks.adopt.adoption import Adoption, adopted
from tasks.host import opening, resolution, twins
from tasks.hostdata import host as host_data
from tasks.steps import course
from tasks.steps.answers import Answer, Answers
from tasks.steps.refusal import Refused
from tasks.steps.step import fact, this_run

Told = dict[str, Answer]


@dataclass
class _Run:
    """What was seen of the hosts of one run, by their names, in their order."""

    folder: Path = Path("adopted")
    found: dict[str, Adoption] = field(default_factory=dict)


_runs: WeakKeyDictionary[State, _Run] = WeakKeyDictionary()


def this_one() -> None:
    """Read the host at hand; after the last one, write, print and leave.

    Raises:
        SystemExit: 0 adopted whole, 1 with differences, 2 not adopted, 3 where a host could not be
            read; by the worst of all hosts.
    """
    _answers.collect(_told)


def _told(host: Host) -> Answer | None:
    try:
        return opening.decided(host, _seen)
    except Refused as refusal:
        if twins.is_one(refusal.conflicts):
            for other in twins.others(host):
                _runs.setdefault(this_run(), _Run()).found.pop(other.name, None)
                if other.name in _answers.told:
                    _answers.told[other.name] = words.refused(other.name, refusal.conflicts)
        return words.refused(host.name, refusal.conflicts)


def _seen(host: Host, state: HostState) -> Answer | None:
    host_data.output(host.data)
    run = _runs.setdefault(this_run(), _Run())
    run.folder = host_data.adopt_folder(host.data)
    handmade: Handmade | None = fact(HandmadeParts)
    if handmade is None:
        return None
    engines: Engines | None = None
    if any(state.packages.get(name) for name in ("docker-ce", "docker.io", "podman")):
        engines = fact(ContainerEngines, users=())
    found = adopted(state, handmade, engines, host.data, resolution.catalog())
    if isinstance(found, tuple):
        raise Refused(*found)
    run.found[host.name] = found
    return Answer("OK", f"{host.name}: adopted", {})  # `_written` says more


def _written(told: Told) -> None:
    """Write the files of each group, and let its hosts tell what came of it."""
    run = _runs.get(this_run())
    if run is None:
        return
    names: list[str] = []
    for hosts in grouped(run.found):
        names.append(texts.name_of(hosts[0], names))
        try:
            answers = _group(names[-1], {name: run.found[name] for name in hosts}, run.folder)
        except Exception as error:  # this group's hosts alone
            why = course.words(error)
            answers = {name: words.failed(name, why) for name in hosts}
        told.update(answers)


def grouped(found: Mapping[str, Adoption]) -> list[list[str]]:
    """Names of hosts that are alike, each group in the hosts' order."""
    groups: dict[str, list[str]] = {}
    for name, adoption in found.items():
        groups.setdefault(adoption.alike, []).append(name)
    return list(groups.values())


def _group(name: str, found: Mapping[str, Adoption], folder: Path) -> Told:
    first = next(iter(found.values()))
    left = {one.text: one for adoption in found.values() for one in adoption.left if one.loss}
    stack = texts.stack_text(first.stack, found, left.values())
    group = texts.group_text(name, found, first.data)
    proven = {host: _proven(adoption, stack, group) for host, adoption in found.items()}
    answers = {
        host: words.refused(host, conflicts)
        for host, conflicts in proven.items()
        if isinstance(conflicts, tuple)
    }
    if len(answers) == len(found):
        return answers
    paths = {
        folder / "stacks" / f"{name}.yaml": stack,
        folder / "group_data" / f"{name}.py": group,
    }
    try:
        news = files.written(paths)
    except (files.TakenError, OSError) as error:
        return {host: words.failed(host, str(error)) for host in found}
    for host, resolved in proven.items():
        if not isinstance(resolved, tuple):
            answers[host] = words.answer(host, name, found[host], resolved, news, stack, folder)
    return answers


def _proven(adoption: Adoption, stack: str, group: str) -> Resolution | tuple[Conflict, ...]:
    """What the texts lead to on the host as if it were bare."""
    try:
        found = proof.resolved(adoption.state, stack, group, adoption.containers)
    except (StackError, ValueError) as error:
        return (
            Conflict(
                "STACK-INVALID", "what was read makes no stack", str(error), (), "docs/adopt.md"
            ),
        )
    return found if found.plan is not None else found.conflicts


_answers = Answers(
    {"OK": "adopted", "WARN": "partly", "CRITICAL": "not-adopted", "UNKNOWN": "unknown"},
    closing=_written,
)
