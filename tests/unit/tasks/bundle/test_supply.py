"""What a build takes from a bundle, and each way in which a bundle does not serve it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from facts.parse.images import ImageState
from tasks.bundle import supply
from tasks.bundle.supply import Supply
from tasks.hostdata.image import ImageSettings
from tasks.image import image_conflicts, store
from tasks.image.work import FOLDER, Work
from tasks.offline import manifest
from tests.unit.tasks import a_bundle, a_host
from tests.unit.tasks.a_bundle import LAYERS, recipe

DOCKER = ImageState(
    server="26.1.5", client="26.1.5", buildx=True, root="/var/lib/docker", root_free_mb=90_000
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return a_bundle.made(tmp_path / "bundle", recipe())


def whole(bundle: Path, state: ImageState = DOCKER) -> Supply:
    found, conflicts = supply.supply_for(bundle, recipe(), state)
    assert found is not None, conflicts
    return found


def refused(bundle: Path, state: ImageState = DOCKER) -> dict[str, str]:
    """Code to reason."""
    found, conflicts = supply.supply_for(bundle, recipe(), state)
    assert found is None
    return {conflict.code: conflict.why for conflict in conflicts}


def wheel(bundle: Path, package: str) -> Path:
    return bundle / "wheels" / f"{package}-1.0-py3-none-any.whl"


def test_each_step_gets_what_it_reads_and_no_more(bundle: Path) -> None:
    assert {path for path in whole(bundle).files if "/debs/" not in path} == {
        "bundle/needs/numpy-1.0-py3-none-any.whl",
        "bundle/needs/nvidia_nccl_cu12-1.0-py3-none-any.whl",
        "bundle/services/jupyterlab-1.0-py3-none-any.whl",
        "bundle/torch/torch-1.0-py3-none-any.whl",
        "bundle/torch/triton-1.0-py3-none-any.whl",
    }
    assert "bundle/debs/Packages" in whole(bundle).files


def test_base_is_sent_only_where_the_host_lacks_it(bundle: Path) -> None:
    there = dataclasses.replace(DOCKER, base_layers=LAYERS)
    assert "base.tar.gz" in whole(bundle).sums()
    assert "base.tar.gz" not in whole(bundle, there).sums()


def test_base_that_is_another_one_is_refused_with_the_way_out(bundle: Path) -> None:
    other = dataclasses.replace(DOCKER, base_layers=("sha256:cd",))
    _, (found,) = supply.supply_for(bundle, recipe(), other)
    assert found.code == "BUNDLE-BASE"
    assert "docker image tag debian:bookworm-slim debian:bookworm-slim-former" in found.remedies[0]


def test_spoiled_file_is_named(bundle: Path) -> None:
    wheel(bundle, "numpy").write_bytes(b"X" * len(a_bundle.content("numpy")))
    why = refused(bundle)
    assert set(why) == {"BUNDLE-SPOILED"}
    assert "wheels/numpy-1.0-py3-none-any.whl has the SHA-256" in why["BUNDLE-SPOILED"]


def test_cut_file_is_named_with_both_sizes(bundle: Path) -> None:
    wheel(bundle, "torch").write_bytes(b"the")
    assert "has 3 bytes, and not" in refused(bundle)["BUNDLE-SPOILED"]


def test_file_that_is_gone_is_named(bundle: Path) -> None:
    (bundle / "bases").rename(bundle / "elsewhere")
    why = refused(bundle)
    assert why == {"BUNDLE-SPOILED": "bases/debian-bookworm-slim-x86_64.tar.gz is not there"}


def test_wheel_whose_hash_is_not_the_locks_does_not_count(bundle: Path) -> None:
    """Even where the manifest agrees with it."""
    path = "wheels/numpy-1.0-py3-none-any.whl"
    a_bundle.put(bundle, path, b"a stranger", "torch-2.9.1-cu128-cp311-x86_64.txt")
    assert refused(bundle) == {"BUNDLE-LACKS": "numpy==1.0"}


def test_bundle_of_another_lock_is_refused(bundle: Path) -> None:
    found, conflicts = supply.supply_for(bundle, recipe("sympy"), DOCKER)
    assert found is None
    assert [conflict.code for conflict in conflicts] == ["BUNDLE-LOCK", "BUNDLE-LACKS"]
    assert conflicts[0].why.endswith("of another content")
    assert conflicts[1].why == "sympy==1.0"


def test_packages_for_another_base_are_missing(bundle: Path) -> None:
    manifest.change(bundle, lambda now: dataclasses.replace(now, archives={}))
    assert refused(bundle) == {"BUNDLE-LACKS": "packages for debian:bookworm-slim: system"}


def test_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    assert set(refused(tmp_path)) == {"BUNDLE-FOLDER"}


def test_base_by_digest_cannot_come_from_a_file(bundle: Path) -> None:
    plan = dataclasses.replace(recipe().plan, base="debian@sha256:" + "0" * 64)
    _, (found,) = supply.supply_for(bundle, dataclasses.replace(recipe(), plan=plan), DOCKER)
    assert found.code == "BUNDLE-BASE-DIGEST"


def work(bundle: Path) -> Work:
    settings = ImageSettings("build", 1000, "", "", False, "", 0, bundle=bundle)
    return Work(recipe(), settings, supply=whole(bundle))


def test_host_without_the_builder_is_told_before_it_is_touched(bundle: Path) -> None:
    bare = dataclasses.replace(DOCKER, buildx=False)
    (found,) = image_conflicts.of_work(work(bundle), bare)
    assert found.code == "BUNDLE-TOOLS" and "docker-buildx" in found.why


def test_build_from_a_bundle_names_no_address_and_no_network(bundle: Path) -> None:
    job = store.build(a_host.bare(), work(bundle))
    inputs = dict(job.inputs)
    assert "--network none" in job.script
    assert inputs["fetch.sh"] == "export UV_OFFLINE=1 UV_FIND_LINKS=/dev/gpuwright/bundle\n"
    assert inputs["apt.list"] == "deb [trusted=yes] file:/dev/gpuwright/debs ./\n"
    online = store.build(a_host.bare(), dataclasses.replace(work(bundle), supply=None))
    assert "--network none" not in online.script


def test_host_keeps_what_is_whole_and_loses_what_is_not_asked_for(
    bundle: Path, tmp_path: Path
) -> None:
    """The real shell, in a folder of this machine."""
    place = tmp_path / "host"
    sums = whole(bundle).sums()
    script = store.SIFT.replace(FOLDER, str(place))

    def sifted() -> list[str]:
        done = subprocess.run(
            ["sh", "-c", script], input=sums, capture_output=True, text=True, check=True
        )
        return [line for line in done.stdout.splitlines() if line.endswith(": OK")]

    assert sifted() == []
    (place / "bundle/torch/stranger.whl").write_text("of an earlier bundle")
    kept = place / "bundle/torch/torch-1.0-py3-none-any.whl"
    kept.write_bytes(a_bundle.content("torch"))
    (place / "bundle/needs/numpy-1.0-py3-none-any.whl").write_text("cut")
    assert sifted() == ["bundle/torch/torch-1.0-py3-none-any.whl: OK"]
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_manifest_that_leads_out_of_the_folder_is_refused(bundle: Path) -> None:
    told = json.loads((bundle / "manifest.json").read_text())
    told["files"]["wheels/../../secret"] = {"sha256": "0" * 64, "size": 1, "of": []}
    (bundle / "manifest.json").write_text(json.dumps(told))
    assert "is no path of a file in it" in refused(bundle)["BUNDLE-FOLDER"]


def test_manifest_of_a_newer_release_is_refused(bundle: Path) -> None:
    (bundle / "manifest.json").write_text('{"schema": 9}')
    assert "is of schema 9; this release reads up to 2" in refused(bundle)["BUNDLE-FOLDER"]
