"""`explain` answers for every distribution that we name and every GPU generation."""

from __future__ import annotations

import json

import pytest

from stacks.__main__ import CONFLICT, OK, main
from stacks.rules import architecture
from tests.unit.stacks.hosts import CATALOG

ROWS = [
    "ubuntu-20.04",
    "ubuntu-22.04",
    "ubuntu-24.04",
    "ubuntu-26.04",
    "debian-12",
    "debian-13",
    "rocky-8",
    "rocky-9",
    "rhel-10",
]
WITHOUT_NVIDIA_S = "rhel-10"
"""The key of its repository is not known, so NVIDIA's driver is refused."""
JETSONS = ["35.4.1", "36.4.7", "38.4.0", "39.2.0", "39.2.1"]
ONE_EACH = {
    model.generation: key
    for rows in (CATALOG.known.models, CATALOG.gpus.models.rows)  # those with more detail last
    for key, model in rows.items()
    if model.soc is None and architecture.of_gpus(CATALOG.gpus, [key]) is None
}

UNTIL_580 = ("maxwell", "pascal", "volta")
TOO_OLD = ("tesla", "fermi", "kepler")


def test_the_grid_has_every_generation() -> None:
    assert set(ONE_EACH) == set(CATALOG.gpus.generations.rows)
    assert {"kepler", "maxwell", "volta", "turing", "hopper", "blackwell"} <= set(ONE_EACH)


@pytest.mark.parametrize("os", ROWS)
@pytest.mark.parametrize("gpu", ONE_EACH.values())
def test_every_row_answers_for_every_generation(
    os: str, gpu: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in (
        [],
        ["--without", "cuda"],
        ["--origin", "driver=nvidia", "--secure-boot"],
        ["--containers"],
        ["--image", "--image-cuda", "none"],
    ):
        code = main(["explain", "pytorch-2.9", "--os", os, "--gpu", gpu, *more])
        told = capsys.readouterr()
        assert code in (OK, CONFLICT), told.err
        assert ("Why" if code == OK else "What you can do:") in told.out
        assert told.err == ""


@pytest.mark.parametrize("os", [os for os in ROWS if os != WITHOUT_NVIDIA_S])
@pytest.mark.parametrize(
    "gpu", [g for key, g in ONE_EACH.items() if key not in ("tesla", "fermi", "kepler")]
)
def test_a_driver_can_be_had_for_every_generation_that_torch_knows(os: str, gpu: str) -> None:
    without = ["--without", "cuda", "--without", "torch"]
    # NVIDIA's repository for Ubuntu 26.04 begins after the last branch for the oldest ones.
    old = os == "ubuntu-26.04" and CATALOG.known.models[gpu].generation in UNTIL_580
    origin = [] if old else ["--origin", "driver=nvidia"]
    assert main(["explain", "pytorch-2.9", "--os", os, "--gpu", gpu, *origin, *without]) == OK


@pytest.mark.parametrize("os", ["ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04", "debian-12"])
def test_kepler_gets_470_where_somebody_still_has_it(
    os: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explain", "pytorch-2.7-cu118", "--os", os, "--gpu", "k80", "--without", "torch"]
    assert main([*arguments, "--json"]) == OK
    assert json.loads(capsys.readouterr().out)["plan"]["driver"]["branch"] == "470"


@pytest.mark.parametrize("l4t", JETSONS)
@pytest.mark.parametrize("stack", ["pytorch-2.9", "jetson-torch-2.9", "jetson-cuda-11.8"])
def test_every_jetpack_answers_for_every_stack_of_its_own(
    l4t: str, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["explain", stack, "--jetson", l4t, "--gpu", "orin"])
    told = capsys.readouterr()
    assert code in (OK, CONFLICT), told.err
    assert told.err == ""


def test_the_plan_s_repository_key_pinning_package_and_move_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = ["--driver", "580", "--installed", "535.309.01=nvidia", "--nvswitch"]
    assert main(["explain", "pytorch-2.9", "--os", "ubuntu-22.04", "--gpu", "h100:8", *more]) == OK
    told = capsys.readouterr().out
    assert "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64/" in told
    assert "EB693B3035CD5710E231E123A4B469963BF863CC" in told
    assert "nvidia-driver-pinning-580" in told
    assert "takes the place of 535 from nvidia" in told
    assert "nvidia-fabricmanager" in told


def test_the_module_stream_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "pytorch-2.9", "--os", "rocky-9", "--gpu", "a100"])
    assert "module stream nvidia-driver:580-open" in capsys.readouterr().out


def test_installed_driver_without_its_origin_is_a_bad_argument(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["explain", "pytorch-2.9", "--os", "debian-12", "--gpu", "a100"]
    assert main([*arguments, "--installed", "535.309.01"]) == 64
    assert "VERSION=ORIGIN" in capsys.readouterr().err
