"""Faults on a real host: each is made, named alone, and repaired or rightly left to a person.

The host has eight H100 with NVSwitch on a simulated bus and a driver from the double of NVIDIA's
repository: real packages, a module that DKMS really builds. It is a container, so faults of a
loaded driver are made in virtual machines (`test_vm_faults`). The faults follow each other on one
host; what their repair leaves is there when the next is made. A second host presents as Ubuntu with
Ubuntu's prebuilt modules.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facts.host import probe_command
from facts.parse import parse_host
from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles import smi_readings
from sandbox.doubles.nvidia import AptDouble
from sandbox.doubles.smi_readings import Card
from sandbox.faults import catalog, driver
from sandbox.faults.catalog import Fault
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.local import prepare
from tasks.layout import ACCEPTANCE, CURRENT, ENVS
from tasks.steps.files import write_script
from tests.hosts import runner, ward
from tests.unit.tasks.acceptance import a_burn_in

Reached = Callable[[Fault, str, str], None]
SPECS = {
    "container": HostSpec("doctor", gpus=("h100",) * 8),
    # Another release than test_nvidia_apt has, which publishes kernels while it runs.
    "prebuilt": HostSpec("prebuilt", os="ubuntu-24.04", gpus=("h100",)),
}
# Nothing boots it here, and it is made and listed many times.
SMALL_INITRAMFS = """\
printf 'MODULES=list\\nCOMPRESS=gzip\\nCOMPRESSLEVEL=1\\n' >/etc/initramfs-tools/conf.d/small
update-initramfs -u
"""
FAULTS = [pytest.param(place, fault, id=fault.id) for place in SPECS for fault in catalog.on(place)]


class Ward:
    """One host, thrown away and recreated after a test that failed."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.fixed: list[Fault] = []
        """Faults that the host as it is now has had, and that were repaired."""
        self.well = False
        """A test that makes the host ill says so, and says when it is well again."""
        self._host: SandboxHost | None = None

    @property
    def host(self) -> SandboxHost:
        """The host, healthy when a test asks for it first."""
        if self._host is None or not self.well:
            self.fixed.clear()
            self._host = hosts.up(SPECS[self.place], fresh=True)
            driver.install(self._host, double=AptDouble("debian12", "ward").reset())
            assert self._host.run(SMALL_INITRAMFS).returncode == 0
            self.well = True
        return self._host

    def close(self) -> None:
        """Take the host down."""
        if self._host is not None:
            self._host.down()


@pytest.fixture(scope="module")
def wards() -> Iterator[dict[str, Ward]]:
    try:
        prepare.check()
    except SandboxError as error:
        pytest.skip(str(error))
    made = {place: Ward(place) for place in SPECS}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture
def patient(wards: dict[str, Ward]) -> Ward:
    return wards["container"]


def test_healthy_host_is_ok_and_is_left_as_it_was(patient: Ward, tmp_path: Path) -> None:
    with runner.untouched(patient.host):
        done = ward.doctor(patient.host, tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "doctor: OK, nothing is wrong")
    assert "next_boot_ready: yes" in done.stdout


def test_ill_host_ends_with_two_and_tells_the_same_as_text_and_as_data(
    patient: Ward, tmp_path: Path
) -> None:
    host, fault = patient.host, catalog.get("D4-too-old")
    patient.well = False
    catalog.make(host, fault)
    text, data = ward.doctor(host, tmp_path), ward.doctor(host, tmp_path, "--json")
    catalog.undo(host, fault)
    patient.well = True
    assert (text.returncode, data.returncode) == (2, 2)
    assert "D4 CRITICAL: the build of the NVIDIA module for kernel" in text.stdout
    (finding,) = json.loads(data.stdout)["hosts"]["doctor"]["findings"]
    assert finding["code"] == "D4"
    assert finding["command"] in text.stdout


def test_warning_ends_with_one(patient: Ward, tmp_path: Path) -> None:
    assert patient.host.run("touch /usr/bin/nvidia-uninstall").returncode == 0
    done = ward.doctor(patient.host, tmp_path)
    assert patient.host.run("rm /usr/bin/nvidia-uninstall").returncode == 0
    assert done.returncode == 1
    assert "D9 WARN: the driver comes from several places" in done.stdout


