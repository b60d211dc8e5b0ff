"""The command `gpuwright` as it is installed, and a repository that it laid out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gpuwright import __main__ as command
from tests.unit.gpuwright.a_release import Installed

LIKE = "pytorch-2.9 --os debian-12 --gpu h100"


@pytest.fixture(scope="module")
def team(package: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that was laid out, with two hosts that answer nothing."""
    folder = tmp_path_factory.mktemp("a team") / "our lab"
    package.run("init", "our lab", "--no-lock", cwd=folder.parent)
    fake = {"fake_delay": 0, "fake_delay_jitter": 0}
    hosts = [(f"@fake/{name}", fake) for name in ("one", "two")]
    (folder / "inventories/lab.py").write_text(f"hosts = {hosts!r}\n")
    return folder


@pytest.fixture(scope="module")
def newer(package: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Another release, in an environment of its own: 0.2.0 has another PyTorch in one stack."""
    folder = tmp_path_factory.mktemp("newer") / "environment"
    shutil.copytree(package.folder, folder, symlinks=True)
    (ours,) = folder.glob("lib/python*/site-packages/gpuwright")
    for name, old, new in (
        ("tasks/__init__.py", '"0.1.0"', '"0.2.0"'),
        ("stacks/pytorch-2.9.yaml", "2.9.1", "2.9.0"),
    ):
        text = (ours / name).read_text()
        assert old in text
        (ours / name).write_text(text.replace(old, new))
    yield replace(package, folder=folder)


def test_init_says_what_it_wrote_and_a_second_one_writes_nothing(
    package: Installed, tmp_path: Path
) -> None:
    first = package.run("init", "our lab", "--no-lock", cwd=tmp_path)
    assert "written  deploys/gpu_host.py" in first and "cd 'our lab'" in first
    again = package.run("init", "our lab", "--no-lock", cwd=tmp_path)
    assert "written" not in again and "files are there already" in again


def test_init_says_what_it_kept(package: Installed, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("ours:\n")
    said = package.run("init", ".", "--no-lock", cwd=tmp_path)
    assert "kept     Makefile" in said
    assert (tmp_path / "Makefile").read_text() == "ours:\n"


@pytest.mark.parametrize("name", ["", " "])
def test_init_without_a_name_is_not_the_current_folder(
    package: Installed, tmp_path: Path, name: str
) -> None:
    said = package.run("init", name, "--no-lock", cwd=tmp_path, code=2)
    assert "no folder is named; the current one is ." in said
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (".", "next: name your hosts"),
        ("-lab", "next: cd ./-lab, name your hosts"),
        ("it's our $lab", "next: cd 'it'\"'\"'s our $lab', name your hosts"),
    ],
)
def test_init_names_the_folder_so_that_a_shell_finds_it(
    package: Installed, tmp_path: Path, name: str, told: str
) -> None:
    said = package.run("init", "--no-lock", "--", name, cwd=tmp_path)
    assert told in said
    shell = next(line for line in said.splitlines() if line.startswith("no requirements.lock"))
    assert shell.endswith("yet: gpuwright lock") == (name == ".")
    assert (tmp_path / name / "inventories/lab.py").is_file()


def test_deploy_of_one_line_is_executed_for_every_host_from_any_folder(
    package: Installed, team: Path, tmp_path: Path
) -> None:
    words = ["-y", str(team / "inventories/lab.py"), str(team / "deploys/plan.py")]
    said = package.run(*words, "--data", "format=json", cwd=tmp_path, code=3, module="pyinfra")
    (answer,) = [line for line in said.splitlines() if line.startswith("{")]
    hosts = json.loads(answer)["hosts"]
    assert {name: host["verdict"] for name, host in hosts.items()} == {
        "@fake/one": "unknown",
        "@fake/two": "unknown",
    }


def test_team_s_own_task_runs_beside_a_deploy_of_ours(
    package: Installed, team: Path, tmp_path: Path
) -> None:
    deploy = (
        "from gpuwright import deploy\n\ndeploy.begin(__file__, above=2)\n"
        "from tasks import welcome\n\nwelcome.written(text='x', name='Welcome text')\n"
    )
    (team / "deploys/own.py").write_text(deploy)
    words = ["--dry", str(team / "inventories/lab.py"), str(team / "deploys/own.py")]
    assert "Welcome text" in package.run(*words, cwd=tmp_path, module="pyinfra")


def test_upgrade_shows_what_the_other_release_plans(
    package: Installed, newer: Installed, team: Path
) -> None:
    said = package.run("upgrade", "--python", str(newer.python), "--like", LIKE, cwd=team, code=2)
    assert "installed: 0.1.0, compared with: 0.2.0" in said
    assert "torch.version: 2.9.1 -> 2.9.0" in said
    assert "nothing was changed" in said and "gpuwright==0.2.0 in requirements.in" in said


def test_upgrade_to_the_same_plans_ends_with_0(package: Installed, team: Path) -> None:
    said = package.run("upgrade", "--python", str(package.python), "--like", LIKE, cwd=team)
    assert f"{LIKE}: the same plan" in said


def test_upgrade_of_hosts_that_do_not_answer_claims_nothing(package: Installed, team: Path) -> None:
    words = ["upgrade", "--python", str(package.python), "inventories/lab.py"]
    said = package.run(*words, cwd=team, code=1)
    assert "@fake/one: not compared: before unknown, after unknown" in said
    assert "plans the same" not in said


def test_checkout_lays_nothing_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command.main(["init", str(tmp_path / "x")]) == command.FAILED
    assert "this is a checkout of gpuwright" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_upgrade_without_a_host_says_how_to_name_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["upgrade"]) == command.FAILED
    assert "--like" in capsys.readouterr().err
