"""PyTorch by the names of folders, and NCCL's lines; and the script that brings them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from facts.parse.handmade import handmade
from facts.parse.sections import ProbeError
from facts.script import text

HEAD = "##gpuwright-probe 1 n"


def answer(*lines: str) -> list[str]:
    """A whole answer."""
    nccl = () if "##n nccl" in lines else ("##n nccl",)
    return [HEAD, "##n pytorch", *lines, *nccl, "##n end"]


@pytest.mark.parametrize(
    ("site", "lines", "told"),
    [
        (
            "/opt/conda/envs/x/lib/python3.12/site-packages",
            (
                "conda",
                "packages 9",
                "torch-2.5.1.dist-info",
                "pytorch-2.5.1-py3.12_cuda12.4_0.json",
            ),
            ("/opt/conda/envs/x", "conda", "2.5.1", "3.12", "py3.12_cuda12.4_0", 9),
        ),
        (
            "/srv/ml/.venv/lib/python3.11/site-packages",
            ("venv", "torch-2.9.1+cu126.dist-info", "nvidia_cuda_runtime_cu12-12.6.77.dist-info"),
            ("/srv/ml/.venv", "venv", "2.9.1+cu126", "3.11", None, 0),
        ),
        (
            "/home/ana/.local/lib/python3.11/site-packages",
            ("torch-2.9.0a0+git1234567-py3.11.egg-info",),
            ("/home/ana/.local", "user", "2.9.0a0+git1234567", "3.11", None, 0),
        ),
        (
            "/usr/lib/python3/dist-packages",
            ("torch-1.13.1.egg-info",),
            ("/usr", "system", "1.13.1", None, None, 0),
        ),
        (
            "/opt/x/lib64/python3.9/site-packages",
            ("torch-2.9.1.dist-info",),
            ("/opt/x", "folder", "2.9.1", "3.9", None, 0),
        ),
    ],
)
def test_environment_is_known_by_its_names(
    site: str, lines: tuple[str, ...], told: tuple[object, ...]
) -> None:
    (one,) = handmade(answer(f"##n @site {site}", *lines)).pytorch
    assert (one.path, one.kind, one.version, one.python, one.build, one.others) == told


def test_packages_of_nvidia_are_kept_under_their_plain_names() -> None:
    lines = ("torch-2.9.1.dist-info", "nvidia_cuda_runtime_cu12-12.8.90.dist-info", "nonsense")
    (one,) = handmade(answer("##n @site /opt/x/lib/python3.11/site-packages", *lines)).pytorch
    assert one.packages == {"torch": "2.9.1", "nvidia-cuda-runtime-cu12": "12.8.90"}


def test_folder_without_torch_and_a_list_without_end_bring_nothing() -> None:
    site = "##n @site /opt/x/lib/python3.11/site-packages"
    assert handmade(answer(site, "torchvision-0.24.1.dist-info")).pytorch == ()
    many = [line for _ in range(500) for line in (site, "torch-2.9.1.dist-info")]
    assert len(handmade(answer(*many)).pytorch) == 200


def test_lines_of_nccl_have_their_places_and_what_could_not_be_read_its_reason() -> None:
    found = handmade(
        answer("##n !pytorch it did not end", "##n nccl", "/etc/nccl.conf:3:NCCL_DEBUG=INFO", "x")
    )
    assert [(line.place, line.text) for line in found.nccl] == [
        ("/etc/nccl.conf:3", "NCCL_DEBUG=INFO")
    ]
    assert found.unread == {"pytorch": "it did not end"}


def test_answer_that_is_cut_off_is_none() -> None:
    with pytest.raises(ProbeError):
        handmade([HEAD, "##n pytorch"])


def test_script_finds_environments_of_every_kind_once_and_opens_no_file(tmp_path: Path) -> None:
    for place in (
        "opt/ml/lib/python3.11/site-packages/torch-2.9.1+cu128.dist-info",
        "home/ana/miniconda3/envs/x/lib/python3.12/site-packages/torch-2.5.1.dist-info",
        "home/ana/miniconda3/envs/x/conda-meta",
        "home/bob/a project/.venv/lib/python3.11/site-packages/torch-2.9.0.dist-info",
        "root/.local/lib/python3.11/site-packages/torch-2.8.0.dist-info",
        "root/.pyenv/versions/3.12.1/lib/python3.12/site-packages/torch-2.7.0.dist-info",
    ):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "opt/ml/lib64").symlink_to("lib")
    (tmp_path / "opt/ml/pyvenv.cfg").touch()
    (tmp_path / "home/ana/miniconda3/envs/x/conda-meta/pytorch-2.5.1-py3.12_0.json").touch()
    script = text("frame", "handmade") + "\nframed handmade | printable\n"
    for folder in ("opt", "home", "root", "srv", "usr"):
        script = script.replace(f'"/{folder}/', f'"{tmp_path}/{folder}/')
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    found = handmade(said.splitlines())
    assert found.unread == {}
    assert {(one.path.removeprefix(str(tmp_path)), one.kind) for one in found.pytorch} == {
        ("/opt/ml", "venv"),
        ("/home/ana/miniconda3/envs/x", "conda"),
        ("/home/bob/a project/.venv", "folder"),
        ("/root/.local", "user"),
        ("/root/.pyenv/versions/3.12.1", "folder"),
    }
    assert len(found.pytorch) == 5
