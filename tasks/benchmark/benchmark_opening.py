"""Open every host of a run, then measure: each host's two sides, or two hosts against each other.

Nothing is measured before all hosts were opened, since a host may be the other one's side.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import gevent
from pyinfra import logger
from pyinfra.api.host import Host

from facts.gpu_users import GpuUsers
from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plain import block, one_line
from tasks.benchmark import benchmark_conflicts, plot, running, words, written
from tasks.benchmark.outcome import Outcome, outcome, worst_of
from tasks.benchmark.running import Side
from tasks.host import opening
from tasks.host import resolution as host_resolution
from tasks.hostdata.benchmark import BenchmarkSettings, benchmark_settings
from tasks.image.look import images
from tasks.image.work import Work
from tasks.recipe import conflicts as recipe_conflicts
from tasks.recipe.opening import asked
from tasks.steps import course
from tasks.steps.answers import Answer, Answers
from tasks.steps.files import write_script
from tasks.steps.record import TOOL, now
from tasks.steps.refusal import Refused
from tasks.steps.step import fact, run, this_run

KEPT = "/var/lib/gpuwright/benchmark.json"


@dataclass(frozen=True)
class Ready:
    """A host that can be measured."""

    host: Host
    settings: BenchmarkSettings
    native: Side
    image: Side | None = None
    """None: it is compared with another host."""


Pair = tuple[Ready, tuple[Side, Side]]
"""A host whose answer it is, and what is compared for it."""


def new_answers() -> Answers:
    """A run's answers, with what is done when all hosts were opened."""
    return Answers(closing=_measure)


def this_one() -> None:
    """Open the host at hand; after the last one, measure, print and leave.

    Raises:
        SystemExit: 0 measured, whatever came of it; 1 measured, with doubts; 2 refused, or a wrong
            result; 3 not measured.
    """
    _answers.collect(_opened)


def _opened(host: Host) -> Answer | None:
    try:
        ready = opening.decided(host, _ready)
    except Refused as refusal:
        return _refused(host.name, refusal.conflicts)
    if ready is None:
        return None
    _ready_hosts[host.name] = ready
    return Answer("UNKNOWN", f"{host.name}: UNKNOWN\n  nothing was measured", {})


def _ready(host: Host, state: HostState) -> Ready | None:
    settings = benchmark_settings(host.data)
    users: list[str] | None = fact(GpuUsers)
    if users is None:
        return None
    conflicts = benchmark_conflicts.of_host(state, settings, users)
    native = Side("native", host, cpu=settings.cpu, skip=settings.skip)
    image: Side | None = None
    if not settings.against:
        try:
            image, more = _image(host, state, settings)
        except Refused as refusal:  # no image is planned for such a host
            more = [*refusal.conflicts]
        conflicts += more
    if conflicts:
        raise Refused(*conflicts)
    for user in users:
        logger.warning(f"{host.print_prefix}measured beside a program on the GPUs: {user}")
    return Ready(host, settings, native, image)


def _image(
    host: Host, state: HostState, settings: BenchmarkSettings
) -> tuple[Side | None, list[Conflict]]:
    found = asked(state, host.data)
    seen = images(Work(found.recipe, found.settings))
    if lacking := recipe_conflicts.docker(seen):
        return None, lacking
    exact = found.recipe.exact_name
    if not (name := benchmark_conflicts.image_name(exact, seen)):
        return None, [benchmark_conflicts.no_image(exact, seen)]
    plan = host_resolution.resolved(state, host.data, containers=True).plan
    gives = plan.containers.ask if plan and plan.containers and state.driver.loaded else ()
    how = f"docker run {name}, Docker {seen.server}"
    return Side(
        "image", host, name, () if settings.cpu else gives, how, settings.cpu, settings.skip
    ), []


def _refused(name: str, conflicts: tuple[Conflict, ...]) -> Answer:
    lines = [f"{name}: refused; nothing was measured"]
    for one in conflicts:
        lines += [f"  {one.code}: {one.what}", f"    why: {one.why}"]
        lines += [f"    do:  {remedy}" for remedy in one.remedies]
    data = {"verdict": "refused", "conflicts": [asdict(one) for one in conflicts]}
    return Answer("CRITICAL", block(lines), data)


