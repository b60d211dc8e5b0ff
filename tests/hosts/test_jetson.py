"""JetPack 5, 6 and 7: emulated arm64 hosts, the real deploy, doubles of NVIDIA's repositories.

PyTorch is a small wheel of its name with a lock of the test's own: a real one is too heavy under
emulation. So what is checked of it is how it is fetched, laid out and judged, not what it computes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SOURCE, SandboxError
from sandbox.doubles.jetson import TegraDouble, jetpack
from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.local import prepare
from tests.hosts import carried_out, jetson_index, runner, ward
from tests.hosts.lab import Lab, Run

DEPLOY = "deploys/jetson_host.py"
LOCKS = {
    "jetpack-6": "torch-2.9.1-jetson-cu126-cp310-aarch64.txt",
    "jetpack-7": "torch-2.9.1-cu130-cp312-aarch64.txt",
}
BOARDS: dict[str, pytest.MarkDecorator] = {
    "jetpack-5": carried_out.carries_out(
        "jetson-35.4.1", "aarch64", double={"cuda": "11.8 nvidia compile"}
    ),
    "jetpack-6": carried_out.carries_out(
        "jetson-36.4.7", "aarch64", double={"torch": LOCKS["jetpack-6"].removesuffix(".txt")}
    ),
    "jetpack-7": carried_out.carries_out(
        "jetson-38.4.0", "aarch64", double={"torch": LOCKS["jetpack-7"].removesuffix(".txt")}
    ),
}
# What needs a real torch, or a nvcc that compiles.
ACCEPTANCE = "test_host or test_holds or packages_are or stable_link or no_file or ordinary_user"


@dataclass(frozen=True)
class Board:
    """One emulated board and its runs."""

    lab: Lab
    predicted: Run
    first: Run
    second: Run
    """After a newer Jetson Linux was published."""
    settings: dict[str, Any]
    """Its host data."""

    @property
    def name(self) -> str:
        return self.lab.host.name


@pytest.fixture(scope="module", params=list(BOARDS))
def board(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Board]:
    try:
        prepare.check()
        prepare.check_emulation("arm64")
    except SandboxError as error:
        pytest.skip(str(error))
    system = str(request.param)
    host = hosts.up(HostSpec(system, os=system), fresh=True)
    folder = tmp_path_factory.mktemp(system)
    with jetson_index.serving(folder / "index", host.mirror_url or "") as address:
        settings = settings_of(host, system, folder, address)
        data = runner.host_data(host, **settings)
        lab = Lab(host, runner.inventory(folder, **{system: data}))
        predicted, first = (lab.pyinfra(word, deploy=DEPLOY) for word in ("--dry", "-y"))
        jetpack(system).publish(newer=True)
        lab.on_host("apt-get -q update")
        yield Board(lab, predicted, first, lab.pyinfra("-y", deploy=DEPLOY), settings)
    jetpack(system).publish()
    host.down()


def settings_of(host: SandboxHost, system: str, folder: Path, address: str) -> dict[str, Any]:
    """The host's data: its stack, and where it gets things."""
    assert host.mirror_url is not None
    if system == "jetpack-5":
        double = TegraDouble("ubuntu2004").reset()
        return {"stack": "jetson-cuda-11.8", **double.host_data(host.mirror_url)}
    lock = LOCKS[system]
    if system == "jetpack-6":
        digest = jetson_index.write(folder / "index", "2.9.1", "12.6", 90300)
        stack = jetson_index.stack(folder / "stacks", lock, "2.9.1", digest)
        data = TegraDouble("ubuntu2204").reset().host_data(host.mirror_url)
        data["mirrors"]["jetson"] = address
        return {"stack": str(stack), **data}
    digest = jetson_index.write(folder / "index" / "cu130", "2.9.1+cu130", "13.0", 91300)
    stack = jetson_index.stack(folder / "stacks", lock, "2.9.1+cu130", digest)
    return {"stack": str(stack), "mirrors": {"pytorch": address}}


