"""The layer that a container's user adds packages to, made in a folder by real uv and Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from image.programs import added, installing
from image.programs.layer import Layer
from image.programs.settings import RefusalError

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    """A layer over a locked environment with one package, called torch."""
    locked = tmp_path / "root/current"
    site = locked / "lib" / VERSION / "site-packages"
    (site / "torch-2.9.1.dist-info").mkdir(parents=True)
    (site / "torch-2.9.1.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: torch\nVersion: 2.9.1\n"
    )
    (site / "torch-2.9.1.dist-info/RECORD").write_text("torch.py,,\n")
    (site / "torch.py").write_text("here = 'locked'\n")
    base = Path(sys.base_prefix) / "bin"
    (locked / "pyvenv.cfg").write_text(f"home = {base}\n")
    (tmp_path / "root/constraints.txt").write_text("torch==2.9.1\n")
    (tmp_path / "home").mkdir()
    return Layer(str(tmp_path / "home"), tmp_path / "root")


def added_package(layer: Layer, name: str, version: str) -> None:
    """Something that a user put there, by force where the image has it."""
    (layer.site / f"{name}.py").write_text("here = 'layer'\n")
    folder = layer.site / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "RECORD").write_text(f"{name}.py,,\n")


def said(layer: Layer, code: str) -> str:
    done = subprocess.run(
        [str(layer.python), "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def uv(layer: Layer, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VIRTUAL_ENV": str(layer.folder), "UV_OFFLINE": "1"}
    environment |= {"UV_CONSTRAINT": str(layer.constraints), "UV_NO_CONFIG": "1"}
    return subprocess.run(
        [str(Path(sys.executable).with_name("uv")), "pip", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_python_of_the_layer_takes_the_images_packages_first(layer: Layer) -> None:
    layer.make()
    added_package(layer, "torch", "2.8.0")
    added_package(layer, "mine", "1.0")
    code = "import torch, mine; print(torch.here, mine.here)"
    assert said(layer, code) == "locked layer"


def test_uv_finds_the_images_packages_installed_and_takes_none_away(layer: Layer) -> None:
    layer.make()
    assert "Checked 1 package" in uv(layer, "install", "torch").stderr
    refused = uv(layer, "install", "torch==2.8")
    assert refused.returncode != 0 and "torch==2.9.1" in refused.stderr
    assert uv(layer, "uninstall", "torch").returncode != 0
    assert (layer.locked_site / "torch-2.9.1.dist-info/RECORD").exists()


def test_what_was_added_stays_when_another_image_comes(layer: Layer) -> None:
    layer.make()
    added_package(layer, "mine", "1.0")
    (layer.locked_site / "torch-2.9.1.dist-info").rename(
        layer.locked_site / "torch-2.9.2.dist-info"
    )
    layer.make()
    names = {path.name for path in layer.site.glob("*.dist-info")}
    assert names == {"torch-2.9.2.dist-info", "mine-1.0.dist-info"}
    assert layer.added() == {"mine": "1.0"}


def test_layer_that_cannot_be_made_is_refused(layer: Layer, tmp_path: Path) -> None:
    (tmp_path / "home/.local").write_text("a file\n")
    with pytest.raises(RefusalError, match="IMAGE-LAYER"):
        layer.make()


def test_locked_python_sees_what_was_added_last_and_root_nothing_of_others(
    layer: Layer, tmp_path: Path
) -> None:
    layer.make()
    added_package(layer, "mine", "1.0")
    start = Path(installing.__file__).with_name("on_start.py")
    code = (
        f"import sys; sys.prefix = {str(layer.locked)!r}; exec(open({str(start)!r}).read()); "
        "print(sys.path[-1])"
    )
    environment = {**os.environ, "HOME": str(tmp_path / "home")}

    def last(*options: str) -> str:
        words = [sys.executable, *options, "-c", code]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert last() == str(layer.site)
    assert last("-s") != str(layer.site)
    if os.getuid() == 0:
        os.chown(layer.folder, 1234, 1234)
        assert last() != str(layer.site)
        with pytest.raises(RefusalError, match="belongs to uid 1234"):
            layer.make()


FOUND = {"verdict": "OK", "faults": [], "notes": []}


def test_selftest_names_what_was_added(layer: Layer) -> None:
    own = {"torch": str(layer.locked_site / "torch.py")}
    found = added.judged(FOUND, {"mine": "1.0"}, layer.fixed(), own, layer)
    assert (found["verdict"], found["added"]) == ("OK", {"mine": "1.0"})
    assert added.lines(found) == ["added to the image's packages: mine 1.0"]
    assert added.lines(FOUND) == []


def test_selftest_tells_of_a_package_that_hides_behind_the_images(layer: Layer) -> None:
    own = {"torch": str(layer.locked_site / "torch.py")}
    found = added.judged(FOUND, {"torch": "2.8.0"}, layer.fixed(), own, layer)
    assert found["verdict"] == "WARN" and "IMAGE-HIDDEN: torch 2.8.0" in found["notes"][0]


@pytest.mark.parametrize("origin", ["/workspace/torch/__init__.py", None])
def test_torch_from_elsewhere_is_a_fault(layer: Layer, origin: str | None) -> None:
    found = added.judged(FOUND, {}, layer.fixed(), {"torch": origin}, layer)
    assert found["verdict"] == "CRITICAL" and "IMAGE-SHADOWED" in found["faults"][0]


def test_host_without_a_layer_has_the_selftest_as_it_is(tmp_path: Path) -> None:
    assert added.told_in(FOUND, str(tmp_path)) == FOUND


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ("pip install x", {}, True),
        ("--quiet pip list", {}, True),
        ("pip install --python 3.12 x", {}, False),
        ("pip install --target=/x x", {}, False),
        ("pip install x", {"VIRTUAL_ENV": "/home/user/own"}, False),
        ("venv own", {}, False),
        ("run x.py", {}, False),
        ("", {}, False),
    ],
)
def test_uv_goes_to_the_layer_where_no_other_place_is_named(
    tmp_path: Path, words: str, environment: dict[str, str], expected: bool
) -> None:
    assert installing.for_layer(words.split(), environment, tmp_path) is expected


def test_project_with_an_environment_of_its_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / "src").mkdir()
    assert not installing.for_layer(["pip", "install", "x"], {}, tmp_path / "src")


def test_fixed_packages_are_found_under_each_spelling() -> None:
    fixed = {"torch": "2.9.1", "nvidia-nccl-cu12": "2.27.5"}
    words = ["install", "Torch==2.8", "nvidia_nccl_cu12>3", "einops", "--pre"]
    assert installing.fixed_names(words, fixed) == ["torch", "nvidia-nccl-cu12"]
