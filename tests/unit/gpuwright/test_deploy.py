"""A deploy of ours, run by a file of one line in another repository."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gpuwright import deploy
from tasks.steps import beginning

TEAM = 'from gpuwright import deploy\n\ndeploy.run("said", __file__)\n'
OURS = "import seen\n\nseen.words.append(__file__)\n"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a deploy; the one of ours that it runs notes that it was executed."""
    folder = tmp_path / "a team"
    for path, text in {"deploys/said.py": TEAM, "seen.py": "words: list[str] = []\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/said.py").write_text(OURS)
    monkeypatch.setattr(deploy, "FOLDER", tmp_path / "ours")
    monkeypatch.setattr(deploy, "_begun", [])
    monkeypatch.setattr(sys, "path", list(sys.path))
    # The real one is at work in test_command_line: importing it here would change Python's sockets.
    cli = SimpleNamespace(exec_file=runpy.run_path)
    monkeypatch.setitem(sys.modules, "pyinfra_cli.util", cli)
    monkeypatch.setitem(sys.modules, "pyinfra_cli", SimpleNamespace(util=cli))
    monkeypatch.delitem(sys.modules, "seen", raising=False)
    return folder


def test_deploy_of_ours_is_executed_each_time_and_the_beginning_once(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(beginning, "begin", begun.append)
    for _ in range(2):
        runpy.run_path(str(team / "deploys/said.py"))
    assert sys.path[0] == str(team)
    import seen  # type: ignore[import-not-found]

    assert seen.words == [str(tmp_path / "ours/said.py")] * 2
    assert len(begun) == 1


def test_deploy_that_there_is_not_is_named_with_those_there_are(team: Path) -> None:
    with pytest.raises(ValueError, match='no deploy "gpu_hots" in gpuwright: said'):
        deploy.run("gpu_hots", str(team / "deploys/said.py"))


def test_checkout_has_no_deploys_below_the_package() -> None:
    assert deploy.names() == []
