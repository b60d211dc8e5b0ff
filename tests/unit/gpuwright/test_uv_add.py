"""A team's repository that is a project of uv, with the wheel that no index has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
from packaging.metadata import Metadata

from tests.unit.an_index import ANY, Index, serving, wheel
from tests.unit.gpuwright.a_release import Installed


@pytest.fixture
def index(tmp_path: Path, package: Installed) -> Iterator[Index]:
    """An index with empty packages of the names and oldest versions that gpuwright asks for."""
    with zipfile.ZipFile(package.wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        about = Metadata.from_email(file.read(name), validate=False)
    with serving(tmp_path / "index") as made:
        for wanted in about.requires_dist or ():
            if wanted.marker is None:
                (oldest,) = (each.version for each in wanted.specifier if each.operator == ">=")
                file_name = f"{wanted.name.replace('-', '_')}-{oldest}-{ANY}.whl"
                data = wheel(wanted.name.replace("-", "_"), version=oldest)
                made.put_files(wanted.name, {file_name: data})
        yield made


def test_project_of_uv_is_laid_out_from_the_wheel_in_its_own_folder(
    package: Installed, index: Index, tmp_path: Path
) -> None:
    team = tmp_path / "our lab"
    (team / "wheels").mkdir(parents=True)
    shutil.copy(package.wheel, team / "wheels")
    project = '[project]\nname = "ours"\nversion = "0"\nrequires-python = ">=3.10"\n'
    (team / "pyproject.toml").write_text(project)

    def run(*words: str) -> str:
        done = subprocess.run(
            words,
            cwd=team,
            env={
                **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
                "UV_DEFAULT_INDEX": index.address,
                "UV_CACHE_DIR": str(tmp_path / "cache"),
                "UV_PYTHON": sys.executable,
            },
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(uv.find_uv_bin(), "add", f"./wheels/{package.wheel.name}")
    said = (team / "pyproject.toml").read_text()
    assert f'gpuwright = {{ path = "wheels/{package.wheel.name}" }}' in said
    (site,) = (team / ".venv").glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    told = run(str(team / ".venv/bin/gpuwright"), "init", ".", "--no-lock")
    assert "1 files are there already" in told and "kept" not in told
    # What uv has locked is the same wheel still, by a path that goes with the repository.
    run(uv.find_uv_bin(), "sync", "--locked", "--offline")
    assert str(tmp_path) not in (team / "uv.lock").read_text()
