"""What `gpuwright adopt` runs, and as it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpuwright import adopting
from tests.unit.gpuwright.a_release import Installed


def words(said: str, inventory: str | None = None, folder: str | None = None) -> list[str]:
    """What follows Python's `-m pyinfra -y`, but for the deploy."""
    whole = adopting.command(said.split(), inventory, folder)
    assert whole[1:4] == ["-m", "pyinfra", "-y"]
    return [word for word in whole[4:] if not word.endswith("adopt.py")]


def test_hosts_are_addresses_or_names_of_an_inventory() -> None:
    assert words("gpu01") == ["gpu01"]
    assert words("gpu01 gpu02") == ["gpu01,gpu02"]
    limited = words("gpu01 gpu02", inventory="inventories/lab.py")
    assert limited == ["inventories/lab.py", "--limit", "gpu01", "--limit", "gpu02"]


def test_what_begins_with_a_dash_and_all_behind_it_is_for_pyinfra() -> None:
    assert words("gpu01 --ssh-user ops", folder="a b") == [
        *("gpu01", "--data", "adopt_folder=a b"),
        *("--ssh-user", "ops"),
    ]


@pytest.mark.parametrize("said", ["", "--ssh-user ops"])
def test_no_host_is_refused(said: str) -> None:
    with pytest.raises(adopting.AdoptError, match="no host is named: gpuwright adopt gpu01"):
        words(said)


def test_the_repository_s_own_line_is_taken_before_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert adopting.command(["gpu01"], None, None)[5] == str(adopting.deploy.FOLDER / "adopt.py")
    (tmp_path / "deploys").mkdir()
    (tmp_path / adopting.DEPLOY).write_text("")
    assert adopting.command(["gpu01"], None, None)[5] == adopting.DEPLOY


def test_host_that_answers_nothing_ends_with_the_deploys_status(
    package: Installed, tmp_path: Path
) -> None:
    """From a folder that is no repository, by what is installed."""
    said = package.run("adopt", "@fake/one", cwd=tmp_path, code=3)
    assert "@fake/one: UNKNOWN" in said
