"""What the loaded driver tells of each GPU's compute capability: look and reading."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.parse.driver import capabilities
from facts.parse.sections import Section
from facts.script import text
from tests.unit.facts.probe_text import host

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
TWO = "00000000:17:00.0, 12.0\n00000001:1B:00.0, 8.6\n"


class Machine:
    """A folder that stands for the root of a host, with an nvidia-smi that notes each call."""

    def __init__(self, root: Path) -> None:
        """Driver loaded, two GPUs, a device file for each."""
        self.root, self.called = root, root / "called"
        for path in ("sys/module/nvidia", "dev", "usr/bin", *map(self.gpu, ("17", "1b"))):
            (root / path).mkdir(parents=True)
        for name in ("nvidiactl", "nvidia0", "nvidia1", "nvidia-uvm"):
            (root / "dev" / name).touch()
        self.smi(f"printf '{TWO}'".replace("\n", "\\n"))

    @staticmethod
    def gpu(bus: str) -> str:
        return f"proc/driver/nvidia/gpus/0000:{bus}:00.0"

    def smi(self, does: str) -> None:
        file = self.root / "usr/bin/nvidia-smi"
        file.write_text(f'#!/bin/sh\necho "$*" >>{self.called}\n{does}\n')
        file.chmod(0o755)

    def look(self, shell: str = "dash") -> str:
        """Section ``driver`` of the probe up to here."""
        part = text("probe/driver")
        for folder in ("/sys/module", "/dev/nvidia", "/proc/driver"):
            part = part.replace(folder, f"{self.root}{folder}")
        path = f"PATH={self.root}/usr/bin:/usr/bin:/bin"
        script = "\n".join((text("probe/head"), path, "N=n", part, "capability"))
        command = [shell, "sh"] if shell == "busybox" else [shell]
        done = subprocess.run(
            [*command, "-c", script], capture_output=True, timeout=60, check=False
        )
        return done.stdout.decode("ascii", "replace")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_loaded_driver_is_asked_once_for_all_gpus(machine: Machine, shell: str) -> None:
    assert machine.look(shell) == f"##n @capability\n{TWO}"
    asked = "--query-gpu=pci.bus_id,compute_cap --format=csv,noheader"
    assert machine.called.read_text() == f"{asked}\n"


@pytest.mark.parametrize("gone", ["sys/module/nvidia", "dev/nvidiactl", "dev/nvidia1"])
def test_what_nvidia_smi_would_load_or_make_keeps_it_from_being_started(
    machine: Machine, gone: str
) -> None:
    there = machine.root / gone
    if there.is_dir():
        there.rmdir()
    else:
        there.unlink()
    assert machine.look() == ""
    assert not machine.called.exists()


def test_host_with_no_device_file_of_a_gpu_is_not_asked(machine: Machine) -> None:
    for number in "01":
        (machine.root / f"dev/nvidia{number}").unlink()
    assert machine.look() == ""
    assert not machine.called.exists()


@pytest.mark.parametrize(
    ("does", "said"),
    [
        # Of an nvidia-smi without the field: canonical/inference-snaps issue 128.
        (
            "echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2",
            '2: Field "compute_cap" is not a valid field to query.',
        ),
        (
            "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
            "18: Failed to initialize NVML: Driver/library version mismatch",
        ),
        (f"echo {'x' * 5000}; echo more; exit 9", f"9: {'x' * 200}"),
    ],
)
def test_driver_that_does_not_tell_leaves_a_reason(machine: Machine, does: str, said: str) -> None:
    machine.smi(does)
    why = f"##n !driver.capabilities nvidia-smi ended with {said}"
    assert [line.rstrip() for line in machine.look().splitlines()] == ["##n @capability", why]


@pytest.mark.parametrize(
    "line",
    ["00000000:17:00.0, [N/A]", "00000000:17:00.0, 9.0; rm -rf /", "##n end", "GPU 0: x", "é, 9.0"],
)
def test_other_words_do_not_come_over(machine: Machine, line: str) -> None:
    machine.smi(f"echo '{line}'")
    assert machine.look() == "##n @capability\n"


def test_no_more_lines_come_over_than_a_host_has_gpus(machine: Machine) -> None:
    machine.smi("yes '00000000:17:00.0, 9.0' | head -n 5000")
    assert len(machine.look().splitlines()) == 1 + 64


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (TWO, {"0000:17:00.0": "12.0", "0001:1b:00.0": "8.6"}),
        ("00000000:17:00.0, 9.0", {"0000:17:00.0": "9.0"}),
        ("00000000:17:00.0, 9.0\n00000000:1B:00.0, [N/A]", {"0000:17:00.0": "9.0"}),
        ("00010000:17:00.0, 7.5", {"00010000:17:00.0": "7.5"}),
        ("00000000:17:00.0, 9.0\n00000000:17:00.0, 9.0", {"0000:17:00.0": "9.0"}),
        ("00000000:17:00.0, 9.0\n00000000:17:00.0, 8.0", {}),
        ("00000000:17:00.0, 0.0", {}),
        ("00000000:17:00.0, 9", {}),
        ("00000000:17:00.9, 9.0", {}),
        ("17:00.0, 9.0", {}),
        ("", {}),
    ],
)
def test_capability_is_read_by_address(said: str, told: dict[str, str]) -> None:
    assert (
        host(driver=f"@loaded\nnvidia|580.95.05\n@capability\n{said}").driver.capabilities == told
    )


def test_host_that_was_not_asked_tells_nothing() -> None:
    assert host().driver.capabilities == {}


@given(st.lists(st.sampled_from([*TWO.splitlines(), "00000000:17:00.0, 9.0"]) | st.text()))
def test_any_words_give_capabilities_or_none(lines: list[str]) -> None:
    told = capabilities(Section("driver", parts=[("capability", lines)]))
    assert set(told) <= {"0000:17:00.0", "0001:1b:00.0"}
    assert set(told.values()) <= {"12.0", "9.0", "8.6"}
