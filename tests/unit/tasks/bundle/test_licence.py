"""What a file says of its licence, and nothing where it says nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tasks.bundle import licence


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("License-Expression: BSD-3-Clause\nLicense: other\n", "BSD-3-Clause"),
        ("License: MIT\n", "MIT"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License"),
        ("License: " + "a whole licence " * 20 + "\n", ""),
        ("License: bad\x1b[2J\n", ""),
        ("Name: x\n", ""),
    ],
)
def test_wheel_is_asked_for_its_own_words(tmp_path: Path, metadata: str, told: str) -> None:
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", f"Name: x\n{metadata}\nbody\n")
    assert licence.of_wheel(wheel) == told


def test_file_that_is_no_wheel_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"no archive")
    assert licence.of_wheel(tmp_path / "x.whl") == ""
    assert licence.of_wheel(tmp_path / "gone.whl") == ""


@pytest.mark.parametrize(
    ("section", "component"), [("non-free/libs", "non-free"), ("libs", "main")]
)
def test_package_is_told_by_its_component(section: str, component: str) -> None:
    assert licence.of_package(section).startswith(f"{component}: ")
