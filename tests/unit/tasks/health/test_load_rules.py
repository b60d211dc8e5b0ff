"""What keeps the card from nvidia at the next boot, in the words that people leave behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.tasks import a_patient
from tests.unit.tasks.a_patient import case, codes

MODULES = ("nvidia", "nouveau,nvidia", '"nvidia,nouveau"', "nvidia_current")
WORDS = ("modprobe.blacklist", "module_blacklist", "rd.driver.blacklist")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("modules", MODULES)
@pytest.mark.parametrize("booted", [True, False])
def test_command_line_of_now_or_of_the_boot_menu_that_keeps_nvidia_out(
    word: str, modules: str, booted: bool
) -> None:
    line = f"{word}={modules}"
    system = replace(a_patient.state().system, cmdline=f"ro {line} quiet")
    ill = case(system=system) if booted else case({"next_cmdline": (line,)})
    assert codes(ill) == ["D13"]
    assert line in a_patient.answer(ill).findings[0].observed
    assert a_patient.answer(ill).next_boot.ready is False


@pytest.mark.parametrize(
    "line", ["modprobe.blacklist=nouveau", "module_blacklist=nvidiafb,nova_core"]
)
def test_command_line_that_keeps_others_out_is_as_it_should_be(line: str) -> None:
    assert codes(case({"next_cmdline": (line,)})) == []


@pytest.mark.parametrize(
    "line",
    [
        "modprobe: options vfio_pci ids=10de:2330,10de:22a3 disable_vga=1",
        "modprobe: options vfio-pci ids=10DE:2330",
        "modprobe: options pci-stub ids=10de:2330",
    ],
)
def test_cards_that_are_all_named_by_their_ids_are_lost_at_boot(line: str) -> None:
    answer = a_patient.answer(case({"claims": (line,)}))
    assert [(f.code, f.level) for f in answer.findings] == [("CARD-CLAIMED", "CRITICAL")]
    assert line in answer.findings[0].observed
    assert answer.next_boot.ready is False


def test_one_card_of_two_for_a_machine_inside_is_a_warning() -> None:
    first = a_patient.state().gpus[0].address
    for line in (
        f"/sys/bus/pci/devices/{first}/driver_override: vfio-pci",
        f"/etc/driverctl.d/{first}: vfio-pci",
    ):
        answer = a_patient.answer(case({"claims": (line,)}))
        assert [(f.code, f.level) for f in answer.findings] == [("CARD-CLAIMED", "WARN")]
        assert "1 of 2 GPUs" in answer.findings[0].what


def test_soft_dependency_alone_is_named() -> None:
    assert codes(case({"claims": ("modprobe: softdep nvidia pre: vfio-pci",)})) == ["CARD-CLAIMED"]


def test_other_makers_cards_are_not_ours() -> None:
    ids = ("vfio-pci.ids=8086:1572", "vfio-pci.ids=1002:67df")
    system = replace(a_patient.state().system, cmdline=" ".join(ids))
    assert codes(case(system=system)) == []
