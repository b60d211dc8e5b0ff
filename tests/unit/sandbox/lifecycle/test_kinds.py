"""Which hosts there can be, and what is asked of the wrong kind."""

from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.lifecycle import kinds
from sandbox.spec import HostSpec


def test_virtual_machine_needs_no_leave_for_engines() -> None:
    with pytest.raises(SandboxError, match="leave --engines out"):
        kinds.check(HostSpec("a", vm=True, engines=True))


def test_only_a_machine_has_a_copied_disk_and_saved_states(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="--vm"):
        kinds.check(HostSpec("a", disk_of="b"))
    with pytest.raises(SandboxError, match="container"):
        kinds.snapshot(HostSpec("a"), tmp_path, "saved")


def test_container_cannot_boot_securely() -> None:
    with pytest.raises(SandboxError, match="boot securely: add --vm"):
        kinds.check(HostSpec("a", secure_boot=True))