def test_dry_run_predicts_what_the_run_changes(board: Board) -> None:
    assert board.first.code == 0, board.first.told
    assert board.predicted.predicted(board.name) == board.first.changed(board.name)


def test_report_says_what_the_board_is_and_gives_its_verdict(board: Board) -> None:
    report = board.first.report
    assert f"{board.name}: verdict OK, proof: none (" in report, report
    assert "Jetson Linux" in report and "JetPack" in report


@pytest.mark.parametrize(
    "board", [pytest.param(name, marks=mark) for name, mark in BOARDS.items()], indirect=True
)
def test_parts_are_carried_out(request: pytest.FixtureRequest, board: Board) -> None:
    carried_out.shown(request, board.lab)


def test_second_run_after_a_newer_jetson_linux_changes_nothing(board: Board) -> None:
    assert board.second.code == 0, board.second.told
    assert board.second.changed(board.name) == set()


@pytest.mark.parametrize("further", ["", "--ignore-hold"], ids=["holds", "pins-alone"])
def test_upgrade_does_not_move_jetson_linux(board: Board, further: str) -> None:
    offered = board.lab.on_host("apt-cache madison nvidia-l4t-core")
    assert len(offered.splitlines()) == 2, "no newer one is published"
    told = board.lab.on_host(f"apt-get -s -q {further} dist-upgrade")
    assert "nvidia-l4t" not in [line for line in told.splitlines() if line.startswith("Inst ")]
    assert not [
        li for li in told.splitlines() if li.startswith(("Inst nvidia-l4t", "Inst nvidia-"))
    ]


def test_deploy_for_servers_is_refused_with_the_way_out(board: Board) -> None:
    with runner.untouched(board.lab.host):
        run = board.lab.pyinfra("-y")
    assert run.code != 0
    assert "JETSON-HOST" in run.told and "deploys/jetson_host.py" in run.told


def test_parts_of_the_plan_are_on_the_board(board: Board) -> None:
    checks = {
        "jetpack-5": "/usr/local/cuda-11.8/bin/nvcc --version; dpkg -s cuda-compat-11-8 | grep Ver;"
        " ! dpkg -s cuda-toolkit-12-2 2>/dev/null; . /opt/gpuwright/etc/cuda.sh;"
        " echo $LD_LIBRARY_PATH",
        "jetpack-6": "dpkg-query -W libcudss0-cuda-12 libopenblas0;"
        " readlink /opt/gpuwright/current/lib/python3*/site-packages/torch/lib/libcudss.so.0",
        "jetpack-7": "cd /opt/gpuwright/current && bin/python -c"
        " 'import torch; print(torch.version.cuda)'",
    }
    told = board.lab.on_host(checks[board.name])
    expected = {
        "jetpack-5": ("V11.8.89", "11.8.30682616-1", "/usr/local/cuda-11.8/compat:"),
        "jetpack-6": ("0.7.1.4-1", "libopenblas0", "/libcudss/12/libcudss.so.0"),
        "jetpack-7": ("13.0",),
    }
    for words in expected[board.name]:
        assert words in told


def test_acceptance_is_green(board: Board) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/acceptance"]
        + ["--inventory", str(board.lab.inventory), "-k", ACCEPTANCE],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_half_configured_boot_chain_is_named_and_finished(
    board: Board, reached: Callable[[Fault, str, str], None], tmp_path: Path
) -> None:
    if board.name != "jetpack-6":
        pytest.skip("one board is enough")
    fault, host = catalog.get("J4-half-configured"), board.lab.host
    ward.made_and_named(host, fault)
    reached(fault, "jetson", "named")
    ward.repaired(host, fault, tmp_path, **board.settings)
    reached(fault, "jetson", "repaired")
    ward.left_alone(host, tmp_path, **board.settings)
    reached(fault, "jetson", "second run")
    host.kill()
    host.boot()
    ward.healthy(host)
    reached(fault, "jetson", "after reboot")
