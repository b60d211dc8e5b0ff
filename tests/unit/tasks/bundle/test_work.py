"""What a bundle lacks for an image, and what is asked of apt for it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from stacks.model.plan import Download
from tasks.bundle import bundle_conflicts, collect, contents, work
from tasks.bundle.work import Work
from tasks.offline import manifest
from tasks.offline.manifest import BundleError
from tests.unit.tasks import a_bundle, an_image
from tests.unit.tasks.a_bundle import recipe

ASKED = contents.contents_for(recipe())


def lacking(folder: Path) -> list[str]:
    """Which parts would be fetched."""
    known = manifest.read(folder)
    found = {
        "wheels": work.lacking_wheels(folder, known, ASKED),
        "base": work.lacks_base(folder, known, ASKED),
        "debs": work.lacks_debs(folder, known, ASKED),
    }
    return [name for name, lacks in found.items() if lacks]


def test_empty_folder_lacks_all_and_a_whole_bundle_nothing(tmp_path: Path) -> None:
    assert lacking(tmp_path) == ["wheels", "base", "debs"]
    assert lacking(a_bundle.made(tmp_path / "bundle", recipe())) == []


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("wheels/torch-1.0-py3-none-any.whl", "wheels"),
        ("bases/debian-bookworm-slim-x86_64.tar.gz", "base"),
        ("debs/*/Packages", "debs"),
    ],
)
def test_what_is_spoiled_is_fetched_again(file: str, part: str, tmp_path: Path) -> None:
    bundle = a_bundle.made(tmp_path / "bundle", recipe())
    (found,) = bundle.glob(file)
    found.write_bytes(b"spoiled")
    assert lacking(bundle) == [part]


def test_each_step_is_asked_for_with_those_before_it() -> None:
    """Its packages are chosen on what they installed."""
    plan = an_image.plan()
    made = Work(
        Path("bundle"),
        plan,
        contents.contents_for(an_image.recipe()),
        ("deb http://x.example/ a b",),
    )
    inputs = dict(collect.debs_job(made).inputs)
    asked = re.findall(r"--download-only (.*)", inputs["debs.sh"])
    assert len(asked) == 2 and asked[1].startswith(asked[0])
    assert "openssh-server" in asked[0] and "nvidia-cuda-toolkit" in asked[1]
    assert re.findall(r"^apt_ready(.*)$", inputs["debs.sh"], re.M)[-1].split()
    assert inputs["apt.list"] == "deb http://x.example/ a b\n"


def test_tarball_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = Download("cuda_nvcc", "http://archive.example.org/", "nvcc.tar.xz", "0" * 64)
    asked = dataclasses.replace(ASKED, tarballs={"cuda": (file,)})
    assert work.lacking_tarballs(tmp_path, manifest.read(tmp_path), asked) == ["cuda_nvcc"]


def test_other_base_has_packages_of_its_own() -> None:
    assert ASKED.archive(("sha256:ab",)) != ASKED.archive(("sha256:cd",))


def test_base_by_digest_is_refused_with_its_tag_as_the_way_out() -> None:
    (found,) = bundle_conflicts.named_by_digest("debian:bookworm-slim@sha256:" + "0" * 64)
    assert found.remedies[0].startswith("image_base: debian:bookworm-slim (")


def test_file_whose_name_leads_out_of_the_folder_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    entry = manifest.entry_of(tmp_path / "x", "a")
    with pytest.raises(BundleError, match="is no name for a file"):
        manifest.Manifest().with_file("wheels/../x", entry)
