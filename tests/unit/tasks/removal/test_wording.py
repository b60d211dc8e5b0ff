"""The plan as a person reads it."""

from __future__ import annotations

from dataclasses import replace

from facts.removal_model import Traces
from tasks.removal.wording import SHOWN, lines, listed
from tests.unit.tasks.removal.test_removal_plan import made, plan


def test_host_without_traces_has_nothing_to_remove() -> None:
    assert lines(plan(Traces(before=None))) == [
        "nothing to remove: gpuwright has left nothing on this host that would go"
    ]


def test_everything_of_the_plan_is_named_once() -> None:
    traces = made(
        environments=("pytorch-2.9-abc",),
        workspaces=("alice",),
        images=("a:b",),
        image_names=("a:b",),
    )
    said = lines(plan(traces, "workspaces images"))
    whole = "\n".join(said)
    for word in ("nvidia-smi", "dkms", "alice", "a:b", "pytorch-2.9-abc", "/opt/gpuwright"):
        assert word in whole, word
    for path in plan(traces, "workspaces images").files:
        assert sum(path in line for line in said) == 1
    assert "comes back: /etc/apt/sources.list.d/cuda.list" in said
    assert all(line.startswith(("goes: ", "comes back: ", "stays: ")) for line in said)


def test_module_that_is_loaded_is_said() -> None:
    assert "reboot" in lines(plan(made(), loaded=True))[-1]


def test_a_package_that_stays_has_its_reason() -> None:
    traces = replace(made(), manual=frozenset({"dkms"}))
    assert "stays: package dkms: somebody has asked for it since" in lines(plan(traces))


def test_a_long_list_is_cut_with_its_count() -> None:
    names = tuple(f"n{i}" for i in range(SHOWN + 3))
    assert listed(names).endswith(f"n{SHOWN - 1} and 3 more")
    assert listed(names[:2]) == "n0, n1"
