"""Host data: read once, checked before anything is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stacks.model.host import Gpu
from tasks.host import resolution
from tasks.hostdata import host as host_data
from tasks.hostdata import repair
from tests.unit.tasks import a_host


def gpus(setting: Any) -> tuple[Gpu, ...]:
    """The GPUs that host data announce."""
    return host_data.expected_gpus({"expected_gpus": setting}, resolution.catalog())


@pytest.mark.parametrize(
    ("setting", "models"),
    [
        (None, []),
        ("", []),
        (2, [None, None]),
        ("2", [None, None]),
        ("h100", ["h100"]),
        ("H100:2", ["h100", "h100"]),
        (["t4", "k80:2"], ["t4", "k80", "k80"]),
        ("2x H100", ["h100", "h100"]),
        ("10de:2330", ["h100"]),
        ("10de:2330:2", ["h100", "h100"]),
    ],
)
def test_expected_gpus_are_a_count_a_model_or_both(setting: Any, models: list[str | None]) -> None:
    assert [gpu.model for gpu in gpus(setting)] == models


def test_expected_gpu_is_called_as_the_host_data_call_it() -> None:
    said = host_data.plan_settings({"expected_gpus": ["a2:2", "h100", 1]}, resolution.catalog())
    assert said.gpu_names == {"a16": "A2"}
    bare = replace(a_host.bare(), pci=())
    plan = resolution.resolved(bare, {"expected_gpus": "NVIDIA A2:4"}).plan
    assert plan is not None
    (notice,) = [n for n in plan.notices if n.code == "GPU-EXPECTED"]
    assert "Planned for A2 (sm_86)" in notice.what


@pytest.mark.parametrize("setting", ["h10", "h100:", "h100:x", "-1", {"h100": 8}, [["h100"]], True])
def test_what_is_no_gpu_is_named(setting: Any) -> None:
    with pytest.raises(ValueError, match='"expected_gpus"'):
        gpus(setting)


@pytest.mark.parametrize("setting", ["x", "-1", -1, 1.5, True, [1]])
def test_what_is_no_count_is_named(setting: Any) -> None:
    with pytest.raises(ValueError, match=r'"rollback" is .*, expected a whole number'):
        host_data.rollback({"rollback": setting})


@pytest.mark.parametrize(("setting", "count"), [(None, 0), ("", 0), (0, 0), ("1", 1), (2, 2)])
def test_rollback_is_a_count(setting: Any, count: int) -> None:
    assert host_data.rollback({"rollback": setting}) == count


def test_lock_wait_has_a_default_and_may_be_nothing() -> None:
    assert host_data.lock_wait({}) == host_data.LOCK_WAIT_S
    assert host_data.lock_wait({"lock_wait": 0}) == 0


def plan_settings(**data: Any) -> host_data.PlanSettings:
    """What the resolver is told."""
    return host_data.plan_settings(data, resolution.catalog())


def test_mirrors_are_addresses_by_kind() -> None:
    said = {"pypi": "http://mirror.example.org/simple"}
    assert plan_settings(mirrors=said).mirrors == said
    assert plan_settings().mirrors == {}


@pytest.mark.parametrize("setting", ["http://x", ["http://x"], {"pip": "http://x"}, {"pypi": 1}])
def test_what_is_no_mirror_is_named(setting: Any) -> None:
    with pytest.raises(ValueError, match='"mirrors'):
        plan_settings(mirrors=setting)


FINGERPRINT = "EB693B3035CD5710E231E123A4B469963BF863CC"


@pytest.mark.parametrize(
    "setting",
    [{"nvidia": FINGERPRINT}, {"nvidia": [FINGERPRINT.lower()]}]
    + [{"nvidia": ["EB69 3B30 35CD 5710 E231  E123 A4B4 6996 3BF8 63CC"]}],
)
def test_fingerprints_are_read_as_they_are_printed(setting: Any) -> None:
    assert plan_settings(fingerprints=setting).fingerprints == {"nvidia": (FINGERPRINT,)}


@pytest.mark.parametrize(
    "setting",
    [FINGERPRINT, {"nvidia": ["3BF863CC"]}, {"nvidia": []}, {"debian": [FINGERPRINT]}]
    + [{"nvidia": [FINGERPRINT[:-1] + "G"]}],
)
def test_what_is_no_fingerprint_is_named(setting: Any) -> None:
    with pytest.raises(ValueError, match='"fingerprints'):
        plan_settings(fingerprints=setting)


def test_short_key_ids_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="short key id can be forged"):
        plan_settings(fingerprints={"nvidia": ["3BF863CC"]})


@pytest.mark.parametrize("setting", [None, "never", "if-needed", "now"])
def test_reboot_is_never_where_nothing_is_said(setting: str | None) -> None:
    assert repair.repair_settings({"reboot": setting}).reboot == (setting or "never")


@pytest.mark.parametrize("setting", ["yes", True, "NOW", 1])
def test_other_words_for_reboot_are_named(setting: Any) -> None:
    with pytest.raises(ValueError, match=r'"reboot".*never, if-needed, now'):
        repair.repair_settings({"reboot": setting})


def test_fleet_has_a_canary_batches_and_a_share_of_failures() -> None:
    assert repair.repair_settings({}) == repair.RepairSettings("never", 1200, False, 5, 0.2)
    setting = {"batch": "2", "fail_share": "0.5", "canary": True, "reboot_wait": 60}
    assert repair.repair_settings(setting) == repair.RepairSettings("never", 60, True, 2, 0.5)


@pytest.mark.parametrize(
    ("key", "setting"),
    [("batch", 0), ("fail_share", 2), ("fail_share", "x"), ("fail_share", True), ("canary", "yes")],
)
def test_fleet_settings_that_make_no_sense_are_named(key: str, setting: Any) -> None:
    with pytest.raises(ValueError, match=f'"{key}"'):
        repair.repair_settings({key: setting})
