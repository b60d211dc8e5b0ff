"""A bundle is read to its last byte, and what is damaged or missing is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.bundle import __main__ as program
from tasks.bundle import audit
from tasks.hostdata.arguments import USAGE
from tasks.offline import manifest
from tasks.offline.wants import KEY
from tests.unit.tasks import a_host_bundle
from tests.unit.tasks.a_host_bundle import DEBS

SIGNED = "apt/debian-12-x86_64/InRelease"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_host_bundle.made(tmp_path_factory.mktemp("made") / "bundle")


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def test_whole_bundle_ends_well(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["verify", str(bundle)]) == 0
    said = capsys.readouterr().err
    assert "whole" in said and manifest.read(bundle).key in said
    assert program.main(["verify", str(bundle), "--key", manifest.read(bundle).key.lower()]) == 0


def test_every_damage_is_named(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / DEBS[0].path).write_bytes(b"other")
    (bundle / "wheels/torch-1.0-py3-none-any.whl").unlink()
    assert program.main(["verify", str(bundle)]) == program.DAMAGED
    said = capsys.readouterr().err
    assert f"BUNDLE-SPOILED: {DEBS[0].path} has" in said
    assert "torch-1.0-py3-none-any.whl is not there" in said
    assert "2 faults" in said


def test_signature_of_another_key_is_told(bundle: Path, tmp_path: Path) -> None:
    other = a_host_bundle.made(tmp_path / "other")
    a_host_bundle.put(bundle, SIGNED, (other / SIGNED).read_bytes(), "hosts")
    said = "\n".join(audit.audited(bundle).lines)
    assert f"{SIGNED} is not signed by {KEY}" in said


def test_list_of_packages_that_was_not_signed_is_told(bundle: Path) -> None:
    path = "apt/debian-12-x86_64/Packages"
    text = (bundle / path).read_text().replace("Depends: \n", "Depends: evil\n", 1)
    a_host_bundle.put(bundle, path, text.encode(), "hosts")
    assert any("another list of packages" in line for line in audit.audited(bundle).lines)


def test_wrong_key_is_told(bundle: Path) -> None:
    found = audit.audited(bundle, "A" * 40)
    assert found.faults and "and not by AAAA" in found.lines[0]


def test_parts_of_a_cut_off_fetch_are_told_and_are_no_fault(bundle: Path) -> None:
    (bundle / "wheels/torch.whl.part").write_bytes(b"x")
    found = audit.audited(bundle)
    assert not found.faults
    assert "not of the bundle: 'wheels/torch.whl.part'" in found.lines


@pytest.mark.parametrize("text", [None, "", "[]", '{"schema": 99}', '{"schema": 2}'])
def test_folder_that_is_no_bundle_ends_with_usage(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / manifest.NAME).write_text(text)
    assert program.main(["verify", str(tmp_path)]) == USAGE
