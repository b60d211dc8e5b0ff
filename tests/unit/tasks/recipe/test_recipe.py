"""The image's recipe: one plan, one text; the lock cut so that a patch release moves one layer."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.catalog.read import load_catalog
from stacks.model.plan import Download
from tasks.python import lock_parts
from tasks.recipe.recipe import Recipe
from tests.unit.tasks import a_host, an_image
from tests.unit.tasks.an_image import LOCK, recipe

GOLDEN = Path(__file__).parents[1] / "golden" / "Dockerfile"
FILE = Download("cuda_nvcc", "http://archive.example.org/", "nvcc.tar.xz", "0" * 64)


def with_tarballs() -> Recipe:
    _, cuda, cudnn, _ = a_host.parts()
    return recipe(
        cuda=replace(cuda, origin="redist", downloads=(FILE,), prefix="/usr/local/cuda-11.8"),
        cudnn=replace(cudnn, origin="redist", download=FILE, wheel=""),
    )


def steps(made: Recipe) -> list[str]:
    return re.findall(r"source=steps/([a-z]+)\.sh", made.files["Dockerfile"])


def test_dockerfile_is_the_one_that_was_looked_at() -> None:
    text = re.sub(r"[0-9a-f]{64}", "DIGEST", recipe().files["Dockerfile"])
    assert text == GOLDEN.read_text()


def test_heavy_and_old_comes_before_light_and_new() -> None:
    order = ["system", "cuda", "cudnn", "needs", "services", "torch", "user"]
    assert steps(recipe()) == order
    assert steps(recipe(cuda=None, cudnn=None)) == ["system", *order[3:]]


def test_lock_is_cut_into_two_that_hold_all_of_it() -> None:
    needs, torch = lock_parts.parts(LOCK)
    assert list(lock_parts.entries(torch)) == ["torch", "triton"]
    assert lock_parts.versions(needs) | lock_parts.versions(torch) == lock_parts.versions(LOCK)
    assert "sha256:bc" in needs


def test_patch_release_of_torch_changes_its_own_step_alone() -> None:
    newer = LOCK.replace("torch==2.9.1", "torch==2.9.2").replace("sha256:cc", "sha256:c2")
    torch = replace(an_image.plan().torch, version="2.9.2")
    was = recipe().files
    now = an_image.recipe_of(an_image.plan(torch=torch), newer, an_image.SERVICES).files
    changed = {path for path in was if was[path] != now[path]}
    small = {"files/opt/gpuwright/plan.json", "files/opt/gpuwright/constraints.txt"}
    assert changed == {"Dockerfile", "torch.txt", *small}


def test_where_wheels_come_from_makes_no_other_image() -> None:
    plan = an_image.plan()
    mirrored = replace(plan.torch, default_index="https://mirror.example.org/simple")
    assert an_image.plan(torch=mirrored).digest == plan.digest
    assert recipe(torch=mirrored).exact_name == recipe().exact_name


def test_every_package_of_the_image_is_a_constraint_for_what_is_added() -> None:
    text = recipe().files["files/opt/gpuwright/constraints.txt"]
    pinned = lock_parts.versions(LOCK) | lock_parts.versions(an_image.SERVICES)
    assert dict(line.split("==") for line in text.splitlines()) == pinned


def test_another_uid_is_another_image() -> None:
    assert recipe(uid=1234).exact_name != recipe().exact_name


@pytest.mark.parametrize("made", [recipe(), with_tarballs(), recipe(cuda=None, cudnn=None)])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell_accepts_every_step(made: Recipe, shell: str) -> None:
    for path, text in made.files.items():
        if path.endswith(".sh"):
            done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True)
            assert done.stderr == "", path


@pytest.mark.parametrize("step", ["cuda", "cudnn"])
def test_step_reads_its_list_of_packages_in_the_folder_where_it_wrote_it(step: str) -> None:
    text = with_tarballs().files[f"steps/{step}.sh"]
    between = text.partition("apt-mark showmanual >manual\n")[2].partition(" <manual")[0]
    assert between and not re.search(r"^\s*cd ", between, re.MULTILINE)


def test_archive_is_the_same_bytes_each_time_and_programs_can_be_run() -> None:
    assert recipe().archive() == recipe().archive()
    with tarfile.open(fileobj=io.BytesIO(recipe().archive())) as archive:
        assert archive.getmember("files/opt/gpuwright/bin/entrypoint").mode == 0o755


def test_nccl_setting_comes_with_its_reason() -> None:
    made = recipe(nccl={"NCCL_DEBUG": ("WARN", "errors of NCCL are silent without it")})
    text = made.files["Dockerfile"]
    assert "# errors of NCCL are silent without it\nENV NCCL_DEBUG=WARN\n" in text


def test_line_that_pins_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="pins nothing: 'torch>=2'"):
        lock_parts.entries("torch>=2\n")


def test_what_an_image_leaves_out_has_a_reason_and_is_left_out_in_its_own_layer() -> None:
    omitted = load_catalog().image.omitted
    step = recipe().files["steps/torch.sh"]
    for one in (*omitted.files, *omitted.stripped):
        assert one.why and one.mb > 0
        # A path with a blank or a quote would be another one in the step.
        assert re.fullmatch(r"[A-Za-z0-9_./*-]+", one.path) and f" {one.path}" in step
    assert "nvidia" not in "".join(one.path for one in omitted.stripped)


def test_files_of_this_step_are_left_out_and_those_of_an_earlier_one_stay(tmp_path: Path) -> None:
    """A file of an earlier layer would only be marked as deleted, and its size stay."""
    site = tmp_path / "lib/python3.11/site-packages"
    new, old = (site / f"nvidia/{folder}/lib" for folder in ("cusolver", "cuda_nvrtc"))
    for folder, name in ((new, "libcusolverMg.so.11"), (old, "libnvrtc.alt.so.12")):
        folder.mkdir(parents=True)
        (folder / name).write_text("x")
    text = recipe().files["steps/torch.sh"]
    part = text[text.index("(\n    cd ") : text.index("# Only what is new is touched")]
    # What is older than a file's last change of state cannot be made: the step begins before it.
    for began, left in (("9999999999", 2), ("0", 0)):
        script = f"set -eu; env={tmp_path}; began={began}\n{part}"
        subprocess.run(["sh", "-c", script], check=True, cwd=tmp_path)
        assert len([*site.rglob("*.so*")]) == left
