"""A machine with Secure Boot: its kernel refuses what DKMS signed with a key of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from sandbox.hosts import SandboxHost
from tests.hosts import machine, ward
from tests.hosts.machine import boot_id, said

FAULT = catalog.get("D10-key-not-enrolled")
PLACE = "secure-boot"


@pytest.fixture(scope="module")
def locked(maker: SandboxHost) -> Iterator[SandboxHost]:
    del maker
    yield from machine.booted(machine.LOCKED)


def test_module_of_a_stranger_is_refused_and_the_key_left_to_a_person(
    locked: SandboxHost, reached: Callable[[Fault, str, str], None], tmp_path: Path
) -> None:
    assert said(locked, "mokutil --sb-state") == "SecureBoot enabled"
    assert "Key was rejected by service" in locked.run("modprobe nvidia").stderr
    before = boot_id(locked)
    ward.made_and_named(locked, FAULT)
    reached(FAULT, PLACE, "named")
    ward.repaired(locked, FAULT, tmp_path, reboot="now")
    reached(FAULT, PLACE, "repaired")
    ward.left_alone(locked, tmp_path, reboot="now")
    reached(FAULT, PLACE, "second run")
    assert boot_id(locked) == before
