"""Cards that the catalogue does not know, before and after their driver tells its capability."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.model.host import Gpu, HostProfile, InstalledDriver
from tests.unit.stacks.hosts import ask, host, noticed, planned, refused

AT = "0000:17:00.0"


def stranger(
    *told: str, pci: str = "ffff", os: str = "debian-12", driver: str = "", **more: object
) -> HostProfile:
    """A host with a GPU of this id for each capability that its driver tells (``""``: none)."""
    gpus = tuple(Gpu(None, pci, AT.replace("17", f"{n + 17}")) for n in range(len(told) or 1))
    said = {str(gpu.address): sm for gpu, sm in zip(gpus, told, strict=False) if sm}
    there = InstalledDriver(driver, "nvidia", "open") if driver else None
    profile = HostProfile(os, "x86_64", gpus=gpus, capabilities=said, driver=there)
    return replace(profile, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("pci", ["ffff", "25ff", "1b99"])
def test_before_the_driver_tells_it_is_undecided(pci: str) -> None:
    notice = noticed("GPU-UNKNOWN", planned(stranger(pci=pci)))
    assert "undecided" in notice.why and "CUDA 11.8" in notice.why
    assert "compute_cap" in notice.why


def test_what_does_not_hang_on_it_is_not_said_to_be_open() -> None:
    why = noticed("GPU-UNKNOWN", planned(stranger(), without=["cuda"])).why
    assert "undecided" in why and "CUDA" not in why and "PyTorch" in why
    why = noticed("GPU-UNKNOWN", planned(stranger(), without=["cuda", "torch"])).why
    assert "undecided" in why and "left open" not in why


@pytest.mark.parametrize("sm", ["7.5", "8.6", "9.0"])
def test_told_capability_within_cuda_118_is_planned_and_said(sm: str) -> None:
    plan = planned(stranger(sm))
    notice = noticed("GPU-UNKNOWN", plan)
    assert sm in notice.why and "undecided" not in notice.why
    assert plan.cuda is not None


@pytest.mark.parametrize("sm", ["10.0", "12.0", "12.1", "13.0", "9.1"])
def test_told_capability_beyond_cuda_118_is_refused_with_a_way_out(sm: str) -> None:
    conflict = refused("GPU-118-BLACKWELL", stranger(sm))
    assert f"sm_{sm.replace('.', '')}" in conflict.what
    assert "without: [cuda]" in conflict.remedies[0]
    assert "nothing is removed" in conflict.why
    # A command that names a card that no catalogue knows would be refused itself.
    assert "--gpu" not in " ".join(conflict.remedies)


@pytest.mark.parametrize(("sm", "needs"), [("12.0", True), ("10.3", True), ("13.0", False)])
def test_cuda_that_it_needs_is_named_only_where_it_is_known(sm: str, needs: bool) -> None:
    # Beside an Ampere's id: the generation is that of the capability, not of the id.
    conflict = refused("GPU-118-BLACKWELL", stranger(sm, pci="25ff"))
    said = f"{conflict.why} {' '.join(conflict.remedies)}"
    assert ("Blackwell needs CUDA 12.8" in said) is needs
    assert ("in a container" in said) is needs
    assert ("knows this GPU" in said) is needs
    assert "Ampere needs" not in said


def test_known_card_that_is_beyond_says_nothing_of_what_the_driver_told() -> None:
    assert "driver tells" not in refused("GPU-118-BLACKWELL", host("debian-12", "b200")).why


@pytest.mark.parametrize("sm", ["3.0", "2.1"])
def test_told_capability_before_cuda_118_is_refused(sm: str) -> None:
    conflict = refused("GPU-118-OLD", stranger(sm))
    assert "without: [cuda]" in conflict.remedies[0]
    assert "nothing is removed" in conflict.why


def test_first_run_and_second_differ_by_a_conflict_and_never_by_a_removal() -> None:
    first = planned(stranger())
    assert first.cuda is not None and first.driver is not None
    there = stranger("12.0", driver=first.driver.version)
    assert {c.code for c in ask(there).conflicts} == {"GPU-118-BLACKWELL"}
    after = planned(there, without=["cuda"])
    assert after.driver is not None
    assert (after.driver.version, after.driver.flavour) == (
        first.driver.version,
        first.driver.flavour,
    )


@pytest.mark.parametrize(
    "os", ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "rocky-9"]
)
@pytest.mark.parametrize(
    ("pci", "sm"),
    [("ffff", "9.0"), ("ffff", "8.6"), ("25ff", "7.5"), ("25ff", "8.9"), ("1b99", "7.5")],
)
def test_telling_moves_no_driver_and_no_flavour(os: str, pci: str, sm: str) -> None:
    first = planned(stranger(pci=pci, os=os))
    assert first.driver is not None
    there = InstalledDriver(first.driver.version, first.driver.origin, first.driver.flavour)
    quiet = planned(replace(stranger(pci=pci, os=os), driver=there))
    told = planned(replace(stranger(sm, pci=pci, os=os), driver=there))
    assert told.driver == quiet.driver
    assert replace(told, torch=quiet.torch).digest == quiet.digest


def test_build_of_pytorch_follows_the_capability() -> None:
    before, after = planned(stranger(pci="1b99")).torch, planned(stranger("6.1", pci="1b99")).torch
    assert before is not None and after is not None
    assert (before.variant, after.variant) == ("cu128", "cu126")
    why = noticed("GPU-UNKNOWN", planned(stranger("6.1", pci="1b99"))).why
    assert "which build of PyTorch" in why and "made before left it open" in why


@pytest.mark.parametrize("told", [("9.0", ""), ("", "9.0"), ("9.0", "9.0")])
def test_one_card_of_a_kind_that_is_told_stands_for_its_like(told: tuple[str, ...]) -> None:
    assert "9.0" in noticed("GPU-UNKNOWN", planned(stranger(*told))).why


def test_cards_of_one_id_that_are_told_differently_stay_undecided() -> None:
    assert "undecided" in noticed("GPU-UNKNOWN", planned(stranger("9.0", "12.0"))).why


def test_two_strangers_are_each_taken_for_what_their_driver_tells() -> None:
    gpus = (Gpu(None, "ffff", AT), Gpu(None, "25ff", "0000:1b:00.0"))
    told = {AT: "12.0", "0000:1b:00.0": "8.6"}
    conflict = refused(
        "GPU-118-BLACKWELL", HostProfile("debian-12", "x86_64", gpus, (), None, told)
    )
    assert "10de:ffff (sm_120)" in conflict.what and "25ff" not in conflict.what


@pytest.mark.parametrize(("pci", "own", "sm"), [("2330", "9.0", "12.0"), ("1eb8", "7.5", "8.6")])
def test_catalogue_holds_against_the_driver_and_both_are_said(pci: str, own: str, sm: str) -> None:
    plan = planned(stranger(sm, sm, pci=pci))
    (notice,) = [n for n in plan.notices if n.code == "GPU-CAPABILITY"]
    assert f"tells {sm}" in notice.why and f"catalogue {own}" in notice.why
    assert plan.digest == planned(stranger("", "", pci=pci)).digest


@pytest.mark.parametrize(("pci", "sm"), [("2330", "9.0"), ("1eb8", "7.5"), ("1eb8", "")])
def test_driver_that_agrees_or_says_nothing_is_no_notice(pci: str, sm: str) -> None:
    codes = {n.code for n in planned(stranger(sm, pci=pci)).notices}
    assert "GPU-CAPABILITY" not in codes and "GPU-UNKNOWN" not in codes


def test_sibling_of_another_capability_is_named_and_the_remedy_ends_it() -> None:
    profile = stranger("8.9", gpu_like="rtx3090")
    notice = noticed("GPU-CAPABILITY", planned(profile))
    assert "tells 8.9" in notice.why and "8.6" in notice.why and "rtx3090" in notice.what
    assert notice.change is not None
    (better,) = notice.change.data.values()
    assert isinstance(better, str)
    codes = {n.code for n in planned(replace(profile, gpu_like=better)).notices}
    assert "GPU-CAPABILITY" not in codes


def test_sibling_where_no_known_card_has_the_capability_is_to_be_taken_out() -> None:
    notice = noticed("GPU-CAPABILITY", planned(stranger("13.0", gpu_like="rtx3090")))
    assert notice.change is None and "out of the host data (`gpu_like`" in notice.remedy


def test_sibling_that_fits_is_no_notice() -> None:
    plan = planned(stranger("8.6", gpu_like="rtx3090"))
    assert "GPU-CAPABILITY" not in {n.code for n in plan.notices}
