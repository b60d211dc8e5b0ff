"""What is written down of each host, before anything of it exists and until all of it is gone."""

import dataclasses
from pathlib import Path
from typing import Any

from sandbox.checkout import HOSTS, SandboxError, check_name, lock, read_record, write_record
from sandbox.local import network
from sandbox.spec import HostSpec


def read(name: str) -> dict[str, Any] | None:
    """The record of the host called `name`, or `None` if there is none."""
    record: dict[str, Any] | None = read_record(_file(name))
    return record or None


def write(record: dict[str, Any]) -> None:
    """Rewrite a host's record."""
    write_record(_file(record["spec"]["name"]), record)


def get(name: str) -> dict[str, Any]:
    """The record of the host called `name`.

    Raises:
        SandboxError: if this checkout has no such host.

    """
    if record := read(check_name(name)):
        return record
    have = ", ".join(record["spec"]["name"] for record in found()) or "none"
    raise SandboxError(f"No sandbox host is called {name!r} here; there is: {have}.")


def found() -> list[dict[str, Any]]:
    """The records of all hosts of this checkout, running or not, by name."""
    files = sorted(HOSTS.glob("*/host.json"))
    return [record for file in files if (record := read_record(file))]


def allocate(spec: HostSpec) -> dict[str, Any]:
    """Write the host's record, before anything of it exists, with a number of its own.

    Raises:
        SandboxError: if there are as many hosts as a checkout can have.

    """
    with lock("network"):
        record = read(spec.name)
        if not record:
            taken = {other["index"] for other in found()}
            free = [index for index in range(1, network.MOST_HOSTS + 1) if index not in taken]
            if not free:
                raise SandboxError(
                    f"This checkout has {network.MOST_HOSTS} sandbox hosts already, the most it "
                    "can have. `python -m sandbox list` shows them, `down` removes one."
                )
            record = {"spec": dataclasses.asdict(spec), "index": free[0], "lower": None}
        record |= {"mirror_url": None, "process": None, "relay": None}
        write(record)
        return record


def _file(name: str) -> Path:
    return HOSTS / name / "host.json"