PLANTED: list[tuple[dict[str, str | None], str, str]] = [
    ({"ecc_errors/volatile/dram_uncorrectable": "1"}, "GPU-ECC", "reset"),
    ({"remapped_rows/remapped_row_failure": "Yes"}, "GPU-ROW-FAILURE", "replace"),
    ({"gpu_power_readings/current_power_limit": "500.00 W"}, "GPU-POWER", "set"),
    ({"clocks_event_reasons": "hw_thermal_slowdown"}, "GPU-THROTTLED", "isolate"),
    ({"pci/pci_gpu_link_info/link_widths/current_link_width": "8x"}, "PCIE-WIDTH", "isolate"),
    ({"fabric/state": "In Progress"}, "GPU-FABRIC", "restart program"),
    ({"persistence_mode": "[Unknown Error]"}, "GPU-UNREAD", "none"),
]
"""In one card each; the eighth is missing."""
NOT_PROVEN = ("GPU-UNPROVEN", "", "none")
"""No silicon is here, and verify says so whatever the readings."""


def test_verify_finds_every_planted_fault_with_its_action_and_no_other(
    patient: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readings of the stand-in for nvidia-smi, through the real probe, facts and deploy.

    The answer is kept on the host, and nothing else there is changed; the hook runs once.
    """
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path / "state"))
    hook = {"on_fail": ["sh", "-c", f'echo "$*" >>{tmp_path}/drained', "drain"]}
    host = patient.host
    addresses = [
        gpu.address for gpu in parse_host(host.run(probe_command()).stdout.splitlines()).gpus
    ]
    cards = [Card(f"0000{at}", said[0]) for at, said in zip(addresses, PLANTED, strict=False)]
    assert host.run(smi_readings.planted(cards)).returncode == 0
    with runner.untouched(host, but=ACCEPTANCE):
        done = ward.verify(host, tmp_path, "--json", **hook)
    assert done.returncode == 2, done.stderr
    (told,) = json.loads(done.stdout)["hosts"].values()
    found = {(f["code"], f["gpu"], f["action"]) for f in told["findings"]}
    wanted = {(code, at, do) for at, (_, code, do) in zip(addresses, PLANTED, strict=False)}
    assert found == {*wanted, ("GPU-MISSING", "", "reboot"), NOT_PROVEN}
    assert (
        addresses[7] in next(f for f in told["findings"] if f["code"] == "GPU-MISSING")["observed"]
    )
    kept = json.loads(host.run(f"cat {ACCEPTANCE}").stdout)
    assert (kept["level"], kept["verdict"]) == ("quick", "CRITICAL")
    assert {(c["code"], c["device"]) for c in kept["codes"]} == {(c, at) for c, at, _ in found}
    assert host.run(f"stat -c '%U %a' {ACCEPTANCE}").stdout == "root 644\n"
    refused = runner.run(host, tmp_path, deploy="deploys/image.py", gate="quick")
    assert refused.code == 1 and "GATE-CLOSED: " in refused.said, refused.said
    assert ward.verify(host, tmp_path, **hook).returncode == 2
    (line,) = (tmp_path / "drained").read_text().splitlines()
    assert line.startswith("doctor GPU-") and "GPU-ROW-FAILURE" in line


def test_verify_of_healthy_readings_is_labelled_as_without_silicon(
    patient: Ward, tmp_path: Path
) -> None:
    host = patient.host
    state = parse_host(host.run(probe_command()).stdout.splitlines())
    cards = [Card(f"0000{gpu.address}") for gpu in state.gpus]
    assert host.run(smi_readings.planted(cards)).returncode == 0
    done = ward.verify(host, tmp_path, verify_junit=str(tmp_path / "verify.xml"))
    assert host.run(f"rm -r {smi_readings.FOLDER}").returncode == 0
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[0]) == (3, "doctor: UNKNOWN (level quick)"), done.stdout
    assert any("proof: none (no silicon answers here;" in line for line in lines)
    assert [line for line in lines if line.startswith("  GPU-")] == [
        "  GPU-UNPROVEN UNKNOWN: no kernel was run and checked on each GPU"
    ]
    assert 'name="ecc"' in (tmp_path / "verify.xml").read_text()


BURNING = """\
#!/bin/sh
# A stand-in for the managed environment's Python: no GPU is here to load.
case "$*" in *image.programs.burn_in*) ;; *) exit 1 ;; esac
cat >../result.json <<'END'
{so_far}
END
echo 0.01 of 1.00 h
until [ -e /run/gpuwright-burnt ]; do sleep 0.2; done
cat >../result.json <<'END'
{wrong}
END
exit 1
"""


def test_burn_in_outlives_ctrl_c_and_is_joined_and_told_once(patient: Ward, tmp_path: Path) -> None:
    """A unit of the real systemd; what it computes is a stand-in's."""
    host, python = patient.host, f"{ENVS}/stand-in/bin/python"
    wrong = {3: {"wrong": {"what": "memory", "pattern": "random", "words": 1, "at": 8}}}
    texts = {"so_far": a_burn_in.text(ended=None), "wrong": a_burn_in.text(wrong, ended="wrong")}
    script = BURNING.replace("{so_far}", texts["so_far"]).replace("{wrong}", texts["wrong"])
    assert host.run(write_script(python, script, "755")).returncode == 0
    assert host.run(f"ln -s {ENVS}/stand-in {CURRENT}").returncode == 0
    state = parse_host(host.run(probe_command()).stdout.splitlines())
    cards = [Card(f"0000{gpu.address}") for gpu in state.gpus]
    assert host.run(smi_readings.planted(cards)).returncode == 0
    runner.inventory(tmp_path, doctor=runner.host_data(host, level="burn-in", burn_in="1h"))
    begun = runner.start(tmp_path, deploy=ward.VERIFY)
    with runner.killed_at_the_end(begun):
        runner.until(lambda: "Ctrl-C leaves it running" in runner.said(tmp_path), "begun", 120)
        begun.send_signal(signal.SIGINT)
        ended = runner.wait(begun, tmp_path, 60)
    assert ended.code == 130, ended.said
    assert "To end a job on its host instead: systemctl stop gpuwright-burn-in" in ended.said
    assert host.run("systemctl is-active gpuwright-burn-in").stdout == "active\n"
    again = runner.start(tmp_path, deploy=ward.VERIFY)
    with runner.killed_at_the_end(again):
        runner.until(lambda: "one runs already" in runner.said(tmp_path), "joined", 120)
        assert host.run("touch /run/gpuwright-burnt").returncode == 0
        told = runner.wait(again, tmp_path, 120)
    assert told.code == 2 and "GPU-WRONG CRITICAL" in told.said, told.said
    assert json.loads(host.run(f"cat {ACCEPTANCE}").stdout)["level"] == "burn-in"
    left = host.run("ls /var/lib/gpuwright/jobs/burn-in | grep result").stdout.split()
    assert left == ["result-told.json"]
    mine = f"{smi_readings.FOLDER} /run/gpuwright-burnt {CURRENT} {ENVS}/stand-in"
    assert host.run(f"rm -r {mine}").returncode == 0


