"""What gpuwright notes on a host, read and written in one way. Pure.

A host's own record is `HostRecord`; that of the image and those of workspaces lie beside it. What
each key says is in ``docs/record.md``. A record may be of an older or a newer release, or a person
may have edited it: a key that this release does not know is kept, and one that holds something else
than it should counts as not there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from tasks import __version__
from tasks.steps.files import write_script

TOOL = f"gpuwright {__version__}"
"""Who writes."""


class Unsaid(Enum):
    """A key that is not there: other than null, and false as that is."""

    UNSAID = 0

    def __bool__(self) -> Literal[False]:
        return False


UNSAID = Unsaid.UNSAID
MOST = 1e300
"""Of a number; what is no number is not below it either."""
Text = str | Unsaid
TextOrNull = str | None | Unsaid
Texts = tuple[str, ...] | Unsaid
Values = Mapping[str, Any] | Unsaid


@dataclass(frozen=True, kw_only=True)
class Part:
    """A JSON object; each key that is known is a field."""

    others: Mapping[str, Any] = field(default_factory=dict)
    """Keys that this release does not know, as they were read."""


P = TypeVar("P", bound=Part)


@dataclass(frozen=True, kw_only=True)
class TorchImport(Part):
    """What torch said when it was imported last."""

    key: Values = UNSAID
    version: Text = UNSAID
    cuda: TextOrNull = UNSAID
    cudnn: TextOrNull = UNSAID
    nccl: TextOrNull = UNSAID
    available: bool | Unsaid | None = UNSAID
    checked: Text = UNSAID


@dataclass(frozen=True, kw_only=True)
class Versions(Part):
    """What was there when the record was written; null: nothing."""

    driver: TextOrNull = UNSAID
    driver_origin: TextOrNull = UNSAID
    next_boot: TextOrNull = UNSAID
    next_boot_ready: bool | Unsaid | None = UNSAID
    cuda: TextOrNull = UNSAID
    cudnn: TextOrNull = UNSAID
    torch: TextOrNull = UNSAID


@dataclass(frozen=True, kw_only=True)
class Containers(Part):
    """The part of a container host."""

    tool: Text = UNSAID
    plan: Text = UNSAID
    time: Text = UNSAID
    verdict: Text = UNSAID
    proof: Text = UNSAID
    key: TextOrNull = UNSAID
    image: TextOrNull = UNSAID
    versions: Values = UNSAID


@dataclass(frozen=True, kw_only=True)
class Reboots(Part):
    """The last reboot that a run made."""

    boot: Text = UNSAID
    """Id of the boot that it began."""
    causes: Texts = UNSAID


@dataclass(frozen=True, kw_only=True)
class HostRecord(Part):
    """``/var/lib/gpuwright/state.json``: `tasks.layout.RECORD`."""

    tool: Text = UNSAID
    stack: Text = UNSAID
    plan: Text = UNSAID
    time: Text = UNSAID
    environments: Texts = UNSAID
    verdict: Text = UNSAID
    proof: Text = UNSAID
    torch: TorchImport | Unsaid = UNSAID
    versions: Versions | Unsaid = UNSAID
    containers: Containers | Unsaid = UNSAID
    reboots: Reboots | Unsaid = UNSAID
    mirrors: Values = UNSAID


@dataclass(frozen=True, kw_only=True)
class SelfTest(Part):
    """What the image said of itself."""

    verdict: Text = UNSAID
    proof: Text = UNSAID
    faults: Texts = UNSAID
    notes: Texts = UNSAID
    versions: Values = UNSAID
    time: Text = UNSAID


@dataclass(frozen=True, kw_only=True)
class ImageRecord(Part):
    """``/var/lib/gpuwright/image.json``: `tasks.image.work.RECORD`."""

    tool: Text = UNSAID
    stack: Text = UNSAID
    plan: Text = UNSAID
    name: Text = UNSAID
    exact: Text = UNSAID
    history: Texts = UNSAID
    pushed: Text = UNSAID
    depends_on: Values = UNSAID
    selftest: SelfTest | Unsaid = UNSAID


@dataclass(frozen=True, kw_only=True)
class PastImage(Part):
    """An image that a workspace has run."""

    id: Text = UNSAID
    name: Text = UNSAID


@dataclass(frozen=True, kw_only=True)
class WorkspaceRecord(Part):
    """``record.json`` in a workspace's folder."""

    tool: Text = UNSAID
    time: Text = UNSAID
    image: Text = UNSAID
    name: Text = UNSAID
    images: tuple[PastImage, ...] | Unsaid = UNSAID
    values: Text = UNSAID


