"""A reading made of what a host answered. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from facts.device_health_model import Device, Health
from facts.past_model import Past
from stacks.model.address import masked
from stacks.model.plain import one_line
from tasks import finding
from tasks.acceptance import judge
from tasks.acceptance.rules import Fault, Observation, observation
from tasks.acceptance.subject import Subject
from tasks.doctor.tree import Diagnosis, diagnose
from tasks.drift.planned import planned
from tasks.drift.reading import MOST, Component, Gpu, Kept, Moved, Reading, Seen, text, time_of
from tasks.finding import SEVERITY, Finding, Level
from tasks.health.case import Case
from tasks.host import likeness, resolution
from tasks.host.components import components
from tasks.host.which_deploy import deploy_for
from tasks.steps.record import HostRecord, read

AT_REST = ("ecc", "remap", "pages", "persistence", "power", "fabric", "nvlink")
"""Checks of verify that need no load."""
_UNKNOWN = (likeness.UNKNOWN, "")
_WORST: Mapping[str, Level] = {"WARN": "WARN", "CRITICAL": "CRITICAL"}


@dataclass(frozen=True)
class Asked:
    """All that one host answered."""

    case: Case
    past: Past = field(default_factory=Past)
    health: Health = field(default_factory=Health)
    complaint: str = ""
    """Why it cannot be compared with a plan."""


def reading(host: str, group: str, at: str, asked: Asked) -> Reading:
    """What was seen of a host, as a reading.

    Args:
        host: Its name.
        group: Whom it is compared with.
        at: When it answered, in UTC.
        asked: Its answers.
    """
    case, state = asked.case, asked.case.state
    answer = diagnose(case)
    record = read(HostRecord, state.record)
    of_gpus = _of_gpus(asked, answer)
    verify, benchmark = _verify(asked.past.verify), _benchmark(asked.past.benchmark)
    found = (*_doctors(answer), *map(_seen, (*of_gpus, *_verifys(verify))))
    levels = tuple(Finding(f.code, f.level, "", "", "") for f in found)
    stack = case.plan.stack if case.plan else record.stack
    return Reading(
        host=host,
        group=group,
        read_at=at,
        asked_at=at,
        verdict=finding.worst(levels),
        proof=text(record.proof),
        stack=text(stack),
        deploy=deploy_for(state, case.plan),
        components=_components(asked),
        findings=found[:MOST],
        next_boot=answer.next_boot.ready,
        next_boot_why=_line(answer.next_boot.why),
        gpus=_gpus(asked.health, of_gpus),
        held=tuple(sorted(state.package_manager.holds))[:MOST],
        moves=_moves(asked.past),
        verify=verify,
        benchmark=benchmark,
        packages={p.name: p.version for p in _of_interest(asked)},
        facts=_facts(asked),
    )


def _components(asked: Asked) -> dict[str, Component]:
    state, plan = asked.case.state, asked.case.plan
    rows = likeness.rows(state, components(state, resolution.catalog()))
    rows["running kernel"] = likeness.UNKNOWN if asked.case.container else state.kernels.running
    rows["GPU settings"] = _settings(asked.health.devices)
    said = {name: (text, well) for name, text, well in planned(state, plan)} if plan else {}
    if asked.case.container:  # it is its host's
        rows["driver loaded"] = likeness.UNKNOWN
    found = {}
    for name, row in rows.items():
        should, well = said.get(name, (None, None))
        actual = None if row in _UNKNOWN else _line(row)
        if actual or should:
            found[name] = Component(actual, should and _line(should), well)
    return found


def _line(words: str) -> str:
    return text(one_line(masked(words)))


def _settings(devices: tuple[Device, ...]) -> str:
    """``8 × ECC on, MIG off, persistence on, limit 700 W``; cards that are set alike count."""
    words: dict[bool | None, str] = {True: "on", False: "off", None: "not told"}
    told = Counter(
        f"ECC {words[d.ecc]}, MIG {words[d.mig]}, persistence {words[d.persistence]}, limit "
        + ("not told" if d.power_limit_w is None else f"{d.power_limit_w:g} W")
        for d in devices
    )
    return "; ".join(f"{count} × {said}" for said, count in sorted(told.items()))


def _of_gpus(asked: Asked, answer: Diagnosis) -> list[Observation]:
    case = asked.case
    subject = Subject(case.state, case.evidence, asked.health, named=answer.findings)
    if not subject.devices:
        return []
    said = (item for name in AT_REST for item in judge.QUICK[name](subject))
    return [observation(item) for item in said if isinstance(item, Fault)]


def _doctors(answer: Diagnosis) -> tuple[Seen, ...]:
    return tuple(
        Seen(
            *(f.code, f.level, _line(f.what), _line(f.observed), _line(f.remedy)),
            text(masked(f.command)),
        )
        for f in answer.findings
    )


def _seen(one: Finding) -> Seen:
    gpu = one.gpu if isinstance(one, Observation) else ""
    what = f"{gpu}: {one.what}" if gpu else one.what
    return Seen(one.code, one.level, _line(what), _line(one.observed), _line(one.remedy))


def _verifys(verify: Kept | None) -> Iterable[Finding]:
    """What verify found when it was run last: it counts until verify is run again."""
    level = _WORST.get(verify.verdict if verify else "")
    if verify is None or level is None:
        return
    codes = ", ".join(verify.said[:8]) or "no code was kept"
    at = verify.at or "at a time that was not kept"
    yield Finding(
        "VERIFY-KEPT",
        level,
        "verify found something when it was run last",
        f"{verify.verdict} {at}: {codes}",
        "see to it, then run deploys/verify.py again",
    )


def _gpus(health: Health, found: list[Observation]) -> tuple[Gpu, ...]:
    ill = {one.gpu for one in found if one.level != "OK"}
    return tuple(
        Gpu(
            text(d.pci) or str(d.index),
            text(d.name),
            False if (d.pci or "") in ill else None if d.unread else True,
            "; ".join(_line(o.what) for o in found if o.gpu == d.pci) or _healthy(d),
        )
        for d in health.devices[:MOST]
    )


def _healthy(d: Device) -> str:
    known = (
        ("uncorrected errors", d.uncorrected),
        ("rows remapped", d.remapped_uncorrectable),
        ("°C", d.temperature_c),
    )
    return ", ".join(f"{value} {what}" for what, value in known if value is not None)


def _verify(data: Mapping[str, Any] | None) -> Kept | None:
    if data is None:
        return None
    codes = data.get("codes")
    items = codes[:MOST] if isinstance(codes, list) else []
    said = []
    for item in items:
        if isinstance(item, Mapping) and (code := text(item.get("code"), 60)):
            where, status = text(item.get("device"), 60), text(item.get("status"), 40)
            said.append(" ".join(word for word in (code, where, status) if word))
    verdict, level = text(data.get("verdict"), 40), text(data.get("level"), 40)
    known = verdict if verdict in SEVERITY else ""
    return Kept(time_of(data.get("at")), known, level, tuple(said) or _readings(data))


def _benchmark(data: Mapping[str, Any] | None) -> Kept | None:
    if data is None:
        return None
    return Kept(
        time_of(data.get("at") or data.get("time")),
        text(data.get("verdict"), 40),
        text(data.get("level"), 40),
        _readings(data),
    )


def _readings(data: Mapping[str, Any]) -> tuple[str, ...]:
    """``hbm_bandwidth 0000:17:00.0: 2903 GB/s``."""
    rows = data.get("readings")
    said = []
    for row in rows[:MOST] if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and (metric := text(row.get("metric"), 60)):
            keys = ("device", "value", "unit")
            where, value, unit = (text(row.get(key), 60) for key in keys)
            said.append(f"{metric} {where}: {value} {unit}".strip())
    return tuple(said)


def _moves(past: Past) -> tuple[Moved, ...]:
    return tuple(
        Moved(m.at, text(m.package), text(m.before), text(m.after), _line(m.by))
        for m in past.moves[-MOST:]
    )


def _of_interest(asked: Asked) -> list[Any]:
    """Packages that a bill of materials names: those of drivers, CUDA, kernels and engines."""
    names = ("nvidia", "cuda", "cudnn", "nccl", "linux-image", "docker", "containerd", "podman")
    packages = asked.case.state.packages.values()
    found = [p for p in packages if p.installed and any(word in p.name for word in names)]
    return sorted(found, key=lambda p: p.name)[: 4 * MOST]


def _facts(asked: Asked) -> dict[str, str]:
    state, past = asked.case.state, asked.past
    system = state.system
    venv = next((v for v in state.venvs if v.path == state.current_venv), None)
    packages = venv.packages if venv else {}
    unread = {**state.unread, **asked.case.evidence.unread, **past.unread, **asked.health.unread}
    unread.pop("load", None)  # nobody asks for it here
    said = {
        "system": f"{system.pretty}, {system.arch}",
        "container": system.container or "",
        "virtual machine": system.virtual_machine or "",
        "CPU": past.cpu or "",
        "processors": str(system.cpus or ""),
        "memory": f"{system.memory_mb} MiB" if system.memory_mb else "",
        "glibc": system.glibc or "",
        "Pythons": "; ".join(f"{p.version} {p.path}" for p in state.pythons),
        "packages of the environment": "; ".join(f"{n} {v}" for n, v in sorted(packages.items())),
        "compilers": "; ".join(f"{c.kind} {c.version}" for c in state.compilers),
        "kernel flavour": state.driver.loaded_flavour or "",
        "kernel command line": system.cmdline or "",
        "topology": "\n".join(past.topology),
        "not compared with a plan": asked.complaint,
        "not seen": "; ".join(f"{name} ({why})" for name, why in unread.items()),
    }
    return {name: text(masked(words), 20 * MOST) for name, words in said.items() if words}
