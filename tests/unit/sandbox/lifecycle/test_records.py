"""What is written down of hosts: found again, and each with a number of its own."""

from pathlib import Path

import pytest

from sandbox import checkout
from sandbox.checkout import SandboxError
from sandbox.lifecycle import records
from sandbox.local import network
from sandbox.spec import HostSpec


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "HOSTS", tmp_path / "hosts")
    monkeypatch.setattr(checkout, "STATE", tmp_path)


def test_unknown_host_is_answered_with_those_that_there_are() -> None:
    records.allocate(HostSpec("b"))
    records.allocate(HostSpec("a"))
    with pytest.raises(SandboxError, match="No sandbox host is called 'c' here; there is: a, b"):
        records.get("c")


def test_number_of_a_host_is_its_own_and_stays() -> None:
    numbers = [records.allocate(HostSpec(name))["index"] for name in ("a", "b", "a")]
    assert numbers == [1, 2, 1]


def test_host_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MOST_HOSTS", 1)
    records.allocate(HostSpec("a"))
    with pytest.raises(SandboxError, match="has 1 sandbox hosts already"):
        records.allocate(HostSpec("b"))
    assert records.read("b") is None
