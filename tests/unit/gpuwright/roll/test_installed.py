"""A roll of an installed gpuwright, from a repository that is no checkout."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.gpuwright.a_release import Installed


def test_installed_gpuwright_rolls(package: Installed, tmp_path: Path) -> None:
    hosts = [(f"@fake/gpu{n}", {"fake_delay": 0, "fake_delay_jitter": 0}) for n in (1, 2)]
    (tmp_path / "lab.py").write_text(f"hosts = {hosts!r}\n")
    deploy = (
        "from pyinfra.operations import server\nserver.shell(name='A step', commands=['true'])\n"
    )
    (tmp_path / "own.py").write_text(deploy)
    words = ["roll", "own.py", "lab.py", "--gate", "none", "--busy", "ignore", "--json"]
    said = package.run(*words, "--state", "rolls", cwd=tmp_path)
    (answer,) = [line for line in said.splitlines() if line.startswith("{")]
    assert {host["state"] for host in json.loads(answer)["hosts"].values()} == {"done"}