@dataclass(frozen=True, kw_only=True)
class AcceptanceCode(Part):
    """One thing that was not as it should be."""

    code: Text = UNSAID
    device: Text = UNSAID
    status: Text = UNSAID


@dataclass(frozen=True, kw_only=True)
class AcceptanceReading(Part):
    """One value that was measured, or read under load."""

    device: Text = UNSAID
    metric: Text = UNSAID
    value: float | Unsaid = UNSAID
    unit: Text = UNSAID


@dataclass(frozen=True, kw_only=True)
class AcceptanceRecord(Part):
    """``/var/lib/gpuwright/verify.json``: `tasks.layout.ACCEPTANCE`, what verify said last."""

    version: int | Unsaid = UNSAID
    level: Text = UNSAID
    at: Text = UNSAID
    verdict: Text = UNSAID
    codes: tuple[AcceptanceCode, ...] | Unsaid = UNSAID
    readings: tuple[AcceptanceReading, ...] | Unsaid = UNSAID
    tool: Text = UNSAID


def read(kind: type[P], noted: Mapping[str, Any] | None) -> P:
    """The record that a fact gives as plain data; an empty one where it gives none."""
    known, noted = _forms(kind), noted or {}
    said = {name: _value(forms, noted[name]) for name, forms in known.items() if name in noted}
    others = {name: value for name, value in noted.items() if name not in known}
    return kind(others=others, **said)


def record_script(path: str, record: Part) -> str:
    """Shell that writes the record beside its place, as root's and readable, and moves it there."""
    return write_script(path, json.dumps(as_data(record), indent=2, sort_keys=True) + "\n")


def as_data(record: Part) -> dict[str, Any]:
    """The record as plain data, without what it does not say."""
    values = {f.name: getattr(record, f.name) for f in fields(record) if f.name != "others"}
    said = {name: _plain(value) for name, value in values.items() if value is not UNSAID}
    return {**record.others, **said}


def now() -> str:
    """The time as records say it: ``2026-11-21T09:30:00Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return as_data(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _forms(kind: type[Part]) -> dict[str, tuple[Any, ...]]:
    """What each key may hold: the members of its field's union."""
    hints = get_type_hints(kind)
    return {f.name: get_args(hints[f.name]) for f in fields(kind) if f.name != "others"}


def _value(forms: tuple[Any, ...], value: Any) -> Any:
    """The value as one of these; `UNSAID` where it is none of them."""
    for form in forms:
        whole = get_origin(form) or form
        if whole is tuple:
            if isinstance(value, list | tuple):
                items = [_value(get_args(form)[:1], item) for item in value]
                return tuple(item for item in items if item is not UNSAID)
        elif issubclass(whole, Part):
            if isinstance(value, Mapping):
                return read(whole, value)
        elif _fits(whole, value):
            return value
    return UNSAID


def _fits(form: type[Any], value: Any) -> bool:
    """Whether it is such a value; to Python true is a number too, and so is what is none."""
    if form in (int, float):
        numbers = (int, float) if form is float else int
        known = isinstance(value, numbers) and not isinstance(value, bool)
        return known and -MOST < value < MOST
    return isinstance(value, form)
