"""containerd's settings: what stands there before NVIDIA's tool adds to them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.templates import render

DOCKERS = '# of its package\n\ndisabled_plugins = ["cri"]\n'


def configured(folder: Path, before: str | None) -> subprocess.CompletedProcess[str]:
    """Run the step's shell on a file of ours, without the programs that it calls."""
    file = folder / "config.toml"
    if before is not None:
        file.write_text(before)
    script = render("containerd_settings.sh.j2", config=str(file), cdi=True, noted=":")
    tools = folder / "tools"
    tools.mkdir()
    for name in ("nvidia-ctk", "systemctl"):
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tools / name).chmod(0o755)
    return subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_file_of_dockers_package_makes_room_and_is_kept(tmp_path: Path) -> None:
    done = configured(tmp_path, DOCKERS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "configure --runtime=containerd --cdi.enabled" in done.stdout
    assert (tmp_path / "config.toml").read_text() == "version = 2\n"
    assert (tmp_path / "config.toml.gpuwright-old").read_text() == DOCKERS


@pytest.mark.parametrize("before", [None, "", 'version = 2\ndisabled_plugins = ["cri"]\n'])
def test_other_files_are_nvidias_tools_to_add_to(tmp_path: Path, before: str | None) -> None:
    assert configured(tmp_path, before).returncode == 0
    assert not (tmp_path / "config.toml.gpuwright-old").exists()


def test_somebodys_own_file_of_version_1_is_refused_and_stays(tmp_path: Path) -> None:
    own = DOCKERS + 'root = "/data"\n'
    done = configured(tmp_path, own)
    assert done.returncode == 1
    assert "is of version 1" in done.stderr and "nvidia-ctk" not in done.stdout
    assert (tmp_path / "config.toml").read_text() == own