def _measure(told: dict[str, Answer]) -> None:
    """Measure all that is ready: hosts beside each other, pairs one after the other."""
    pairs = [*_pairs(told)]
    if "--dry" in sys.argv:
        for one, sides in pairs:
            told[one.host.name] = _would(one, sides)
        return
    single = [[pair] for pair in pairs if pair[1][0].host is pair[1][1].host]
    several = [pair for pair in pairs if pair[1][0].host is not pair[1][1].host]
    gevent.joinall([gevent.spawn(_in_turn, turn, told) for turn in [*single, several]])


def _pairs(told: dict[str, Answer]) -> Iterator[Pair]:
    """Each host with its two sides; a host that only is another's side says so."""
    ready = {host.name: host.name in _ready_hosts for host in this_run().inventory}
    names = list(ready)
    opened = {name: good for name, good in ready.items() if name in told}
    wanted = {
        one.settings.against for name, one in _ready_hosts.items() if one.settings.against != name
    }
    for name, one in _ready_hosts.items():
        against = one.settings.against
        if not against:
            assert one.image is not None
            yield one, (one.native, one.image)
        elif against == name and name in wanted:
            text = f"{name}: OK\n  the other side of a comparison: see the other host's lines"
            told[name] = Answer("OK", text, {"verdict": "OK", "side_of_others": True})
        elif fault := benchmark_conflicts.partner(name, against, opened, names):
            told[name] = _refused(name, (fault,))
        else:
            yield one, (_as_host(_ready_hosts[against]), _as_host(one))


def _as_host(one: Ready) -> Side:
    return Side(one.host.name, one.host, cpu=one.settings.cpu, skip=one.settings.skip)


def _would(one: Ready, sides: tuple[Side, Side]) -> Answer:
    runs = one.settings.runs
    text = (
        f"{one.host.name}: OK\n  would measure {sides[1].label} against {sides[0].label}, {runs} "
        "runs of each by turns after one of each to warm up; nothing was measured"
    )
    return Answer("OK", text, {"verdict": "OK", "would_measure": [s.label for s in sides]})


def _in_turn(pairs: list[Pair], told: dict[str, Answer]) -> None:
    for one, sides in pairs:
        _one(one, sides, told)


def _one(one: Ready, sides: tuple[Side, Side], told: dict[str, Answer]) -> None:
    """Measure one pair; what goes wrong with it is its own."""
    name = one.host.name
    try:
        found = outcome(running.measured(sides, one.settings.runs))
        told[name] = _told(one, found)
    except Refused as refusal:
        told[name] = _refused(name, refusal.conflicts)
    except Exception as error:
        why = course.of_host(one.host).why or course.words(error)
        data = {"verdict": "UNKNOWN", "why": why}
        told[name] = Answer("UNKNOWN", f"{name}: UNKNOWN\n  {one_line(why)}", data)


def _told(one: Ready, found: Outcome) -> Answer:
    """The answer, and its files."""
    name, at, level = one.host.name, now(), found.level
    text, data = words.text(name, found), words.data(found)
    if why := course.of_host(one.host).why:
        text += "\n" + one_line(f"  stopped: {why}")
    kept = words.record(at, TOOL, found.names, data)
    picture = plot.svg(f"{name}: {found.names[1]} against {found.names[0]}", found, f"{at}, {TOOL}")
    lines: list[str] = []
    try:
        made = written.write(one.settings.folder, written.stem(name, at), kept, picture)
        lines = [f"  written: {path}" for path in made]
    except OSError as error:
        lines = [f"  benchmark_to: {one.settings.folder} cannot be written: {error.strerror}"]
        level = worst_of((level, "UNKNOWN"))
    if one.settings.keep:
        good, said = run(one.host, write_script(KEPT, words.as_text(kept)))
        lines.append(f"  kept on the host: {KEPT}" if good else f"  not kept on the host: {said}")
        level = level if good else worst_of((level, "WARN"))
    return Answer(level, text + "\n" + block(lines), {**data, "verdict": level, "at": at})


_answers = new_answers()
_ready_hosts: dict[str, Ready] = {}