@pytest.mark.parametrize(("place", "fault"), FAULTS)
def test_fault_is_named_alone_and_repaired(
    wards: dict[str, Ward], place: str, fault: Fault, reached: Reached, tmp_path: Path
) -> None:
    patient = wards[place]
    host = patient.host
    patient.well = False
    ward.made_and_named(host, fault)
    reached(fault, place, "named")
    ward.repaired(host, fault, tmp_path)
    reached(fault, place, "repaired")
    if fault.stops is None:
        patient.fixed.append(fault)
    else:
        ward.left_alone(host, tmp_path)
        reached(fault, place, "second run")
        catalog.undo(host, fault)
        ward.healthy(host)
    patient.well = True


@pytest.mark.parametrize("place", SPECS)
def test_all_that_was_fixed_stays_so_after_a_reboot(
    wards: dict[str, Ward], place: str, reached: Reached, tmp_path: Path
) -> None:
    """One second run and one reboot for all: a fault that is still there would be named."""
    patient = wards[place]
    ward.healthy(patient.host)
    ward.left_alone(patient.host, tmp_path)
    for fault in patient.fixed:
        reached(fault, place, "second run")
    patient.host.kill()
    patient.host.boot()
    ward.healthy(patient.host)
    for fault in patient.fixed:
        reached(fault, place, "after reboot")
