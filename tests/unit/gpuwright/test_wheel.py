"""The wheel, and what is installed of it: one name, all rooms, the same plans."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from make import rooms
from tests.unit.gpuwright.a_release import HOUSE, Installed, tracked

IMPORT_ALL = """
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.split(".")[0] not in {"stacks", "facts", "tasks", "image", "deploys"}, name

sys.meta_path.insert(0, Refuse())
import gpuwright
scripts = ("gpuwright.deploys", "gpuwright.inventories", "gpuwright.image.programs",
           "gpuwright.facts.onhost")
found = [m.name for m in pkgutil.walk_packages(gpuwright.__path__, "gpuwright.")
         if not m.name.startswith(scripts)]
for name in found:
    importlib.import_module(name)
print(len(found))
"""


def test_wheel_holds_the_rooms_below_one_name_and_nothing_else(package: Installed) -> None:
    names = [Path(name) for name in zipfile.ZipFile(package.wheel).namelist()]
    tops = {name.parts[0] for name in names}
    assert tops == {"gpuwright", "gpuwright-0.1.0.dist-info"}
    inside = {str(name) for name in names if name.parts[0] == "gpuwright"}
    known = [Path(name) for name in tracked()]
    wanted = {
        str(rooms.place(name))
        for name in known
        if name.parts[0] in ("gpuwright", *rooms.ROOMS) and str(name) not in rooms.LEFT_OUT
    }
    assert inside == wanted


def test_source_archive_holds_the_tree_as_it_is(package: Installed) -> None:
    with tarfile.open(package.source) as archive:
        for name in ("tasks/deploy.py", "facts/frame.sh", "setup.py", "make/rooms.py", "LICENSE"):
            file = archive.extractfile(f"gpuwright-0.1.0/{name}")
            assert file is not None and file.read() == (HOUSE / name).read_bytes()


def test_every_module_is_imported_below_the_package_alone(
    package: Installed, tmp_path: Path
) -> None:
    words = [str(package.python), "-c", IMPORT_ALL]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 350


def test_plan_of_a_host_is_that_of_the_checkout(package: Installed, tmp_path: Path) -> None:
    words = ["explain", "pytorch-2.9", "--os", "debian-12", "--gpu", "h100:8", "--json"]
    here = subprocess.run(
        [sys.executable, "-m", "stacks", *words], cwd=HOUSE, capture_output=True, check=True
    )
    there = package.run(*words, cwd=tmp_path, module="gpuwright.stacks")
    assert json.loads(there)["plan"]["digest"]
    same_words = there.replace("python -m gpuwright.stacks", "python -m stacks")
    assert json.loads(same_words) == json.loads(here.stdout)


def test_message_names_the_command_as_it_is_called_there(
    package: Installed, tmp_path: Path
) -> None:
    said = package.run(
        "explain", "none", "--os", "x", cwd=tmp_path, code=64, module="gpuwright.stacks"
    )
    assert "`python -m gpuwright.stacks --help`" in said


def test_team_s_own_stack_is_found_by_its_name(package: Installed, tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/our.yaml").write_text("summary: ours\ndriver: {origin: debian}\n")
    said = package.run("list", cwd=tmp_path, module="gpuwright.stacks")
    assert "our " in said and "pytorch-2.9 " in said


def test_version_is_told(package: Installed, tmp_path: Path) -> None:
    assert package.run("version", cwd=tmp_path) == package.run("--version", cwd=tmp_path)
    assert (package.folder / "bin/gpuwright").exists()


def test_editable_installation_is_refused(package: Installed, tmp_path: Path) -> None:
    build = "from setuptools import build_meta as b; b.build_editable('.')"
    words = [sys.executable, "-c", build]
    tree = next((package.wheel.parents[1] / "out of it").iterdir())
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "cannot be installed in editable mode" in done.stderr
