"""The faults of ``faults.yaml``, and how one is put on a host and taken away again."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import SandboxError
from sandbox.hosts import SandboxHost

_FOLDER = Path(__file__).parent
PLACES = ("container", "vm", "prebuilt", "jetson", "secure-boot", "engines")
"""Kinds of hosts; the head of ``faults.yaml`` says what they are."""


@dataclass(frozen=True)
class Fault:
    """One row; the fields are explained at the top of ``faults.yaml``."""

    id: str
    what: str
    code: str
    where: tuple[str, ...]
    make: str
    seen: str
    repair: str
    undo: str = ""
    reboot: bool = False
    next_boot: bool = False
    honest: str = ""

    @property
    def stops(self) -> str | None:
        """What the repair says when it leaves this to a person; None: it fixes it."""
        return None if self.repair == "fixed" else self.repair.removeprefix("stops: ")


@functools.cache
def faults() -> dict[str, Fault]:
    """All faults by id, in their order.

    Raises:
        SandboxError: if a row is not as the head of the file says.

    """
    rows: dict[str, dict[str, Any]] = yaml.safe_load((_FOLDER / "faults.yaml").read_text())
    return {name: _fault(name, row) for name, row in rows.items()}


def _fault(name: str, row: dict[str, Any]) -> Fault:
    try:
        fault = Fault(name, **{**row, "where": tuple(row["where"])})
    except (KeyError, TypeError) as error:
        raise SandboxError(f"faults.yaml, {name}: {error}") from None
    if not set(fault.where) <= set(PLACES):
        raise SandboxError(f"faults.yaml, {name}: where is some of {', '.join(PLACES)}")
    if fault.repair != "fixed" and not fault.repair.startswith("stops: "):
        raise SandboxError(f'faults.yaml, {name}: repair is fixed, or "stops: " and a reason')
    return fault


def place_of(host: SandboxHost) -> str:
    """Which of `PLACES` the host is."""
    if host.spec.vm:
        return "secure-boot" if host.spec.secure_boot else "vm"
    if host.spec.engines:
        return "engines"
    family = host.spec.os.split("-")[0]
    return {"ubuntu": "prebuilt", "jetpack": "jetson"}.get(family, "container")


def on(place: str) -> list[Fault]:
    """The faults that can be made on this kind of host."""
    return [fault for fault in faults().values() if place in fault.where]


def get(name: str) -> Fault:
    """The fault with this id, or the only one with this code.

    Raises:
        SandboxError: if there is none, or several, with those there are.

    """
    known = faults()
    if name in known:
        return known[name]
    same = [fault for fault in known.values() if fault.code == name]
    if len(same) == 1:
        return same[0]
    names = ", ".join(fault.id for fault in same or known.values())
    raise SandboxError(f"{'Several' if same else 'No'} faults are called {name!r}: {names}.")


def make(host: SandboxHost, fault: Fault) -> None:
    """Put the fault on the host.

    Raises:
        SandboxError: if it cannot be made on such a host, or its script fails, with what it said.

    """
    if (place := place_of(host)) not in fault.where:
        raise SandboxError(
            f"{fault.id} can be made on {' or '.join(fault.where)}, and {host.name} is {place}."
        )
    _do(host, fault.make, f"{fault.id} cannot be made on {host.name}")


def undo(host: SandboxHost, fault: Fault) -> None:
    """Take a fault away that the repair leaves to a person.

    Raises:
        SandboxError: if the repair is the way back, or the script fails, with what it said.

    """
    if not fault.undo:
        raise SandboxError(f"{fault.id} has no undo: deploys/driver_repair.py fixes it.")
    _do(host, fault.undo, f"{fault.id} cannot be undone on {host.name}")


def seen(host: SandboxHost, fault: Fault) -> str:
    """What the doctor must have seen, with this host's versions and kernel in it.

    Ask before the fault is made: some faults hide a version.

    Raises:
        SandboxError: if the host cannot be asked.

    """
    values = _do(
        host, 'printf "%s\\n" "$OTHER" "$V" "$K"', f"{host.name} does not tell"
    ).splitlines()
    text = fault.seen
    for name, value in zip(("$OTHER", "$V", "$K"), values, strict=True):
        text = text.replace(name, value)
    return text


def script(body: str) -> str:
    """A row's script as it runs on a host, with its head."""
    return (_FOLDER / "head.sh").read_text() + body


def _do(host: SandboxHost, body: str, failed: str) -> str:
    done = host.run(script(body))
    if done.returncode != 0:
        told = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise SandboxError("\n".join((f"{failed}:", *told)))
    return done.stdout
